// Format 0.5: axes are objects, tensors carry their test tensors, operations have ids.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/tensor/tensor.h"

namespace tegula::spec::internal {
namespace {

constexpr std::string_view kSpaceUnits[] = {
    "attometer", "angstrom",   "centimeter", "decimeter",  "exameter",  "femtometer", "foot",
    "gigameter", "hectometer", "inch",       "kilometer",  "megameter", "meter",      "micrometer",
    "mile",      "millimeter", "nanometer",  "parsec",     "petameter", "picometer",  "terameter",
    "yard",      "yoctometer", "yottameter", "zeptometer", "zettameter"};

constexpr std::string_view kTimeUnits[] = {
    "attosecond", "centisecond", "day",        "decisecond",  "exasecond",   "femtosecond", "gigasecond", "hectosecond",
    "hour",       "kilosecond",  "megasecond", "microsecond", "millisecond", "minute",      "nanosecond", "petasecond",
    "picosecond", "second",      "terasecond", "yoctosecond", "yottasecond", "zeptosecond", "zettasecond"};

AxisType TypeFromName(std::string_view name) {
  if (name == "batch") return AxisType::kBatch;
  if (name == "channel") return AxisType::kChannel;
  if (name == "index") return AxisType::kIndex;
  if (name == "time") return AxisType::kTime;
  return AxisType::kSpace;
}

std::string_view DefaultId(AxisType type) {
  switch (type) {
    case AxisType::kBatch: return "batch";
    case AxisType::kChannel: return "channel";
    case AxisType::kIndex: return "index";
    case AxisType::kTime: return "time";
    case AxisType::kSpace: break;
  }
  return "x";
}

SizeReference ReadSizeReference(const Reader& size, const Limits& limits) {
  size.AllowOnly({"tensor_id", "axis_id", "offset"});
  return {ReadTensorId(size.Required("tensor_id")),
          ReadAxisId(size.Required("axis_id")),
          {},
          size["offset"].PlainInt(0, -limits.axis_size, limits.axis_size)};
}

DataDependentSize ReadDataDependentSize(const Reader& size, const Limits& limits) {
  size.AllowOnly({"min", "max"});
  DataDependentSize read{size["min"].Int(1, 1, limits.axis_size), std::nullopt};
  const Reader max = size.Nullable("max");
  if (!max.is_there()) return read;
  read.max = max.Int(limits.axis_size, 2, limits.axis_size);
  if (*read.max <= read.min) size["max"].Note(fmt::format("must be greater than min {}, is {}", read.min, *read.max));
  return read;
}

// A number, a reference, min and step (inputs), or a range that the data decide about (index axes of outputs).
AxisSize ReadSize(const Reader& size, AxisType type, Side side, const Limits& limits) {
  if (!size.is_mapping()) return FixedSize{size.Int(1, 1, limits.axis_size)};
  if (size["tensor_id"].is_there() || size["axis_id"].is_there()) return ReadSizeReference(size, limits);
  if (size["step"].is_there() || side == Side::kInput) {
    size.AllowOnly({"min", "step"});
    if (side == Side::kOutput)
      size.Note("has a step, which only inputs have", "refer to the axis of the input that decides this size");
    return ParameterizedSize{size.Required("min").Int(1, 1, limits.axis_size),
                             size.Required("step").Int(1, 1, limits.axis_size)};
  }
  if (type != AxisType::kIndex) size.Note("depends on the data, which only axes of type index can");
  return ReadDataDependentSize(size, limits);
}

void ReadChannelAxis(const Reader& axis, const Limits& limits, Axis& read) {
  axis.AllowOnly({"type", "id", "description", "channel_names"});
  const Reader names = axis.Required("channel_names");
  read.channel_names = names.Texts();
  const auto channels = static_cast<std::int64_t>(read.channel_names.size());
  if (names.is_sequence() && channels == 0) names.Note("needs at least one name");
  if (channels > limits.channels)
    names.Note(fmt::format("has {} channels, more than the limit of {}", channels, limits.channels));
  read.size = FixedSize{std::max<std::int64_t>(channels, 1)};
}

void ReadBatchAxis(const Reader& axis, Axis& read) {
  axis.AllowOnly({"type", "id", "description", "size"});
  if (read.id != "batch") axis["id"].Note("must be batch, as it is the batch axis");
  if (const Reader size = axis.Nullable("size"); size.is_there()) read.size = FixedSize{size.PlainInt(1, 1, 1)};
}

// Index, time and space axes.
void ReadSizedAxis(const Reader& axis, Side side, const Limits& limits, Axis& read) {
  const bool is_index = read.type == AxisType::kIndex;
  const std::string_view own = side == Side::kInput ? "concatenable" : is_index ? "size" : "halo";
  if (is_index)
    axis.AllowOnly({"type", "id", "description", "size", own});
  else
    axis.AllowOnly({"type", "id", "description", "size", "unit", "scale", own});
  read.size = ReadSize(axis.Required("size"), read.type, side, limits);
  if (is_index) return;
  read.unit = axis.Nullable("unit").Choice(read.type == AxisType::kSpace ? Names(kSpaceUnits) : Names(kTimeUnits), "");
  read.scale = axis["scale"].Number(1.0, 1e-300, 1e300);
  axis["concatenable"].Bool(false);
  if (side == Side::kInput || !axis["halo"].is_there()) return;
  read.halo = axis["halo"].Int(0, 1, limits.axis_size);
  if (!std::holds_alternative<SizeReference>(read.size))
    axis["size"].Note("must refer to another axis, as this axis has a halo");
}

Axis ReadAxis(const Reader& axis, Side side, const Limits& limits) {
  constexpr std::size_t kDescription = 128;
  Axis read;
  if (!axis.is_mapping()) axis.AllowOnly({});
  read.type = TypeFromName(axis.Required("type").Choice({"batch", "channel", "index", "time", "space"}, "space"));
  read.id = ReadAxisId(axis["id"], DefaultId(read.type));
  if (read.id == "batch" && read.type != AxisType::kBatch)
    axis["id"].Note("must not be batch, as the axis is of another type");
  read.description = axis["description"].Text(0, kDescription);
  switch (read.type) {
    case AxisType::kBatch: ReadBatchAxis(axis, read); break;
    case AxisType::kChannel: ReadChannelAxis(axis, limits, read); break;
    default: ReadSizedAxis(axis, side, limits, read); break;
  }
  return read;
}

// The units of values: one of SI, or none in particular.
std::string ReadUnit(const Reader& unit) {
  const auto is_unit = [](std::string_view text) { return text == "arbitrary unit" || IsSiUnit(text); };
  return unit.Text(+is_unit, "'arbitrary unit' or a unit of SI");
}

struct Span {
  double min, max;
};
Span LimitsOf(DType dtype) {
  switch (dtype) {
    case DType::kBool: return {0, 1};
    case DType::kU8: return {0, 255};
    case DType::kI8: return {-128, 127};
    case DType::kU16: return {0, 65535};
    case DType::kI16: return {-32768, 32767};
    case DType::kU32: return {0, 4294967295.0};
    case DType::kI32: return {-2147483648.0, 2147483647.0};
    case DType::kU64: return {0, 18446744073709551615.0};
    case DType::kI64: return {-9223372036854775808.0, 9223372036854775807.0};
    case DType::kF16: return {-65504, 65504};
    case DType::kF32: return {-3.4028235e38, 3.4028235e38};
    case DType::kF64: break;
  }
  return {-1.7976931348623157e308, 1.7976931348623157e308};
}

// Classes or ranks: each must be one that the type can hold. Text stands for numbers from 0.
void ReadClasses(const Reader& values, DataDescription& read) {
  const Span span = LimitsOf(read.dtype);
  const bool is_unsigned = DTypeName(read.dtype).starts_with("uint");
  for (const Reader& value : values.Items()) {
    read.values.push_back(value.Written());
    if (!value.is_scalar() || !value.present()) continue;
    const bool is_text = value.is_text();
    const std::optional<double> number = is_text ? std::nullopt : value.node()->AsDouble();
    const bool is_truth = !is_text && !number;
    const bool fits = is_text    ? is_unsigned
                      : is_truth ? true
                                 : read.dtype != DType::kBool && *number >= span.min && *number <= span.max &&
                                       (IsFloat(read.dtype) || value.node()->AsInt());
    if (!fits)
      value.Note(
          fmt::format("'{}' is not a value of type {}", Shortened(read.values.back(), 40), DTypeName(read.dtype)));
  }
  if (values.is_sequence() && read.values.empty()) values.Note("needs at least one value");
}

// Values on a scale; infinite bounds are no bounds.
void ReadRange(const Reader& data, DataDescription& read) {
  const Reader range = data["range"];
  if (range.is_there() && range.Items().size() != 2) range.Note("must be two numbers or nulls");
  read.min = range[0].AsNullable().Bound();
  read.max = range[1].AsNullable().Bound();
  for (const Reader& bound : {range[0], range[1]})
    if (const auto value = bound.is_scalar() ? bound.node()->AsDouble() : std::nullopt; value && std::isinf(*value))
      range.Warn("is infinite, which is written null");
  data["scale"].Number();
  data.Nullable("offset").Number();
}

// One description of values: nominal or ordinal with a list of them, or interval with a range.
DataDescription ReadValues(const Reader& data) {
  DataDescription read;
  if (data["values"].is_there()) {
    data.AllowOnly({"values", "type", "unit"});
    read.dtype = ReadDType(data["type"], DType::kU8);
    ReadClasses(data["values"], read);
    read.unit = ReadUnit(data.Nullable("unit"));
  } else {
    data.AllowOnly({"type", "range", "unit", "scale", "offset"});
    read.dtype = ReadDType(data["type"], DType::kF32, false);
    ReadRange(data, read);
    read.unit = ReadUnit(data["unit"]);
  }
  return read;
}

// One description, or one per channel with the same type in all.
DataDescription ReadData(const Reader& data, const std::vector<Axis>& axes) {
  if (!data.is_there()) return {};
  if (!data.is_sequence()) return ReadValues(data);
  std::vector<DataDescription> all;
  for (const Reader& item : data.Items()) all.push_back(ReadValues(item));
  const auto channel =
      std::find_if(axes.begin(), axes.end(), [](const Axis& axis) { return axis.type == AxisType::kChannel; });
  if (all.empty()) data.Note("needs at least one description");
  const std::size_t channels = channel == axes.end() ? all.size() : channel->channel_names.size();
  if (all.size() != channels) data.Note(fmt::format("has {} descriptions for {} channels", all.size(), channels));
  for (const DataDescription& one : all)
    if (one.dtype != all[0].dtype) data.Note("must have the same type in all channels");
  return all.empty() ? DataDescription{} : all[0];
}

PadDescription ReadPad(const Reader& pad) {
  if (!pad.is_there()) return {};
  const std::string mode = pad["mode"].Choice({"constant", "edge", "reflect", "symmetric"}, "constant");
  if (mode == "constant")
    pad.AllowOnly({"mode", "value"});
  else
    pad.AllowOnly({"mode"});
  return {PadModeFromName(mode).value_or(PadMode::kSymmetric), pad["value"].Number().value_or(0)};
}

// The format inserts casts: to the described type before the ops of inputs, unless they begin with a cast, and after
// the ops of all tensors, unless the last one decides the type itself.
std::vector<OpDescription> WithCasts(std::vector<OpDescription> ops, DType described, Side side) {
  const auto is_cast = [](const OpDescription& op) { return std::holds_alternative<EnsureDtype>(op); };
  if (side == Side::kInput && (ops.empty() || !is_cast(ops.front()))) ops.insert(ops.begin(), EnsureDtype{described});
  const bool decides = !ops.empty() && (is_cast(ops.back()) || std::holds_alternative<Binarize>(ops.back()));
  if (!decides) ops.emplace_back(EnsureDtype{described});
  return ops;
}

std::vector<Axis> ReadAxes(const Reader& tensor, Side side, const Limits& limits) {
  const Reader axes = tensor.Required("axes");
  std::vector<Reader> items = axes.Items();
  if (axes.is_sequence() && items.empty()) axes.Note("needs at least one axis");
  if (items.size() > static_cast<std::size_t>(kMaxRank)) {
    axes.Note(fmt::format("has {} axes, more than the {} that are read", items.size(), kMaxRank));
    items.erase(items.begin() + kMaxRank, items.end());
  }
  std::vector<Axis> read;
  for (const Reader& axis : items) read.push_back(ReadAxis(axis, side, limits));
  return read;
}

void CheckBatchAxes(const Reader& axes, const std::vector<Axis>& read) {
  const auto is_batch = [](const Axis& axis) { return axis.type == AxisType::kBatch; };
  if (std::count_if(read.begin(), read.end(), is_batch) > 1) axes.Note("must hold one batch axis at most");
}

std::optional<FileReference> ReadTensorFile(const Reader& tensor, std::string_view key, const Reading& reading) {
  const Reader file = tensor.Nullable(key);
  AskForFair(file, !file.is_there());
  return ReadFile(file, reading);
}

TensorDescription ReadTensor(const Reader& tensor, Side side, const Reading& reading) {
  constexpr std::size_t kDescription = 128;
  TensorDescription read;
  if (side == Side::kInput)
    tensor.AllowOnly({"id", "description", "axes", "test_tensor", "sample_tensor", "data", "preprocessing", "optional",
                      "pad", "output_of"});
  else
    tensor.AllowOnly({"id", "description", "axes", "test_tensor", "sample_tensor", "data", "postprocessing"});
  read.id = ReadTensorId(tensor["id"], side == Side::kInput ? "input" : "output");
  read.description = tensor["description"].Text(0, kDescription);
  read.axes = ReadAxes(tensor, side, reading.limits);
  CheckBatchAxes(tensor["axes"], read.axes);
  read.data = ReadData(tensor["data"], read.axes);
  read.ops = WithCasts(ReadOps(tensor, reading, side, read.axes), read.data.dtype, side);
  read.test_tensor = ReadTensorFile(tensor, "test_tensor", reading);
  read.sample_tensor = ReadTensorFile(tensor, "sample_tensor", reading);
  read.optional = tensor["optional"].Bool(false);
  read.pad = ReadPad(tensor.Nullable("pad"));
  if (const Reader output_of = tensor.Nullable("output_of"); output_of.is_there()) {
    output_of.Text(&IsResourceId, "the id of a model");
    output_of.Warn("names another model; whether that one has such an output is not checked", {}, Severity::kAlert);
  }
  return read;
}

// The ratio of two axes follows from their scales: known only when all tensors have been read.
void ResolveScales(const Reader& root, Side side, ModelDescription& model) {
  std::vector<TensorDescription>& tensors = side == Side::kInput ? model.inputs : model.outputs;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    for (std::size_t a = 0; a < tensors[t].axes.size(); ++a) {
      Axis& axis = tensors[t].axes[a];
      auto* reference = std::get_if<SizeReference>(&axis.size);
      if (reference == nullptr) continue;
      const TensorDescription* tensor = model.FindTensor(reference->tensor_id);
      const Axis* target = tensor == nullptr ? nullptr : tensor->FindAxis(reference->axis_id);
      if (target == nullptr) continue;  // CheckTensors says so
      const Result<Rational> ratio = Rational::Approximate(target->scale / axis.scale);
      if (ratio.ok())
        reference->scale = *ratio;
      else
        root[TensorsKey(side)][t]["axes"][a]["scale"].Note(
            fmt::format("{} against {}: {}", axis.scale, target->scale, ratio.error().what));
    }
  }
}

// A model it comes from, data it was trained with, how it is to be run: nothing that decides a result.
void ReadOrigin(const Reader& root, const Reading& reading, const Resource& model) {
  ReadPackagers(root, reading);
  if (const Reader parent = root.Nullable("parent"); parent.is_there()) {
    CheckLink(parent, reading);
    if (!model.id.empty() && parent["id"].is_scalar() && parent["id"].Written() == model.id)
      parent.Note("must be another model");
  }
  ReadRunMode(root, reading);
  ReadTrainingData(root, reading);
}

}  // namespace

void ReadModel05(const Reader& root, const Reading& reading, ModelDescription& model) {
  root.AllowOnly(CommonFields(reading.format),
                 {"inputs", "outputs", "packaged_by", "parent", "run_mode", "timestamp", "training_data", "weights"});
  for (const Reader& tensor : TensorItems(root, Side::kInput))
    model.inputs.push_back(ReadTensor(tensor, Side::kInput, reading));
  for (const Reader& tensor : TensorItems(root, Side::kOutput))
    model.outputs.push_back(ReadTensor(tensor, Side::kOutput, reading));
  ResolveScales(root, Side::kInput, model);
  ResolveScales(root, Side::kOutput, model);
  ReadCommon(root, reading, true, model);
  ReadTimestamp(root["timestamp"], model);
  ReadOrigin(root, reading, model);
  ReadWeights(root, reading, model);
  ReadConfig(root, reading, model);
  CheckTensors(root, reading.format, model);
}

}  // namespace tegula::spec::internal
