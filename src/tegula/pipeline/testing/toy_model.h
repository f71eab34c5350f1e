// pipeline/testing/toy_model.h — the description of a toy network, for tests that apply one to images.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/engines/toy.h"
#include "tegula/spec/model_description.h"

namespace tegula::pipeline {

/// One channel in, one out, of any size that the network takes; uint8 in, `after` behind it, no halo declared.
inline spec::ModelDescription ToyModel(std::string_view network, std::vector<spec::OpDescription> after) {
  const engines::ToyFacts facts = engines::FactsOf(network).value();
  const std::int64_t least = CeilDiv(std::max<std::int64_t>(16, 1 - 2 * facts.offset), facts.grid) * facts.grid;
  spec::ModelDescription model;
  model.format_version = "0.5.4";
  for (const char* id : {"in", "out"}) {
    spec::TensorDescription tensor;
    tensor.id = id;
    tensor.axes = {{.id = "batch", .type = spec::AxisType::kBatch, .size = spec::FixedSize{1}},
                   {.id = "channel", .type = spec::AxisType::kChannel, .size = spec::FixedSize{1}}};
    for (const char* axis : {"y", "x"}) {
      tensor.axes.push_back({.id = axis, .size = spec::ParameterizedSize{least, facts.grid}});
      if (tensor.id == "out") tensor.axes.back().size = spec::SizeReference{"in", axis, facts.scale, facts.offset};
    }
    (tensor.id == "in" ? model.inputs : model.outputs).push_back(std::move(tensor));
  }
  model.inputs[0].data.dtype = DType::kU8;
  model.inputs[0].ops = {spec::EnsureDtype{DType::kF32}};
  model.outputs[0].ops = std::move(after);
  return model;
}

}  // namespace tegula::pipeline
