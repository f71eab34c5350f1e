// Format 0.5: axes are objects, tensors carry their test tensors, operations have ids.

#include <fmt/format.h>

#include <cmath>

#include "tegula/spec/rdf.h"

namespace tegula::spec::internal {
namespace {

std::optional<AxisType> TypeFromName(std::string_view name) {
  if (name == "batch") return AxisType::kBatch;
  if (name == "channel") return AxisType::kChannel;
  if (name == "index") return AxisType::kIndex;
  if (name == "time") return AxisType::kTime;
  if (name == "space") return AxisType::kSpace;
  return std::nullopt;
}

std::string DefaultId(AxisType type) {
  switch (type) {
    case AxisType::kBatch: return "batch";
    case AxisType::kChannel: return "channel";
    case AxisType::kIndex: return "index";
    case AxisType::kTime: return "time";
    case AxisType::kSpace: return "x";
  }
  return "x";
}

AxisSize ReadSize(const Reader& size, const Limits& limits) {
  if (!size.present()) return AnySize{};
  if (size.is_scalar()) return FixedSize{size.Int(1, 1, limits.axis_size)};
  if (size["tensor_id"].present()) {
    size.AllowKeys({"tensor_id", "axis_id", "offset"});
    size["axis_id"].Require();
    const std::string axis = size["axis_id"].String();
    return SizeReference{size["tensor_id"].String(), axis.size() == 1 ? AxisIdFromLetter(axis[0]) : axis, {}, size["offset"].Int(0, -limits.axis_size, limits.axis_size)};
  }
  if (size["step"].present()) {
    size.AllowKeys({"min", "step"});
    size["min"].Require();
    return ParameterizedSize{size["min"].Int(1, 1, limits.axis_size), size["step"].Int(1, 1, limits.axis_size)};
  }
  size.AllowKeys({"min", "max"});
  DataDependentSize read{size["min"].Int(1, 0, limits.axis_size), std::nullopt};
  if (size["max"].present()) read.max = size["max"].Int(1, 1, limits.axis_size);
  return read;
}

Axis ReadAxis(const Reader& axis, const Limits& limits) {
  Axis read;
  axis.AllowKeys({"type", "id", "size", "scale", "unit", "halo", "channel_names", "description", "concatenable"});
  const std::optional<AxisType> type = TypeFromName(axis["type"].String());
  if (!type) axis["type"].Note("must be batch, channel, index, time or space");
  read.type = type.value_or(AxisType::kSpace);
  read.id = axis["id"].String(DefaultId(read.type));
  if (read.id.size() == 1) read.id = AxisIdFromLetter(read.id[0]);
  read.description = axis["description"].String();
  read.unit = axis["unit"].String();
  read.scale = axis["scale"].Double(1.0);
  if (!(read.scale > 0) || !std::isfinite(read.scale)) axis["scale"].Note("must be a positive number");
  read.halo = axis["halo"].Int(0, 0, limits.axis_size);
  if (read.type == AxisType::kChannel) {
    axis["channel_names"].Require();
    read.channel_names = axis["channel_names"].Strings();
    read.size = FixedSize{std::max<std::int64_t>(1, static_cast<std::int64_t>(read.channel_names.size()))};
  } else {
    if (read.type != AxisType::kBatch) axis["size"].Require();
    read.size = ReadSize(axis["size"], limits);
  }
  return read;
}

void ReadData(const Reader& data, DataDescription& read) {
  const Reader first = data.is_sequence() && !data.Items().empty() ? data.Items().front() : data;
  if (!first.present()) return;
  if (first["values"].present()) {
    read.dtype = ReadDType(first["type"], DType::kU8);
    for (const Reader& value : first["values"].Items()) read.values.push_back(value.node()->text);
    return;
  }
  read.dtype = ReadDType(first["type"], DType::kF32);
  read.unit = first["unit"].String();
  const std::vector<Reader> range = first["range"].is_sequence() ? first["range"].Items() : std::vector<Reader>();
  const auto bound = [&](std::size_t i) {
    const std::optional<double> value = i < range.size() ? range[i].OptionalDouble() : std::nullopt;
    return value && std::isfinite(*value) ? value : std::nullopt;
  };
  read.min = bound(0);
  read.max = bound(1);
}

std::optional<FileReference> ReadFile(const Reader& file) {
  if (!file.present()) return std::nullopt;
  if (file.is_scalar()) return FileReference{file.String(), {}};
  file["source"].Require();
  return FileReference{file["source"].String(), file["sha256"].String()};
}

// The format inserts casts: to the described type first, and last unless the last op decides the type itself.
void InsertEnsureDtype(TensorDescription& tensor, bool is_output) {
  const auto is = [](const OpDescription& op, std::string_view id) { return OpId(op) == id; };
  std::vector<OpDescription>& ops = tensor.ops;
  if (!is_output && (ops.empty() || !is(ops.front(), "ensure_dtype"))) ops.insert(ops.begin(), EnsureDtype{tensor.data.dtype});
  if (ops.empty() || (!is(ops.back(), "ensure_dtype") && !is(ops.back(), "binarize"))) ops.emplace_back(EnsureDtype{tensor.data.dtype});
}

TensorDescription ReadTensor(const Reader& tensor, bool is_output, const Limits& limits) {
  TensorDescription read;
  tensor.AllowKeys(is_output ? std::set<std::string_view>{"id", "description", "axes", "test_tensor", "sample_tensor", "data", "postprocessing"}
                             : std::set<std::string_view>{"id", "description", "axes", "test_tensor", "sample_tensor", "data", "preprocessing", "optional", "pad", "output_of"});
  read.id = tensor["id"].String(is_output ? "output" : "input");
  read.description = tensor["description"].String();
  tensor["axes"].Require();
  for (const Reader& axis : tensor["axes"].Items()) read.axes.push_back(ReadAxis(axis, limits));
  if (read.axes.size() > static_cast<std::size_t>(kMaxRank)) tensor["axes"].Note(fmt::format("has more than {} axes", kMaxRank));
  read.test_tensor = ReadFile(tensor["test_tensor"]);
  read.sample_tensor = ReadFile(tensor["sample_tensor"]);
  ReadData(tensor["data"], read.data);
  read.optional = tensor["optional"].Bool(false);
  if (const Reader pad = tensor["pad"]; pad.present()) {
    const std::optional<PadMode> mode = PadModeFromName(pad["mode"].String());
    if (!mode) pad["mode"].Note("must be constant, edge, reflect or symmetric");
    read.pad = {mode.value_or(PadMode::kSymmetric), pad["value"].Double(0)};
  }
  for (const Reader& op : tensor[is_output ? "postprocessing" : "preprocessing"].Items())
    if (std::optional<OpDescription> one = ReadOp(op, /*is_04=*/false, is_output)) read.ops.push_back(std::move(*one));
  InsertEnsureDtype(read, is_output);
  return read;
}

// size = reference size * reference.scale / axis.scale + offset: known only when all tensors have been read.
void ResolveScales(const Reader& root, ModelDescription& model) {
  for (auto* tensors : {&model.inputs, &model.outputs}) {
    for (TensorDescription& tensor : *tensors) {
      for (Axis& axis : tensor.axes) {
        auto* reference = std::get_if<SizeReference>(&axis.size);
        if (reference == nullptr) continue;
        const TensorDescription* target = model.FindInput(reference->tensor_id) != nullptr ? model.FindInput(reference->tensor_id) : model.FindOutput(reference->tensor_id);
        const Axis* of = target == nullptr ? nullptr : target->FindAxis(reference->axis_id);
        if (of == nullptr) continue;  // CheckTensors says so
        const Result<Rational> ratio = Rational::Approximate(of->scale / axis.scale);
        if (ratio.ok()) reference->scale = *ratio;
        else root[tensors == &model.inputs ? "inputs" : "outputs"].Note(fmt::format("axis {} of tensor {}: {}", axis.id, tensor.id, ratio.error().what));
      }
    }
  }
}

}  // namespace

void ReadModel05(const Reader& root, ModelDescription& model, const Limits& limits) {
  for (const Reader& tensor : root["inputs"].Items()) model.inputs.push_back(ReadTensor(tensor, false, limits));
  for (const Reader& tensor : root["outputs"].Items()) model.outputs.push_back(ReadTensor(tensor, true, limits));
  ResolveScales(root, model);
}

}  // namespace tegula::spec::internal
