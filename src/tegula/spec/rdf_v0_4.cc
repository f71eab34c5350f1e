// Format 0.4: axes are letters, sizes are lists beside them, test tensors stand at the root.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/spec/rdf_parts.h"

namespace tegula::spec::internal {
namespace {

constexpr std::string_view kRootFields[] = {"attachments",
                                            "authors",
                                            "cite",
                                            "config",
                                            "covers",
                                            "dependencies",
                                            "description",
                                            "documentation",
                                            "download_url",
                                            "format_version",
                                            "git_repo",
                                            "icon",
                                            "id",
                                            "id_emoji",
                                            "inputs",
                                            "license",
                                            "links",
                                            "maintainers",
                                            "name",
                                            "outputs",
                                            "packaged_by",
                                            "parent",
                                            "rdf_source",
                                            "run_mode",
                                            "sample_inputs",
                                            "sample_outputs",
                                            "tags",
                                            "test_inputs",
                                            "test_outputs",
                                            "timestamp",
                                            "training_data",
                                            "type",
                                            "uploader",
                                            "version",
                                            "version_number",
                                            "weights"};

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

// size = reference size * scale + 2 * offset; scale null or 0 makes a new axis of size 2 * offset. "tensor.x" refers to
// axis x, plain "tensor" to the axis of the same letter.
AxisSize ReadImplicitSize(const Reader& scale, std::int64_t offset, SizeReference reference, const Limits& limits) {
  const double factor = scale.present() ? scale.Number(1, 0, static_cast<double>(Rational::kLimit)) : 0;
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
  const std::string written = shape.Required("reference_tensor").Text();
  const std::vector<Reader> scales = shape.Required("scale").Items(), offsets = shape.Required("offset").Items();
  if (scales.size() != offsets.size())
    shape.Note(fmt::format("has {} numbers in scale and {} in offset", scales.size(), offsets.size()));
  const std::size_t dot = written.find('.');
  std::vector<AxisSize> sizes;
  for (std::size_t i = 0; i < std::min({scales.size(), offsets.size(), letters.size()}); ++i) {
    SizeReference reference;
    reference.tensor_id = written.substr(0, dot);
    reference.axis_id =
        AxisIdFromShort(dot == std::string::npos ? letters.substr(i, 1) : std::string_view(written).substr(dot + 1));
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
  const std::vector<Reader> halos = tensor["halo"].Items();
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

TensorDescription ReadTensor(const Reader& tensor, Side side, const Limits& limits) {
  TensorDescription read;
  if (side == Side::kInput)
    tensor.AllowOnly({"name", "description", "axes", "data_range", "data_type", "shape", "preprocessing"});
  else
    tensor.AllowOnly({"name", "description", "axes", "data_range", "data_type", "shape", "halo", "postprocessing"});
  read.id = tensor.Required("name").Text();
  read.description = tensor["description"].Text();
  const Reader type = tensor.Required("data_type");
  read.data.dtype = ReadDType(type, DType::kF32);
  if (side == Side::kInput && type.present()) type.Choice({"float32", "uint8", "uint16"}, "");
  if (const Reader range = tensor["data_range"]; range.present()) {
    if (range.Items().size() != 2) range.Note("must be two numbers");
    read.data.min = range[0].Bound();
    read.data.max = range[1].Bound();
  }
  read.axes = ReadAxes(tensor, side, limits);
  read.ops = WithCasts(ReadOps(tensor, Format::k04, side, read.axes), read.data.dtype);
  return read;
}

// Files beside the tensors, in their order; a list may be shorter.
void AttachFiles(const Reader& files, std::string_view suffix, std::vector<TensorDescription>& tensors,
                 std::optional<FileReference> TensorDescription::*member) {
  const std::vector<Reader> items = files.Items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::optional<FileReference> file = ReadFileReference(items[i], suffix);
    if (i < tensors.size()) tensors[i].*member = std::move(file);
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

void ReadModel04(const Reader& root, const Limits& limits, ModelDescription& model) {
  root.AllowOnly(kRootFields);
  for (const Reader& tensor : TensorItems(root, Side::kInput))
    model.inputs.push_back(ReadTensor(tensor, Side::kInput, limits));
  for (const Reader& tensor : TensorItems(root, Side::kOutput))
    model.outputs.push_back(ReadTensor(tensor, Side::kOutput, limits));
  AttachFiles(root.Required("test_inputs"), ".npy", model.inputs, &TensorDescription::test_tensor);
  AttachFiles(root.Required("test_outputs"), ".npy", model.outputs, &TensorDescription::test_tensor);
  AttachFiles(root["sample_inputs"], "", model.inputs, &TensorDescription::sample_tensor);
  AttachFiles(root["sample_outputs"], "", model.outputs, &TensorDescription::sample_tensor);
  ResolveChannels(root, limits, model);
  ReadCommon(root, Format::k04, model);
  CheckTensors(root, Format::k04, model);
}

}  // namespace tegula::spec::internal
