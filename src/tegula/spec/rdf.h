// spec/rdf.h — a description's text to a ModelDescription: one reader per format version, one result.
#pragma once

#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/finding.h"
#include "tegula/spec/model_description.h"
#include "tegula/spec/reader.h"

namespace tegula::spec {

/// A description that was read as far as it could be, and all that is wrong with it.
struct ReadModel {
  ModelDescription model;
  std::vector<Finding> findings;
};

/// Reads a model description of format 0.4 or 0.5. Errors are those of the text itself (kCorrupt, kExhausted) and of what is not
/// a model of these versions (kUnsupported, kInvalid); what breaks the format stands in the findings.
Result<ReadModel> ReadModelDescription(std::string_view yaml_text, const Limits& limits = {});

/// The same, with findings turned into one kInvalid error.
Result<ModelDescription> ParseModelDescription(std::string_view yaml_text, const Limits& limits = {});

// What the two versions' readers share; used by rdf_*.cc only.
namespace internal {

void ReadModel04(const Reader& root, ModelDescription& model, const Limits& limits);
void ReadModel05(const Reader& root, ModelDescription& model, const Limits& limits);
/// Fields that did not change: name, authors, cite, tags, weights, tolerances.
void ReadCommon(const Reader& root, ModelDescription& model);
/// Checks between tensors that both versions demand.
void CheckTensors(const Reader& root, const ModelDescription& model);
/// One op of either version; `id_key` is "name" (0.4) or "id" (0.5). Nothing (and a finding) if it is not an op of the format.
std::optional<OpDescription> ReadOp(const Reader& op, bool is_04, bool is_post);
DType ReadDType(const Reader& reader, DType fallback);
/// "c" and "channel" are "channel", "b" is "batch", ...
std::string AxisIdFromLetter(char letter);

}  // namespace internal
}  // namespace tegula::spec
