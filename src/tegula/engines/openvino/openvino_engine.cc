// OpenVINO: ONNX networks, TensorFlow's SavedModels and its own IR on the CPU.
//
// Three of OpenVINO's defaults are set here on purpose: precision (its own default is bf16 on processors that have it),
// CPU pinning (off: bound threads of one library have put another on a single core) and the number of threads.

#include <fmt/format.h>

#include <algorithm>
#include <openvino/frontend/manager.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/openvino.hpp>
#include <optional>
#include <sstream>

#include "tegula/engines/abi.h"
#include "tegula/engines/onnx/single_loops.h"
#include "tegula/engines/openvino/convolve_parts.h"
#include "tegula/engines/openvino/convolve_winograd.h"
#include "tegula/engines/openvino/ov_values.h"
#include "tegula/engines/openvino/resize_last.h"
#include "tegula/engines/plugin.h"

namespace tegula::engines {
namespace {

using openvino::FromOv;
using openvino::Ov;
using openvino::ToOv;

Result<std::vector<Port>> PortsOf(const std::vector<ov::Output<const ov::Node>>& nodes) {
  std::vector<Port> ports;
  for (const auto& node : nodes) {
    Port port;
    port.name = node.get_names().empty() ? node.get_node()->get_friendly_name() : *node.get_names().begin();
    TEGULA_ASSIGN_OR_RETURN(port.dtype, FromOv(node.get_element_type()));
    const ov::PartialShape& shape = node.get_partial_shape();
    port.has_shape = shape.rank().is_static() && shape.rank().get_length() <= kMaxRank;
    std::vector<std::int64_t> sizes;
    if (port.has_shape)
      for (const ov::Dimension& size : shape) sizes.push_back(size.is_static() ? size.get_length() : -1);
    port.shape = Shape(std::span<const std::int64_t>(sizes));
    ports.push_back(std::move(port));
  }
  return ports;
}

class OvSession final : public Session {
 public:
  // Not every output can be written to memory of ours: see `BelongsToOpenVino`.
  OvSession(ov::CompiledModel compiled, std::vector<bool> belongs_to_openvino)
      : compiled_(std::move(compiled)),
        request_(compiled_.create_infer_request()),
        belongs_to_openvino_(std::move(belongs_to_openvino)) {}

  using Session::Run;
  Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs, std::stop_token stop) override {
    Result<std::vector<Tensor>> outputs = RunUnlessStopped(inputs, stop);
    return outputs.ok() || !stop.stop_requested() ? std::move(outputs) : CancelledError();
  }

 private:
  Result<std::vector<Tensor>> RunUnlessStopped(std::span<const ConstView> inputs, const std::stop_token& stop) {
    return Ov(Code::kInternal, "cannot run the network", [&]() -> Result<std::vector<Tensor>> {
      if (inputs.size() != compiled_.inputs().size())
        return InvalidError(
            fmt::format("the network takes {} inputs, not {}", compiled_.inputs().size(), inputs.size()));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const ov::Shape shape = ToOv(inputs[i].shape());
        if (shape != compiled_.input(i).get_shape() || ToOv(inputs[i].dtype()) != compiled_.input(i).get_element_type())
          return InvalidError(fmt::format("input {} has shape {} and type {}, not those the session was made for", i,
                                          ToString(inputs[i].shape()), DTypeName(inputs[i].dtype())));
        // OpenVINO only reads its inputs; its tensor type has no const form.
        request_.set_input_tensor(i,
                                  ov::Tensor(ToOv(inputs[i].dtype()), shape, const_cast<std::byte*>(inputs[i].data())));
      }
      std::vector<Tensor> outputs;
      for (std::size_t i = 0; i < compiled_.outputs().size(); ++i) {
        const auto& port = compiled_.output(i);
        if (belongs_to_openvino_[i]) {
          outputs.emplace_back();
          continue;
        }
        TEGULA_ASSIGN_OR_RETURN(const DType dtype, FromOv(port.get_element_type()));
        TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(dtype, FromOv(port.get_shape())));
        request_.set_output_tensor(i, ov::Tensor(port.get_element_type(), port.get_shape(), tensor.view().data()));
        outputs.push_back(std::move(tensor));
      }
      // A request that has not begun cannot be cancelled: the call would be lost.
      if (stop.stop_requested()) return CancelledError();
      request_.start_async();
      {
        const std::stop_callback cancel(stop, [this]() { request_.cancel(); });
        request_.wait();
      }
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (!belongs_to_openvino_[i]) continue;
        const ov::Tensor result = request_.get_output_tensor(i);
        TEGULA_ASSIGN_OR_RETURN(const DType dtype, FromOv(result.get_element_type()));
        TEGULA_ASSIGN_OR_RETURN(outputs[i], Tensor::Allocate(dtype, FromOv(result.get_shape())));
        std::copy_n(static_cast<const std::byte*>(result.data()), result.get_byte_size(), outputs[i].view().data());
      }
      return outputs;
    });
  }

  ov::CompiledModel compiled_;
  ov::InferRequest request_;
  std::vector<bool> belongs_to_openvino_;
};

// Which outputs OpenVINO holds itself: those of a size that only a run tells, and those that are an input as it came,
// which it does not write to memory that it is given.
std::vector<bool> BelongsToOpenVino(const ov::Model& model) {
  std::vector<bool> belongs;
  for (const ov::Output<const ov::Node>& output : model.outputs()) {
    const ov::Node* source = output.get_node()->get_input_node_ptr(0);
    while (source->get_input_size() == 1 && ov::is_type<ov::op::v0::Convert>(source))
      source = source->get_input_node_ptr(0);
    belongs.push_back(output.get_partial_shape().is_dynamic() || ov::is_type<ov::op::v0::Parameter>(source));
  }
  return belongs;
}

ov::element::Type ToOv(Precision precision) {
  switch (precision) {
    case Precision::kF32: return ov::element::f32;
    case Precision::kBf16: return ov::element::bf16;
    case Precision::kF16: return ov::element::f16;
  }
  return ov::element::f32;
}

// "gpu.1" is GPU.1 to OpenVINO. kNotFound if this machine has none.
Result<std::string> DeviceOf(const ov::Core& core, const std::string& name) {
  std::string wanted;
  for (const char c : name) wanted += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::vector<std::string> devices = core.get_available_devices();
  for (const std::string& device : devices)
    if (device == wanted || device.starts_with(wanted + ".")) return wanted;
  return NotFoundError(fmt::format("OpenVINO has no device {} here; it has {}", name, fmt::join(devices, ", ")));
}

class OvNetwork final : public Network {
 public:
  OvNetwork(std::shared_ptr<ov::Core> core, std::shared_ptr<ov::Model> model, NetworkOptions options,
            std::string device, std::vector<Port> inputs, std::vector<Port> outputs)
      : core_(std::move(core)),
        model_(std::move(model)),
        options_(std::move(options)),
        device_(std::move(device)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)) {}
  const std::vector<Port>& inputs() const noexcept override { return inputs_; }
  const std::vector<Port>& outputs() const noexcept override { return outputs_; }

  Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> shapes,
                                              std::span<const DType> dtypes) const override {
    if (shapes.size() != inputs_.size())
      return InvalidError(fmt::format("the network takes {} inputs, not {}", inputs_.size(), shapes.size()));
    std::string wanted;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      if (dtypes[i] != inputs_[i].dtype)
        return InvalidError(fmt::format("the network takes {} for its input {}, but preprocessing gives {}",
                                        DTypeName(inputs_[i].dtype), inputs_[i].name, DTypeName(dtypes[i])));
      wanted += fmt::format("{}{} = {}", i == 0 ? "" : ", ", inputs_[i].name, ToString(shapes[i]));
    }
    return Ov(
        Code::kInvalid, fmt::format("does not take the shape {}", wanted), [&]() -> Result<std::unique_ptr<Session>> {
          const std::shared_ptr<ov::Model> model = model_->clone();
          std::map<std::size_t, ov::PartialShape> partial;
          for (std::size_t i = 0; i < shapes.size(); ++i) partial[i] = ov::PartialShape(ToOv(shapes[i]));
          model->reshape(partial);
          if (options_.precision == Precision::kF32) {
            openvino::ConvolveByWinograd(model);
            // In fewer bits the parts would be rounded before they are added.
            openvino::ConvolveParts(model);
          }
          openvino::ResizeLast(model);
          std::vector<bool> belongs = BelongsToOpenVino(*model);
          ov::CompiledModel compiled = core_->compile_model(
              model, device_, ov::hint::inference_precision(ToOv(options_.precision)),
              ov::inference_num_threads(options_.threads), ov::num_streams(1),
              ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::hint::enable_cpu_pinning(false));
          // Where it cannot compute so, OpenVINO takes another precision and says nothing.
          if (compiled.get_property(ov::hint::inference_precision) != ToOv(options_.precision))
            return UnsupportedError(
                fmt::format("the {} does not compute in {} here", device_, PrecisionName(options_.precision)));
          return std::unique_ptr<Session>(std::make_unique<OvSession>(std::move(compiled), std::move(belongs)));
        });
  }

 private:
  std::shared_ptr<ov::Core> core_;
  std::shared_ptr<ov::Model> model_;
  NetworkOptions options_;
  std::string device_;  // as OpenVINO calls it
  std::vector<Port> inputs_, outputs_;
};

constexpr const char* kOnnx = "onnx";

// The name of OpenVINO's reader of a file with weights of a format, or null. Other weights come converted, as IR.
const char* ReaderOf(spec::WeightsFormat format, const Path& file) {
  if (file.extension() == ".xml") return "ir";
  switch (format) {
    case spec::WeightsFormat::kOnnx: return kOnnx;
    case spec::WeightsFormat::kTensorflowSavedModelBundle: return "tf";
    default: return nullptr;
  }
}

using Reader = std::shared_ptr<ov::frontend::FrontEnd>;

// What OpenVINO does not convert as it is may do without its loops.
Result<std::shared_ptr<ov::Model>> WithoutLoops(const Reader& reader, const Path& file, Error failure) {
  constexpr std::int64_t kLargest = INT32_MAX;  // of Protocol Buffers
  TEGULA_ASSIGN_OR_RETURN(const std::string network, ReadFile(file, kLargest));
  std::optional<std::string> rewritten = onnx::WithoutSingleLoops(network);
  if (!rewritten) return failure;
  return Ov(Code::kCorrupt, "cannot read the network", [&]() -> Result<std::shared_ptr<ov::Model>> {
    std::istringstream stream(std::move(*rewritten));
    return reader->convert(reader->load(static_cast<std::istream*>(&stream), file.string()));
  });
}

Result<std::shared_ptr<ov::Model>> ReadModel(const char* framework, const Path& file) {
  // Core::read_model would try every reader it has, and those of other formats print to stderr.
  Reader reader;
  Result<std::shared_ptr<ov::Model>> model =
      Ov(Code::kCorrupt, "cannot read the network", [&]() -> Result<std::shared_ptr<ov::Model>> {
        reader = ov::frontend::FrontEndManager().load_by_framework(framework);
        return reader->convert(reader->load(file.string()));
      });
  const bool may_have_loops = std::string_view(framework) == kOnnx && !model.ok() && reader != nullptr;
  if (!may_have_loops || model.error().code != Code::kUnsupported) return model;
  return WithoutLoops(reader, file, std::move(model).error());
}

class OvEngine final : public Engine {
 public:
  std::string_view name() const noexcept override { return "openvino"; }
  std::string version() const override {
    const ov::Version version = ov::get_openvino_version();
    const std::string_view build = version.buildNumber;
    return std::string(build.substr(0, build.find('-')));
  }
  Status CanRun(const spec::WeightsEntry& weights) const override {
    if (ReaderOf(weights.format, weights.file.source) != nullptr) return Ok();
    return UnsupportedError(fmt::format("OpenVINO does not read {}", spec::WeightsFormatName(weights.format)));
  }
  Result<std::unique_ptr<Network>> Load(const spec::WeightsEntry& weights, const Path& file,
                                        const NetworkOptions& options) const override {
    const char* const framework = ReaderOf(weights.format, file);
    if (framework == nullptr) TEGULA_TRY(CanRun(weights));
    const auto load = [&]() -> Result<std::unique_ptr<Network>> {
      const auto core = std::make_shared<ov::Core>();
      TEGULA_ASSIGN_OR_RETURN(std::string device, DeviceOf(*core, options.device));
      TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<ov::Model> model, ReadModel(framework, file));
      const std::shared_ptr<const ov::Model> constant = model;
      TEGULA_ASSIGN_OR_RETURN(std::vector<Port> inputs, PortsOf(constant->inputs()));
      TEGULA_ASSIGN_OR_RETURN(std::vector<Port> outputs, PortsOf(constant->outputs()));
      if (outputs.empty()) return CorruptError("the network has no outputs");
      return std::unique_ptr<Network>(
          std::make_unique<OvNetwork>(core, model, options, std::move(device), std::move(inputs), std::move(outputs)));
    };
    return Ov(Code::kCorrupt, "cannot read the network", load);
  }
};

}  // namespace
}  // namespace tegula::engines

TEGULA_ENGINE_PLUGIN_EXPORT void tegula_engine_plugin(tegula::engines::PluginInfo* info) noexcept {
  static tegula::engines::OvEngine engine;
  *info = {tegula::engines::kEngineAbi, &engine};
}
