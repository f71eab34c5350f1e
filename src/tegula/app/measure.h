// app/measure.h — what a model's network really sees beside what its description declares, measured once and
// remembered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/pipeline/receptive_field.h"

namespace tegula::app {

/// The measured field of a network of the package. The cache is asked first: what a network sees depends on its weights
/// and sizes and not on the engine, so the key is weights, description and pipeline::kMeasurementVersion. A file of the
/// cache that is damaged or says impossible things is ignored. The example are the test tensors, or noise. Errors of
/// ReadTestTensors, ops and network; kCancelled.
Result<pipeline::ReceptiveField> MeasuredField(const spec::Package& package, const ProvenNetwork& network,
                                               const EngineRequest& request, const RunContext& context);

/// As much for a package on disk, with the network that `predict` would take.
struct Measurement {
  pipeline::ReceptiveField field;
  std::string title;  ///< of the network that was measured: "onnx with openvino"
};
Result<Measurement> MeasureModel(const Path& model, const EngineRequest& request, engines::Registry& registry,
                                 const RunContext& context);

/// One sentence per axis (axes of which the same can be said share one), as advice to who runs or describes the model.
std::vector<std::string> AdviceOn(const pipeline::ReceptiveField& field);

/// As JSON, and back. Reading gives nothing for what FieldToJson did not write.
std::string FieldToJson(const pipeline::ReceptiveField& field);
std::optional<pipeline::ReceptiveField> FieldFromJson(const std::string& text);

}  // namespace tegula::app
