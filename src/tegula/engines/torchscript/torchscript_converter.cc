// TorchScript for OpenVINO: a run of the frozen network is traced, and the trace handed to OpenVINO's PyTorch frontend.
//
// The trace is a straight line: control flow is decided by the example, weights are constants. Only torch::jit::load
// opens files: it reads TorchScript archives and never runs a pickle's code.

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/version.h>

#include <openvino/frontend/pytorch/frontend.hpp>
#include <openvino/openvino.hpp>

#include "tegula/engines/abi.h"
#include "tegula/engines/libtorch/torch_values.h"
#include "tegula/engines/openvino/ov_values.h"
#include "tegula/engines/plugin.h"
#include "tegula/engines/torchscript/graph_decoder.h"

namespace tegula::engines {
namespace {

using torch::jit::Graph;
using torch::jit::Stack;

Result<torch::jit::Module> Load(const Path& file) {
  return libtorch::Torch(Code::kCorrupt, "cannot read the network",
                         [&]() -> Result<torch::jit::Module> { return libtorch::LoadFrozen(file.string()); });
}

// The graph has one input for each of `inputs` and one output for each tensor of the result.
Result<std::shared_ptr<Graph>> Trace(torch::jit::Module module, std::span<const ConstView> inputs) {
  return libtorch::Torch(Code::kInvalid, "cannot run the network", [&]() -> Result<std::shared_ptr<Graph>> {
    const torch::NoGradGuard no_gradients;
    Stack example;
    for (const ConstView& input : inputs) example.emplace_back(libtorch::Borrow(input).clone());
    const std::size_t arguments = libtorch::ArgumentsOf(module).size();
    Status flattened = Ok();
    const auto run = [&](Stack given) -> Stack {
      given.resize(std::max(given.size(), arguments));  // None for inputs that are left out
      std::vector<at::Tensor> tensors;
      flattened = libtorch::Flatten(module.forward(std::move(given)), tensors);
      return Stack(tensors.begin(), tensors.end());
    };
    const auto traced = torch::jit::tracer::trace(
        example, run, [](const torch::autograd::Variable&) { return std::string(); }, /*strict=*/true,
        /*force_outplace=*/true);
    TEGULA_TRY(std::move(flattened));
    torch::jit::EliminateDeadCode(traced.first->graph);
    return traced.first->graph;
  });
}

class TorchscriptConverter final : public Converter {
 public:
  std::string_view name() const noexcept override { return "torchscript"; }
  std::string version() const override {
    const std::string_view build = ov::get_openvino_version().buildNumber;
    return fmt::format("LibTorch {}, OpenVINO {}", TORCH_VERSION, build.substr(0, build.find('-')));
  }

  Status Convert(const Path& weights, std::span<const ConstView> inputs, const Path& xml) const override {
    TEGULA_ASSIGN_OR_RETURN(torch::jit::Module module, Load(weights));
    TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Graph> graph, Trace(std::move(module), inputs));
    return openvino::Ov(Code::kUnsupported, "cannot convert the network", [&]() -> Status {
      // The frontend recognises a decoder only under this type.
      const std::shared_ptr<ov::frontend::IDecoder> decoder = torchscript::NewGraphDecoder(graph);
      ov::frontend::pytorch::FrontEnd frontend;
      const std::shared_ptr<ov::Model> model = frontend.convert(frontend.load({decoder}));
      ov::save_model(model, xml.string(), /*compress_to_fp16=*/false);
      return Ok();
    });
  }
};

}  // namespace
}  // namespace tegula::engines

TEGULA_ENGINE_PLUGIN_EXPORT void tegula_engine_plugin(tegula::engines::PluginInfo* info) noexcept {
  static tegula::engines::TorchscriptConverter converter;
  *info = {tegula::engines::kEngineAbi, nullptr, &converter};
}
