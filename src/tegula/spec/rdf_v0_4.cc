// Format 0.4: axes are letters, sizes are lists beside them, test tensors stand at the root.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {
namespace {

constexpr std::string_view kLetters = "bitczyx";

AxisType TypeOfLetter(char letter) {
  switch (letter) {
    case 'b': return AxisType::kBatch;
    case 'c': return AxisType::kChannel;
    case 'i': return AxisType::kIndex;
    case 't': return AxisType::kTime;
    default: return AxisType::kSpace;
  }
}

std::vector<AxisSize> ReadExplicit(const Reader& shape, const Limits& limits) {
  std::vector<AxisSize> sizes;
  for (const Reader& size : shape.Items()) sizes.emplace_back(FixedSize{size.Int(1, 1, limits.axis_size)});
  return sizes;
}

std::vector<AxisSize> ReadParameterized(const Reader& shape, const Limits& limits) {
  shape.AllowOnly({"min", "step"});
  const std::vector<Reader> mins = shape.Required("min").Items(), steps = shape.Required("step").Items();
  if (mins.size() != steps.size())
    shape.Note(fmt::format("has {} numbers in min and {} in step", mins.size(), steps.size()));
  std::vector<AxisSize> sizes;
  for (std::size_t i = 0; i < std::min(mins.size(), steps.size()); ++i) {
    const std::int64_t min = mins[i].Int(1, 1, limits.axis_size), step = steps[i].Int(0, 0, limits.axis_size);
    sizes.push_back(step == 0 ? AxisSize(FixedSize{min}) : AxisSize(ParameterizedSize{min, step}));
  }
  return sizes;
}

// 2 * offset, which may be written in halves.
std::int64_t ReadTwice(const Reader& offset, const Limits& limits) {
  const auto most = static_cast<double>(limits.axis_size);
  const double twice = 2 * offset.Number(0, -most, most);
  if (twice != std::round(twice)) offset.Note("must be a multiple of 0.5");
  return static_cast<std::int64_t>(twice);
}

// size = reference size * scale + 2 * offset, of the axis of the same letter; scale null or 0 makes a new axis of size
// 2 * offset.
AxisSize ReadImplicitSize(const Reader& scale, std::int64_t offset, SizeReference reference, const Limits& limits) {
  const double factor = scale.AsNullable().is_there() ? scale.Number(1, 0, static_cast<double>(Rational::kLimit)) : 0;
  if (factor == 0) {
    if (offset < 1 || offset > limits.axis_size) scale.Note("is null or 0, so the offset must be positive");
    return FixedSize{std::clamp<std::int64_t>(offset, 1, limits.axis_size)};
  }
  const Result<Rational> ratio = Rational::Approximate(factor);
  if (ratio.ok())
    reference.scale = *ratio;
  else
    scale.Note(ratio.error().what);
  reference.offset = offset;
  return reference;
}

std::vector<AxisSize> ReadImplicit(const Reader& shape, std::string_view letters, const Limits& limits) {
  shape.AllowOnly({"reference_tensor", "scale", "offset"});
  const std::string written = shape.Required("reference_tensor").Text(&IsLowerIdentifier, kLowerIdentifier);
  const std::vector<Reader> scales = shape.Required("scale").Items(), offsets = shape.Required("offset").Items();
  if (scales.size() != offsets.size())
    shape.Note(fmt::format("has {} numbers in scale and {} in offset", scales.size(), offsets.size()));
  std::vector<AxisSize> sizes;
  for (std::size_t i = 0; i < std::min({scales.size(), offsets.size(), letters.size()}); ++i) {
    SizeReference reference;
    reference.tensor_id = written;
    reference.axis_id = AxisIdFromShort(letters.substr(i, 1));
    sizes.push_back(ReadImplicitSize(scales[i], ReadTwice(offsets[i], limits), std::move(reference), limits));
  }
  return sizes;
}

std::vector<AxisSize> ReadSizes(const Reader& shape, Side side, std::string_view letters, const Limits& limits) {
  if (!shape.is_mapping()) return ReadExplicit(shape, limits);
  return side == Side::kInput ? ReadParameterized(shape, limits) : ReadImplicit(shape, letters, limits);
}

// The letters, without those that cannot be axes.
std::string ReadLetters(const Reader& axes) {
  const std::string written = axes.Text();
  std::string letters;
  for (const char letter : written)
    if (kLetters.find(letter) != std::string_view::npos && letters.find(letter) == std::string::npos) letters += letter;
  if (axes.present() && (letters.empty() || letters.size() != written.size()))
    axes.Note(fmt::format("must hold some of the letters {}, each once, is '{}'", kLetters, Shortened(written, 40)));
  return letters;
}

// In 0.4 channels are only counted.
void NameChannels(Axis& axis, const Reader& shape, const Limits& limits) {
  const auto* fixed = std::get_if<FixedSize>(&axis.size);
  if (axis.type != AxisType::kChannel || fixed == nullptr) return;
  if (fixed->size > limits.channels)
    return shape.Note(fmt::format("has {} channels, more than the limit of {}", fixed->size, limits.channels));
  for (std::int64_t i = 0; i < fixed->size; ++i) axis.channel_names.push_back(fmt::format("channel{}", i));
}

std::vector<Axis> ReadAxes(const Reader& tensor, Side side, const Limits& limits) {
  const std::string letters = ReadLetters(tensor.Required("axes"));
  const Reader shape = tensor.Required("shape");
  const std::vector<AxisSize> sizes = ReadSizes(shape, side, letters, limits);
  if (shape.present() && sizes.size() != letters.size())
    shape.Note(fmt::format("has {} sizes for the {} axes '{}'", sizes.size(), letters.size(), letters));
  const std::vector<Reader> halos = tensor.Nullable("halo").Items();
  if (!halos.empty() && halos.size() != letters.size())
    tensor["halo"].Note(fmt::format("has {} numbers for {} axes", halos.size(), letters.size()));
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < std::min(letters.size(), sizes.size()); ++i) {
    Axis axis;
    axis.id = AxisIdFromShort(std::string_view(letters).substr(i, 1));
    axis.type = TypeOfLetter(letters[i]);
    axis.size = sizes[i];
    if (i < halos.size()) axis.halo = halos[i].Int(0, 0, limits.axis_size);
    NameChannels(axis, shape, limits);
    const auto* fixed = std::get_if<FixedSize>(&axis.size);
    if (side == Side::kInput && axis.type == AxisType::kBatch && (fixed == nullptr || fixed->size != 1))
      shape.Note("must be 1 along b, without a step");
    axes.push_back(std::move(axis));
  }
  return axes;
}

// The reference casts to the described type before the described ops, and to float32 after them; where none are
// described, only to float32.
std::vector<OpDescription> WithCasts(std::vector<OpDescription> ops, DType described) {
  if (!ops.empty()) ops.insert(ops.begin(), EnsureDtype{described});
  ops.emplace_back(EnsureDtype{DType::kF32});
  return ops;
}

void ReadRange(const Reader& range, DataDescription& data) {
  if (!range.is_there()) return;
  if (range.Items().size() != 2) range.Note("must be two numbers");
  data.min = range[0].Bound();
  data.max = range[1].Bound();
}

TensorDescription ReadTensor(const Reader& tensor, Side side, const Reading& reading) {
  TensorDescription read;
  if (side == Side::kInput)
    tensor.AllowOnly({"name", "description", "axes", "data_range", "data_type", "shape", "preprocessing"});
  else
    tensor.AllowOnly({"name", "description", "axes", "data_range", "data_type", "shape", "halo", "postprocessing"});
  if (!tensor.is_mapping()) return read;
  read.id = tensor.Required("name").Text(&IsLowerIdentifier, kLowerIdentifier);
  read.description = tensor["description"].Text();
  const Reader type = tensor.Required("data_type");
  read.data.dtype = ReadDType(type, DType::kF32);
  if (side == Side::kInput && type.present()) type.Choice({"float32", "uint8", "uint16"}, "");
  ReadRange(tensor.Nullable("data_range"), read.data);
  read.axes = ReadAxes(tensor, side, reading.limits);
  read.ops = WithCasts(ReadOps(tensor, reading, side, read.axes), read.data.dtype);
  return read;
}

// Files beside the tensors, in their order; a list may be shorter.
void AttachFiles(const Reader& files, const Reading& reading, bool is_test, std::vector<TensorDescription>& tensors) {
  const std::vector<Reader> items = files.Items();
  if (is_test && files.is_sequence() && items.empty()) files.Note("needs at least one file");
  for (std::size_t i = 0; i < items.size(); ++i) {
    FileReference file = is_test ? ReadSource(items[i], reading, {".npy"}) : ReadSource(items[i], reading);
    if (i < tensors.size() && !file.source.empty())
      (is_test ? tensors[i].test_tensor : tensors[i].sample_tensor) = std::move(file);
  }
}

// Outputs refer to the channels of an input whose number is known: then so is theirs.
void ResolveChannels(const Reader& root, const Limits& limits, ModelDescription& model) {
  for (std::size_t t = 0; t < model.outputs.size(); ++t) {
    for (Axis& axis : model.outputs[t].axes) {
      const auto* reference = std::get_if<SizeReference>(&axis.size);
      if (axis.type != AxisType::kChannel || reference == nullptr) continue;
      const TensorDescription* tensor = model.FindInput(reference->tensor_id);
      const Axis* target = tensor == nullptr ? nullptr : tensor->FindAxis(reference->axis_id);
      const auto* fixed = target == nullptr ? nullptr : std::get_if<FixedSize>(&target->size);
      if (fixed == nullptr) continue;
      const std::int64_t size = reference->scale.Floor(fixed->size) + reference->offset;
      const Reader shape = root["outputs"][t]["shape"];
      if (size < 1) shape.Note(fmt::format("gives {} channels", size));
      axis.size = FixedSize{std::max<std::int64_t>(size, 1)};
      NameChannels(axis, shape, limits);
    }
  }
}

}  // namespace

void ReadModel04(const Reader& root, const Reading& reading, ModelDescription& model) {
  root.AllowOnly(CommonFields(reading.format),
                 {"inputs", "outputs", "packaged_by", "parent", "run_mode", "sample_inputs", "sample_outputs",
                  "test_inputs", "test_outputs", "timestamp", "training_data", "weights"});
  for (const Reader& tensor : TensorItems(root, Side::kInput))
    model.inputs.push_back(ReadTensor(tensor, Side::kInput, reading));
  for (const Reader& tensor : TensorItems(root, Side::kOutput))
    model.outputs.push_back(ReadTensor(tensor, Side::kOutput, reading));
  AttachFiles(root.Required("test_inputs"), reading, true, model.inputs);
  AttachFiles(root.Required("test_outputs"), reading, true, model.outputs);
  AttachFiles(root["sample_inputs"], reading, false, model.inputs);
  AttachFiles(root["sample_outputs"], reading, false, model.outputs);
  ResolveChannels(root, reading.limits, model);
  ReadCommon(root, reading, true, model);
  ReadTimestamp(root.Required("timestamp"), model);
  ReadPackagers(root, reading);
  // A mapping is a link of old versions, which the reference drops.
  if (const Reader parent = root.Nullable("parent"); parent.is_there() && !parent.is_mapping())
    parent.Note("must be a mapping with an id");
  ReadRunMode(root, reading);
  ReadTrainingData(root, reading);
  ReadWeights(root, reading, model);
  ReadConfig(root, reading, model);
  CheckTensors(root, reading.format, model);
}

}  // namespace tegula::spec::internal
