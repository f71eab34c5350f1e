// LibTorch: TorchScript networks on the CPU, frozen and in channels-last memory order, which oneDNN prefers.
//
// Only torch::jit::load opens files: it reads TorchScript archives and never runs a pickle's code.

#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <mutex>

#include "tegula/engines/abi.h"
#include "tegula/engines/libtorch/torch_values.h"
#include "tegula/engines/plugin.h"

namespace tegula::engines {
namespace {

using libtorch::ArgumentsOf;
using libtorch::Borrow;
using libtorch::Copy;
using libtorch::Flatten;
using libtorch::IsOptional;
using libtorch::LoadFrozen;
using libtorch::Torch;

// In the memory order that oneDNN prefers.
at::Tensor Wrap(const ConstView& view) {
  const at::Tensor tensor = Borrow(view);
  if (view.shape().rank() == 4) return tensor.contiguous(at::MemoryFormat::ChannelsLast);
  if (view.shape().rank() == 5) return tensor.contiguous(at::MemoryFormat::ChannelsLast3d);
  return tensor;
}

class TorchSession final : public Session {
 public:
  TorchSession(torch::jit::Module module, std::vector<Shape> shapes, std::vector<DType> dtypes, int threads,
               std::size_t inputs_of_network)
      : module_(std::move(module)),
        shapes_(std::move(shapes)),
        dtypes_(std::move(dtypes)),
        threads_(threads),
        inputs_of_network_(inputs_of_network) {}

  Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs) override {
    return Torch(Code::kInternal, "cannot run the network", [&]() -> Result<std::vector<Tensor>> {
      if (inputs.size() != shapes_.size())
        return InvalidError(fmt::format("the session takes {} inputs, not {}", shapes_.size(), inputs.size()));
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].shape() != shapes_[i] || inputs[i].dtype() != dtypes_[i])
          return InvalidError(fmt::format("input {} has shape {} and type {}, not those the session was made for", i,
                                          ToString(inputs[i].shape()), DTypeName(inputs[i].dtype())));
      const c10::InferenceMode inference;
      at::set_num_threads(threads_);
      std::vector<c10::IValue> arguments;
      for (const ConstView& input : inputs) arguments.emplace_back(Wrap(input));
      for (std::size_t i = inputs.size(); i < inputs_of_network_; ++i) arguments.emplace_back();  // None
      std::vector<at::Tensor> results;
      TEGULA_TRY(Flatten(module_.forward(std::move(arguments)), results));
      std::vector<Tensor> outputs;
      for (const at::Tensor& result : results) {
        TEGULA_ASSIGN_OR_RETURN(Tensor output, Copy(result));
        outputs.push_back(std::move(output));
      }
      return outputs;
    });
  }

 private:
  torch::jit::Module module_;
  std::vector<Shape> shapes_;
  std::vector<DType> dtypes_;
  int threads_;
  std::size_t inputs_of_network_;
};

class TorchNetwork final : public Network {
 public:
  // Of `inputs` those from `required` on may be missing.
  TorchNetwork(torch::jit::Module module, int threads, std::vector<Port> inputs, std::size_t required)
      : module_(std::move(module)), threads_(threads), inputs_(std::move(inputs)), required_(required) {}
  const std::vector<Port>& inputs() const noexcept override { return inputs_; }
  const std::vector<Port>& outputs() const noexcept override { return outputs_; }
  Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> shapes,
                                              std::span<const DType> dtypes) const override {
    if (shapes.size() > inputs_.size() || shapes.size() < required_)
      return InvalidError(fmt::format("the network takes {} inputs, not {}", inputs_.size(), shapes.size()));
    return std::unique_ptr<Session>(
        std::make_unique<TorchSession>(module_, std::vector<Shape>(shapes.begin(), shapes.end()),
                                       std::vector<DType>(dtypes.begin(), dtypes.end()), threads_, inputs_.size()));
  }

 private:
  torch::jit::Module module_;
  int threads_;
  std::vector<Port> inputs_;
  std::size_t required_;
  std::vector<Port> outputs_;  // TorchScript does not say
};

class TorchEngine final : public Engine {
 public:
  std::string_view name() const noexcept override { return "libtorch"; }
  std::string version() const override { return TORCH_VERSION; }
  Status CanRun(const spec::WeightsEntry& weights) const override {
    if (weights.format == spec::WeightsFormat::kTorchscript) return Ok();
    return UnsupportedError(fmt::format("LibTorch runs torchscript, not {}", spec::WeightsFormatName(weights.format)));
  }
  Result<std::unique_ptr<Network>> Load(const spec::WeightsEntry&, const Path& file,
                                        const NetworkOptions& options) const override {
    if (options.precision != Precision::kF32)
      return UnsupportedError(fmt::format("LibTorch runs in float32 here, not {}", PrecisionName(options.precision)));
    return Torch(Code::kCorrupt, "cannot read the network", [&]() -> Result<std::unique_ptr<Network>> {
      torch::jit::Module module = LoadFrozen(file.string());
      std::vector<Port> inputs;
      std::size_t required = 0;
      for (const c10::Argument& argument : ArgumentsOf(module)) {
        inputs.push_back({argument.name(), DType::kF32, {}, false});
        if (!IsOptional(argument)) required = inputs.size();
      }
      return std::unique_ptr<Network>(
          std::make_unique<TorchNetwork>(std::move(module), options.threads, std::move(inputs), required));
    });
  }
};

}  // namespace
}  // namespace tegula::engines

TEGULA_ENGINE_PLUGIN_EXPORT void tegula_engine_plugin(tegula::engines::PluginInfo* info) noexcept {
  static tegula::engines::TorchEngine engine;
  *info = {tegula::engines::kEngineAbi, &engine};
}
