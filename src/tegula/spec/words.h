// spec/words.h — what a description says, in words that people read: sizes, operations, citations.
#pragma once

#include <string>

#include "tegula/spec/model_description.h"

namespace tegula::spec {

/// "64, 80, 96, ...", "256", "as raw.y", "raw.y * 1/2 - 4", "decided by the data", "any".
std::string SizeInWords(const AxisSize& size);

/// An axis without its name: its channels (at most so many of their names) or sizes, pixel size and halo.
std::string InWords(const Axis& axis, std::size_t most_names);

/// What an operation does to values, as half a sentence: "scaled so that the percentiles 1 and 99.8 over y, x become 0
/// and 1".
std::string InWords(const OpDescription& op);

/// What the values of a tensor are: "whole numbers from 0 to 65535 (uint16)", "numbers from 0 to 1 (float32)".
std::string InWords(const DataDescription& data);

/// The citations as BibTeX entries, with a key made of the model's name and a number. DOIs and addresses are kept, the
/// free text goes into `note`, as it says author, title and year in no fixed order.
std::string AsBibtex(const Resource& resource);

}  // namespace tegula::spec
