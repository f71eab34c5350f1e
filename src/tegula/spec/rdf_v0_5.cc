// Format 0.5: axes are objects, tensors carry their test tensors, operations have ids.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/spec/rdf_parts.h"
#include "tegula/tensor/tensor.h"

namespace tegula::spec::internal {
namespace {

constexpr std::string_view kRootFields[] = {
    "attachments",    "authors",     "cite",          "config",  "covers",      "description", "documentation",
    "format_version", "git_repo",    "icon",          "id",      "id_emoji",    "inputs",      "license",
    "links",          "maintainers", "name",          "outputs", "packaged_by", "parent",      "run_mode",
    "tags",           "timestamp",   "training_data", "type",    "uploader",    "version",     "version_comment",
    "weights"};

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
  return {size.Required("tensor_id").Text(),
          AxisIdFromShort(size.Required("axis_id").Text()),
          {},
          size["offset"].Int(0, -limits.axis_size, limits.axis_size)};
}

DataDependentSize ReadDataDependentSize(const Reader& size, const Limits& limits) {
  size.AllowOnly({"min", "max"});
  DataDependentSize read{size["min"].Int(1, 1, limits.axis_size), std::nullopt};
  if (!size["max"].present()) return read;
  read.max = size["max"].Int(limits.axis_size, 2, limits.axis_size);
  if (*read.max <= read.min) size["max"].Note(fmt::format("must be greater than min {}, is {}", read.min, *read.max));
  return read;
}

// A number, a reference, min and step (inputs), or a range that the data decide about (index axes of outputs).
AxisSize ReadSize(const Reader& size, AxisType type, Side side, const Limits& limits) {
  if (!size.is_mapping()) return FixedSize{size.Int(1, 1, limits.axis_size)};
  if (size["tensor_id"].present() || size["axis_id"].present()) return ReadSizeReference(size, limits);
  if (size["step"].present() || side == Side::kInput) {
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
  if (axis["size"].present()) read.size = FixedSize{axis["size"].Int(1, 1, 1)};
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
  read.unit = axis["unit"].Choice(read.type == AxisType::kSpace ? Names(kSpaceUnits) : Names(kTimeUnits), "");
  read.scale = axis["scale"].Number(1.0, 1e-300, 1e300);
  if (side == Side::kInput || !axis["halo"].present()) return;
  read.halo = axis["halo"].Int(0, 1, limits.axis_size);
  if (!std::holds_alternative<SizeReference>(read.size))
    axis["size"].Note("must refer to another axis, as this axis has a halo");
}

Axis ReadAxis(const Reader& axis, Side side, const Limits& limits) {
  Axis read;
  read.type = TypeFromName(axis.Required("type").Choice({"batch", "channel", "index", "time", "space"}, "space"));
  read.id = AxisIdFromShort(axis["id"].Text(DefaultId(read.type)));
  if (!IsIdentifier(read.id) || read.id.size() > 16)
    axis["id"].Note(fmt::format("must be up to 16 lower-case letters, digits and underscores, is '{}'", read.id));
  if (read.id == "batch" && read.type != AxisType::kBatch)
    axis["id"].Note("must not be batch, as the axis is of another type");
  read.description = axis["description"].Text();
  switch (read.type) {
    case AxisType::kBatch: ReadBatchAxis(axis, read); break;
    case AxisType::kChannel: ReadChannelAxis(axis, limits, read); break;
    default: ReadSizedAxis(axis, side, limits, read); break;
  }
  return read;
}

// One description of values: nominal or ordinal with a list of them, or interval with a range.
DataDescription ReadValues(const Reader& data) {
  DataDescription read;
  if (data["values"].present()) {
    data.AllowOnly({"values", "type", "unit"});
    read.dtype = ReadDType(data["type"], DType::kU8);
    for (const Reader& value : data["values"].Items()) read.values.push_back(value.Version());
    if (read.values.empty()) data["values"].Note("needs at least one value");
  } else {
    data.AllowOnly({"type", "range", "unit", "scale", "offset"});
    read.dtype = ReadDType(data["type"], DType::kF32);
    if (read.dtype == DType::kBool) data["type"].Note("bool is only for data with values");
    const Reader range = data["range"];
    if (range.present() && range.Items().size() != 2) range.Note("must be two numbers or nulls");
    read.min = range[0].Bound();
    read.max = range[1].Bound();
  }
  read.unit = data["unit"].Text();
  return read;
}

// One description, or one per channel with the same type in all.
DataDescription ReadData(const Reader& data, const std::vector<Axis>& axes) {
  if (!data.present()) return {};
  if (!data.is_sequence()) return ReadValues(data);
  std::vector<DataDescription> all;
  for (const Reader& item : data.Items()) all.push_back(ReadValues(item));
  const auto channel =
      std::find_if(axes.begin(), axes.end(), [](const Axis& axis) { return axis.type == AxisType::kChannel; });
  const std::size_t channels = channel == axes.end() ? 1 : channel->channel_names.size();
  if (all.size() != channels) data.Note(fmt::format("has {} descriptions for {} channels", all.size(), channels));
  for (const DataDescription& one : all)
    if (one.dtype != all[0].dtype) data.Note("must have the same type in all channels");
  return all.empty() ? DataDescription{} : all[0];
}

PadDescription ReadPad(const Reader& pad) {
  if (!pad.present()) return {};
  pad.AllowOnly({"mode", "value"});
  const std::string mode = pad.Required("mode").Choice({"constant", "edge", "reflect", "symmetric"}, "symmetric");
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

TensorDescription ReadTensor(const Reader& tensor, Side side, const Limits& limits) {
  TensorDescription read;
  if (side == Side::kInput)
    tensor.AllowOnly({"id", "description", "axes", "test_tensor", "sample_tensor", "data", "preprocessing", "optional",
                      "pad", "output_of"});
  else
    tensor.AllowOnly({"id", "description", "axes", "test_tensor", "sample_tensor", "data", "postprocessing"});
  read.id = tensor["id"].Text(side == Side::kInput ? "input" : "output");
  if (!IsIdentifier(read.id) || read.id.size() > 32)
    tensor["id"].Note(fmt::format("must be up to 32 lower-case letters, digits and underscores, is '{}'", read.id));
  read.description = tensor["description"].Text();
  read.axes = ReadAxes(tensor, side, limits);
  read.data = ReadData(tensor["data"], read.axes);
  read.ops = WithCasts(ReadOps(tensor, Format::k05, side, read.axes), read.data.dtype, side);
  read.test_tensor = ReadFileReference(tensor["test_tensor"], ".npy");
  read.sample_tensor = ReadFileReference(tensor["sample_tensor"]);
  read.optional = tensor["optional"].Bool(false);
  read.pad = ReadPad(tensor["pad"]);
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

}  // namespace

void ReadModel05(const Reader& root, const Limits& limits, ModelDescription& model) {
  root.AllowOnly(kRootFields);
  for (const Reader& tensor : TensorItems(root, Side::kInput))
    model.inputs.push_back(ReadTensor(tensor, Side::kInput, limits));
  for (const Reader& tensor : TensorItems(root, Side::kOutput))
    model.outputs.push_back(ReadTensor(tensor, Side::kOutput, limits));
  ResolveScales(root, Side::kInput, model);
  ResolveScales(root, Side::kOutput, model);
  ReadCommon(root, Format::k05, model);
  CheckTensors(root, Format::k05, model);
}

}  // namespace tegula::spec::internal
