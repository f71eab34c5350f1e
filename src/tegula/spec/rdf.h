// spec/rdf.h — a description's text to a ModelDescription: one reader per format version, one result.
#pragma once

#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/finding.h"
#include "tegula/spec/model_description.h"

namespace tegula::spec {

/// A description that was read as far as it could be, and all that is wrong with it, in the order of reading. With
/// errors among the findings the model holds fallbacks in places and must not be used.
struct ReadModel {
  ModelDescription model;
  std::vector<Finding> findings;
};

/// Reads a model description of format 0.4 or 0.5. Errors are those of the text itself (kCorrupt, kExhausted) and of
/// what is not a model of these versions (kInvalid, kUnsupported); what breaks the format stands in the findings.
Result<ReadModel> ReadModelDescription(std::string_view yaml_text, const Limits& limits = {});

/// The same, with errors among the findings turned into one kInvalid error that lists them.
Result<ModelDescription> ParseModelDescription(std::string_view yaml_text, const Limits& limits = {});

}  // namespace tegula::spec
