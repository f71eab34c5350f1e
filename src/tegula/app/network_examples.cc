#include "tegula/app/network_examples.h"

#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

// A valid size that is not that of the test tensors, about two thirds of it or a little more; nothing if there is none.
std::optional<spec::SizeChoice> AnotherSize(const spec::ModelDescription& model, const std::vector<Tensor>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<spec::Axis>& axes = model.inputs[i].axes;
    for (std::size_t a = 0; a < axes.size() && static_cast<int>(a) < inputs[i].shape().rank(); ++a) {
      const auto* const size = std::get_if<spec::ParameterizedSize>(&axes[a].size);
      if (size == nullptr) continue;
      const std::int64_t n = spec::StepsFor(*size, inputs[i].shape()[static_cast<int>(a)]);
      return spec::SizeChoice{.n = n >= 3 ? 2 * n / 3 : n + 2};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::vector<Tensor>>> NetworkExamples(const spec::ModelDescription& model, const TestTensors& tests,
                                                         const Limits& limits) {
  std::vector<std::vector<Tensor>> examples;
  TEGULA_ASSIGN_OR_RETURN(pipeline::PreparedInputs own, pipeline::PrepareInputs(model, tests.inputs, limits));
  examples.push_back(std::move(own.tensors));
  if (const std::optional<spec::SizeChoice> choice = AnotherSize(model, tests.inputs)) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> resized, ResizedInputs(model, tests.inputs, *choice, limits));
    TEGULA_ASSIGN_OR_RETURN(pipeline::PreparedInputs other, pipeline::PrepareInputs(model, resized, limits));
    examples.push_back(std::move(other.tensors));
  }
  return examples;
}

}  // namespace tegula::app
