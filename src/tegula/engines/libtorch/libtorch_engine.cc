// LibTorch: TorchScript networks on the CPU, frozen and in channels-last memory order, which oneDNN prefers.
//
// Only torch::jit::load opens files: it reads TorchScript archives and never runs a pickle's code.

#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <torch/cuda.h>
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
  TorchSession(torch::jit::Module module, std::vector<Shape> shapes, std::vector<DType> dtypes,
               const NetworkOptions& options, std::size_t inputs_of_network)
      : module_(std::move(module)),
        shapes_(std::move(shapes)),
        dtypes_(std::move(dtypes)),
        threads_(options.threads),
        device_(options.device),
        inputs_of_network_(inputs_of_network) {}

  using Session::Run;
  // A running network cannot be interrupted.
  Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs, std::stop_token stop) override {
    if (stop.stop_requested()) return CancelledError();
    Result<std::vector<Tensor>> outputs = RunNetwork(inputs);
    return stop.stop_requested() ? CancelledError() : std::move(outputs);
  }

 private:
  Result<std::vector<Tensor>> RunNetwork(std::span<const ConstView> inputs) {
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
      for (const ConstView& input : inputs) arguments.emplace_back(Wrap(input).to(device_));
      for (std::size_t i = inputs.size(); i < inputs_of_network_; ++i) arguments.emplace_back();  // None
      std::vector<at::Tensor> results;
      TEGULA_TRY(Flatten(module_.forward(std::move(arguments)), results));
      std::vector<Tensor> outputs;
      for (const at::Tensor& result : results) {
        TEGULA_ASSIGN_OR_RETURN(Tensor output, Copy(result.cpu()));
        outputs.push_back(std::move(output));
      }
      return outputs;
    });
  }

  torch::jit::Module module_;
  std::vector<Shape> shapes_;
  std::vector<DType> dtypes_;
  int threads_;
  c10::Device device_;
  std::size_t inputs_of_network_;
};

class TorchNetwork final : public Network {
 public:
  // Of `inputs` those from `required` on may be missing.
  TorchNetwork(torch::jit::Module module, NetworkOptions options, std::vector<Port> inputs, std::size_t required)
      : module_(std::move(module)), options_(std::move(options)), inputs_(std::move(inputs)), required_(required) {}
  const std::vector<Port>& inputs() const noexcept override { return inputs_; }
  const std::vector<Port>& outputs() const noexcept override { return outputs_; }
  Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> shapes,
                                              std::span<const DType> dtypes) const override {
    if (shapes.size() > inputs_.size() || shapes.size() < required_)
      return InvalidError(fmt::format("the network takes {} inputs, not {}", inputs_.size(), shapes.size()));
    return std::unique_ptr<Session>(
        std::make_unique<TorchSession>(module_, std::vector<Shape>(shapes.begin(), shapes.end()),
                                       std::vector<DType>(dtypes.begin(), dtypes.end()), options_, inputs_.size()));
  }

 private:
  torch::jit::Module module_;
  NetworkOptions options_;
  std::vector<Port> inputs_;
  std::size_t required_;
  std::vector<Port> outputs_;  // TorchScript does not say
};

// kNotFound if this LibTorch or machine has no such device: PyTorch would say so only when it computes.
Status CheckDevice(const std::string& name) {
  const auto parse = [&]() -> Result<c10::Device> { return c10::Device(name); };
  const Result<c10::Device> device = Guarded("LibTorch", parse);
  if (device.ok() && device->is_cpu()) return Ok();
  if (device.ok() && device->is_cuda() && torch::cuda::is_available() &&
      (!device->has_index() || device->index() < torch::cuda::device_count()))
    return Ok();
  return NotFoundError(
      fmt::format("LibTorch has no device {} here{}", name, torch::cuda::is_available() ? "" : "; it has cpu"));
}

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
      TEGULA_TRY(CheckDevice(options.device));
      torch::jit::Module module = LoadFrozen(file.string());
      module.to(c10::Device(options.device));
      std::vector<Port> inputs;
      std::size_t required = 0;
      for (const c10::Argument& argument : ArgumentsOf(module)) {
        inputs.push_back({argument.name(), DType::kF32, {}, false});
        if (!IsOptional(argument)) required = inputs.size();
      }
      return std::unique_ptr<Network>(
          std::make_unique<TorchNetwork>(std::move(module), options, std::move(inputs), required));
    });
  }
};

}  // namespace
}  // namespace tegula::engines

TEGULA_ENGINE_PLUGIN_EXPORT void tegula_engine_plugin(tegula::engines::PluginInfo* info) noexcept {
  static tegula::engines::TorchEngine engine;
  *info = {tegula::engines::kEngineAbi, &engine};
}
