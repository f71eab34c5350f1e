// Format 0.4: axes are letters, sizes are lists beside them, test tensors stand at the root.

#include <fmt/format.h>

#include <cmath>

#include "tegula/spec/rdf.h"

namespace tegula::spec::internal {
namespace {

AxisType TypeOfLetter(char letter) {
  switch (letter) {
    case 'b': return AxisType::kBatch;
    case 'c': return AxisType::kChannel;
    case 'i': return AxisType::kIndex;
    case 't': return AxisType::kTime;
    default: return AxisType::kSpace;
  }
}

struct Shape04 {
  std::vector<AxisSize> sizes;
};

std::vector<AxisSize> ReadExplicit(const Reader& shape, const Limits& limits) {
  std::vector<AxisSize> sizes;
  for (const Reader& size : shape.Items()) sizes.emplace_back(FixedSize{size.Int(1, 1, limits.axis_size)});
  return sizes;
}

std::vector<AxisSize> ReadParameterized(const Reader& shape, const Limits& limits) {
  shape.AllowKeys({"min", "step"});
  std::vector<AxisSize> sizes;
  const std::vector<Reader> mins = shape["min"].Items(), steps = shape["step"].Items();
  if (mins.size() != steps.size()) shape.Note("min and step have different lengths");
  for (std::size_t i = 0; i < std::min(mins.size(), steps.size()); ++i) {
    const std::int64_t min = mins[i].Int(1, 1, limits.axis_size), step = steps[i].Int(0, 0, limits.axis_size);
    if (step == 0) sizes.emplace_back(FixedSize{min});
    else sizes.emplace_back(ParameterizedSize{min, step});
  }
  return sizes;
}

// {reference_tensor, scale, offset}: size = reference * scale + 2 * offset; scale null or 0 makes a new axis of 2 * offset.
std::vector<AxisSize> ReadImplicit(const Reader& shape, const std::string& axes, const Limits& limits) {
  shape.AllowKeys({"reference_tensor", "scale", "offset"});
  std::vector<AxisSize> sizes;
  const std::string tensor = shape["reference_tensor"].String();
  const std::vector<Reader> scales = shape["scale"].Items(), offsets = shape["offset"].Items();
  if (scales.size() != offsets.size()) shape.Note("scale and offset have different lengths");
  for (std::size_t i = 0; i < std::min(scales.size(), offsets.size()); ++i) {
    const double twice = 2 * offsets[i].Double(0), scale = scales[i].Double(0);
    if (twice != std::round(twice) || std::abs(twice) > static_cast<double>(limits.axis_size)) offsets[i].Note("must be a multiple of 0.5");
    const auto offset = static_cast<std::int64_t>(std::clamp(twice, -1e9, 1e9));
    if (scale == 0) {
      if (offset < 1) offsets[i].Note("a new axis needs a positive offset");
      sizes.emplace_back(FixedSize{std::max<std::int64_t>(1, offset)});
      continue;
    }
    const Result<Rational> ratio = Rational::Approximate(scale);
    if (!ratio.ok()) scales[i].Note(ratio.error().what);
    SizeReference reference{tensor, i < axes.size() ? AxisIdFromLetter(axes[i]) : "", ratio.ok() ? *ratio : Rational{}, offset};
    if (const std::size_t dot = tensor.find('.'); dot != std::string::npos && dot + 1 < tensor.size()) {
      reference.tensor_id = tensor.substr(0, dot);
      reference.axis_id = AxisIdFromLetter(tensor[dot + 1]);
    }
    sizes.emplace_back(std::move(reference));
  }
  return sizes;
}

std::vector<std::string> ChannelNames(const AxisSize& size, const Limits& limits) {
  const auto* fixed = std::get_if<FixedSize>(&size);
  std::vector<std::string> names;
  for (std::int64_t i = 0; fixed != nullptr && i < std::min(fixed->size, limits.channels); ++i) names.push_back(fmt::format("channel{}", i));
  return names;
}

void ReadAxes(const Reader& tensor, TensorDescription& read, const Limits& limits) {
  const std::string letters = tensor["axes"].String();
  const Reader shape = tensor["shape"];
  if (!shape.Require() || !tensor["axes"].Require()) return;
  std::vector<AxisSize> sizes = shape.is_sequence()                ? ReadExplicit(shape, limits)
                                : shape["min"].present()           ? ReadParameterized(shape, limits)
                                                                   : ReadImplicit(shape, letters, limits);
  if (sizes.size() != letters.size()) {
    shape.Note(fmt::format("has {} sizes for the {} axes '{}'", sizes.size(), letters.size(), letters));
    return;
  }
  const std::vector<Reader> halos = tensor["halo"].Items();
  if (!halos.empty() && halos.size() != letters.size()) tensor["halo"].Note("must have one number per axis");
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (std::string_view("bitczyx").find(letters[i]) == std::string_view::npos) tensor["axes"].Note(fmt::format("'{}' is not an axis", letters[i]));
    Axis axis;
    axis.id = AxisIdFromLetter(letters[i]);
    axis.type = TypeOfLetter(letters[i]);
    axis.size = std::move(sizes[i]);
    if (i < halos.size()) axis.halo = halos[i].Int(0, 0, limits.axis_size);
    if (axis.type == AxisType::kChannel) axis.channel_names = ChannelNames(axis.size, limits);
    read.axes.push_back(std::move(axis));
  }
}

TensorDescription ReadTensor(const Reader& tensor, bool is_output, const Limits& limits) {
  TensorDescription read;
  tensor.AllowKeys(is_output ? std::set<std::string_view>{"name", "description", "axes", "data_range", "data_type", "shape", "halo", "postprocessing"}
                             : std::set<std::string_view>{"name", "description", "axes", "data_range", "data_type", "shape", "preprocessing"});
  tensor["name"].Require();
  read.id = tensor["name"].String();
  read.description = tensor["description"].String();
  tensor["data_type"].Require();
  read.data.dtype = ReadDType(tensor["data_type"], DType::kF32);
  ReadAxes(tensor, read, limits);
  // The reference casts to the described type before the described ops, and to float32 after them.
  read.ops.emplace_back(EnsureDtype{read.data.dtype});
  for (const Reader& op : tensor[is_output ? "postprocessing" : "preprocessing"].Items())
    if (std::optional<OpDescription> one = ReadOp(op, /*is_04=*/true, is_output)) read.ops.push_back(std::move(*one));
  read.ops.emplace_back(EnsureDtype{DType::kF32});
  return read;
}

void AttachFiles(const Reader& files, std::vector<TensorDescription>& tensors, std::optional<FileReference> TensorDescription::*member) {
  const std::vector<std::string> names = files.Strings();
  for (std::size_t i = 0; i < std::min(names.size(), tensors.size()); ++i) tensors[i].*member = FileReference{names[i], {}};
}

}  // namespace

void ReadModel04(const Reader& root, ModelDescription& model, const Limits& limits) {
  for (const Reader& tensor : root["inputs"].Items()) model.inputs.push_back(ReadTensor(tensor, false, limits));
  for (const Reader& tensor : root["outputs"].Items()) model.outputs.push_back(ReadTensor(tensor, true, limits));
  root["test_inputs"].Require();
  root["test_outputs"].Require();
  AttachFiles(root["test_inputs"], model.inputs, &TensorDescription::test_tensor);
  AttachFiles(root["test_outputs"], model.outputs, &TensorDescription::test_tensor);
  AttachFiles(root["sample_inputs"], model.inputs, &TensorDescription::sample_tensor);
  AttachFiles(root["sample_outputs"], model.outputs, &TensorDescription::sample_tensor);
}

}  // namespace tegula::spec::internal
