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
#include "tegula/engines/plugin.h"

namespace tegula::engines {
namespace {

constexpr std::string_view kName = "LibTorch";

struct ElementType {
  at::ScalarType torch;
  DType dtype;
};
constexpr ElementType kTypes[] = {
    {at::kBool, DType::kBool},  {at::kByte, DType::kU8},    {at::kChar, DType::kI8},    {at::kShort, DType::kI16},
    {at::kUInt16, DType::kU16}, {at::kUInt32, DType::kU32}, {at::kInt, DType::kI32},    {at::kLong, DType::kI64},
    {at::kUInt64, DType::kU64}, {at::kFloat, DType::kF32},  {at::kDouble, DType::kF64},
};

Result<DType> FromTorch(at::ScalarType type) {
  for (const ElementType& row : kTypes)
    if (row.torch == type) return row.dtype;
  return UnsupportedError(fmt::format("tensors of PyTorch's type {}", at::toString(type)));
}

at::ScalarType ToTorch(DType dtype) {
  for (const ElementType& row : kTypes)
    if (row.dtype == dtype) return row.torch;
  return at::kFloat;
}

// The sentence of a PyTorch message: what stands before the C++ stack and after the TorchScript trace.
std::string Reason(std::string_view what) {
  const std::size_t error = what.rfind("RuntimeError: ");
  if (error != std::string_view::npos) what.remove_prefix(error + 14);
  return std::string(what.substr(0, what.find('\n')));
}

template <class F>
auto Torch(Code code, std::string_view doing, F&& call) -> decltype(call()) {
  auto result = Guarded(kName, std::forward<F>(call));
  if (result.ok() || result.error().code != Code::kInternal) return result;
  return Error{code, fmt::format("{} {}: {}", kName, doing,
                                 Reason(std::string_view(result.error().what).substr(kName.size() + 2)))};
}

at::Tensor Wrap(const ConstView& view) {
  const at::Tensor tensor =
      torch::from_blob(const_cast<std::byte*>(view.data()),
                       std::vector<std::int64_t>(view.shape().sizes().begin(), view.shape().sizes().end()),
                       at::TensorOptions().dtype(ToTorch(view.dtype())));
  if (view.shape().rank() == 4) return tensor.contiguous(at::MemoryFormat::ChannelsLast);
  if (view.shape().rank() == 5) return tensor.contiguous(at::MemoryFormat::ChannelsLast3d);
  return tensor;
}

Result<Tensor> Copy(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  if (plain.dim() > kMaxRank) return UnsupportedError(fmt::format("a result of {} axes", plain.dim()));
  TEGULA_ASSIGN_OR_RETURN(const DType dtype, FromTorch(plain.scalar_type()));
  TEGULA_ASSIGN_OR_RETURN(
      Tensor out,
      Tensor::Allocate(dtype, Shape(std::span<const std::int64_t>(plain.sizes().data(), plain.sizes().size()))));
  std::copy_n(static_cast<const std::byte*>(plain.const_data_ptr()), out.bytes(), out.view().data());
  return out;
}

Status Collect(const c10::IValue& value, std::vector<Tensor>& outputs) {
  if (value.isTensor()) {
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Copy(value.toTensor()));
    outputs.push_back(std::move(tensor));
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) TEGULA_TRY(Collect(element, outputs));
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) TEGULA_TRY(Collect(element, outputs));
  } else {
    return UnsupportedError(
        fmt::format("the network returns a {}; tensors, tuples and lists of them are taken", value.tagKind()));
  }
  return Ok();
}

class TorchSession final : public Session {
 public:
  TorchSession(torch::jit::Module module, std::vector<Shape> shapes, std::vector<DType> dtypes, int threads)
      : module_(std::move(module)), shapes_(std::move(shapes)), dtypes_(std::move(dtypes)), threads_(threads) {}

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
      const c10::IValue result = module_.forward(std::move(arguments));
      std::vector<Tensor> outputs;
      TEGULA_TRY(Collect(result, outputs));
      return outputs;
    });
  }

 private:
  torch::jit::Module module_;
  std::vector<Shape> shapes_;
  std::vector<DType> dtypes_;
  int threads_;
};

class TorchNetwork final : public Network {
 public:
  TorchNetwork(torch::jit::Module module, int threads, std::vector<Port> inputs)
      : module_(std::move(module)), threads_(threads), inputs_(std::move(inputs)) {}
  const std::vector<Port>& inputs() const noexcept override { return inputs_; }
  const std::vector<Port>& outputs() const noexcept override { return outputs_; }
  Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> shapes,
                                              std::span<const DType> dtypes) const override {
    if (shapes.size() != inputs_.size())
      return InvalidError(fmt::format("the network takes {} inputs, not {}", inputs_.size(), shapes.size()));
    return std::unique_ptr<Session>(
        std::make_unique<TorchSession>(module_, std::vector<Shape>(shapes.begin(), shapes.end()),
                                       std::vector<DType>(dtypes.begin(), dtypes.end()), threads_));
  }

 private:
  torch::jit::Module module_;
  int threads_;
  std::vector<Port> inputs_;
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
      torch::jit::Module module = torch::jit::load(file.string(), c10::kCPU);
      module.eval();
      module = torch::jit::freeze(module);
      const auto& arguments = module.get_method("forward").function().getSchema().arguments();
      std::vector<Port> inputs;
      for (std::size_t i = 1; i < arguments.size(); ++i)
        inputs.push_back({arguments[i].name(), DType::kF32, {}, false});
      return std::unique_ptr<Network>(
          std::make_unique<TorchNetwork>(std::move(module), options.threads, std::move(inputs)));
    });
  }
};

}  // namespace
}  // namespace tegula::engines

TEGULA_ENGINE_PLUGIN_EXPORT void tegula_engine_plugin(tegula::engines::PluginInfo* info) noexcept {
  static tegula::engines::TorchEngine engine;
  *info = {tegula::engines::kEngineAbi, &engine};
}
