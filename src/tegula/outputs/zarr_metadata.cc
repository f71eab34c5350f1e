#include "tegula/outputs/zarr_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tegula/core/interval.h"
#include "tegula/zarr/json.h"

namespace tegula::outputs {
namespace {

using zarr::Count;
using zarr::Item;
using zarr::Json;
using zarr::Member;
using zarr::Number;
using zarr::Text;

constexpr std::string_view kAxisOrder = "tczyx";
constexpr std::int64_t kSmallestLevel = 512;
constexpr int kMaxLevels = 32;
// Blosc counts bytes in 32 bits and needs 16 of them for its header.
constexpr std::int64_t kMaxChunkBytes = std::numeric_limits<std::int32_t>::max() - 16;

struct ReductionName {
  Reduction reduction;
  std::string_view name, description;
};
constexpr ReductionName kReductions[] = {
    {Reduction::kMean, "mean", "mean of 2 x 2 pixels; integers rounded half up"},
    {Reduction::kNanMean, "nanmean", "mean of those of 2 x 2 pixels that are not NaN; integers rounded half up"},
    {Reduction::kMode, "mode", "most frequent of 2 x 2 pixels; of several the first in reading order"},
    {Reduction::kNearest, "nearest", "upper left of 2 x 2 pixels"},
};
constexpr std::string_view kCodecs[] = {"lz4", "zstd"};  // by Codec

// --- Writing ---------------------------------------------------------------------------------------------------------

std::string_view AxisType(char name) { return name == 't' ? "time" : name == 'c' ? "channel" : "space"; }
std::string_view AxisUnit(char name) { return name == 't' ? "second" : "micrometer"; }
bool IsHalved(char name) { return name == 'y' || name == 'x'; }

Json AxesJson(const StoreOptions& options) {
  Json axes = Json::array();
  for (const StoreAxis& axis : options.axes) {
    Json json = {{"name", std::string(1, axis.name)}, {"type", AxisType(axis.name)}};
    if (axis.step > 0) json["unit"] = AxisUnit(axis.name);
    axes.push_back(std::move(json));
  }
  return axes;
}

// A pixel of level k is the mean of f = 2^k pixels, so its centre lies (f - 1) / 2 pixels behind that of the first of
// them.
Json DatasetsJson(const StoreOptions& options) {
  Json datasets = Json::array();
  for (int level = 0; level < options.levels; ++level) {
    Json scale = Json::array(), translation = Json::array();
    for (const StoreAxis& axis : options.axes) {
      const double factor = IsHalved(axis.name) ? std::ldexp(1.0, level) : 1.0;
      const double step = axis.step > 0 ? axis.step : 1.0;
      scale.push_back(step * factor);
      translation.push_back(axis.origin + step * (factor - 1) / 2);
    }
    datasets.push_back({{"path", std::to_string(level)},
                        {"coordinateTransformations",
                         {{{"type", "scale"}, {"scale", std::move(scale)}},
                          {{"type", "translation"}, {"translation", std::move(translation)}}}}});
  }
  return datasets;
}

Json ChannelsJson(const StoreOptions& options) {
  Json channels = Json::array();
  for (const StoreChannel& c : options.channels)
    channels.push_back({{"label", c.name},
                        {"color", fmt::format("{:02X}{:02X}{:02X}", c.colour.r, c.colour.g, c.colour.b)},
                        {"window", {{"min", c.min}, {"max", c.max}, {"start", c.start}, {"end", c.end}}},
                        {"active", true}});
  return channels;
}

// https://ngff.openmicroscopy.org/0.5/#labels-md; a label without a class has no entry.
Json LabelJson(const StoreOptions& options, std::string_view version) {
  Json label = {{"version", version}};
  for (std::size_t value = 0; value < options.classes.size(); ++value) {
    const StoreClass& of = options.classes[value];
    label["colors"].push_back({{"label-value", value}, {"rgba", {of.colour.r, of.colour.g, of.colour.b, 255}}});
    label["properties"].push_back({{"label-value", value}, {"class", of.name}});
  }
  return label;
}

Json FillJson(const StoreOptions& options) {
  if (options.dtype == DType::kBool) return options.fill != 0;
  if (options.dtype == DType::kU64) return static_cast<std::uint64_t>(options.fill);
  if (IsInteger(options.dtype)) return static_cast<std::int64_t>(options.fill);
  if (std::isnan(options.fill)) return "NaN";
  if (std::isinf(options.fill)) return options.fill > 0 ? "Infinity" : "-Infinity";
  return options.fill;
}

// Bits are shuffled for elements of several bytes: with them neighbours share the high bits, single bytes compress best
// as they are.
Json CodecsJson(const StoreOptions& options) {
  const std::int64_t type_size = DTypeSize(options.dtype);
  Json bytes = {{"name", "bytes"}};
  if (type_size > 1) bytes["configuration"] = {{"endian", "little"}};
  Json blosc = {{"cname", kCodecs[static_cast<std::size_t>(options.codec)]},
                {"clevel", options.compression_level},
                {"shuffle", type_size > 1 ? "bitshuffle" : "noshuffle"},
                {"typesize", type_size},
                {"blocksize", 0}};
  return Json::array({std::move(bytes), {{"name", "blosc"}, {"configuration", std::move(blosc)}}});
}

// As NetCDF's conventions (CF) have them, and with them xarray.
constexpr const char* kScale = "scale_factor";
constexpr const char* kOffset = "add_offset";
Json ScaleJson(const StoreOptions& options) {
  Json attributes = Json::object();
  if (options.scale) attributes = {{kScale, options.scale->factor}, {kOffset, options.scale->offset}};
  return attributes;
}

Json ArrayJson(const StoreOptions& options, int level) {
  Json shape = Json::array(), chunk = Json::array(), names = Json::array();
  const Shape level_shape = ShapeOfLevel(options, level);
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    shape.push_back(level_shape[static_cast<int>(i)]);
    chunk.push_back(options.axes[i].chunk);
    names.push_back(std::string(1, options.axes[i].name));
  }
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", std::move(shape)},
          {"data_type", DTypeName(options.dtype)},
          {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", std::move(chunk)}}}}},
          {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "/"}}}}},
          {"fill_value", FillJson(options)},
          {"codecs", CodecsJson(options)},
          {"dimension_names", std::move(names)},
          {"attributes", ScaleJson(options)}};
}

Json MultiscaleJson(const StoreOptions& options) {
  const auto& reduction = *std::ranges::find(kReductions, options.reduction, &ReductionName::reduction);
  return {{"name", options.name},
          {"axes", AxesJson(options)},
          {"datasets", DatasetsJson(options)},
          {"type", reduction.name},
          {"metadata", {{"description", reduction.description}}}};
}

// Text of others may not be UTF-8; what is not becomes the replacement character.
std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

// --- Checking --------------------------------------------------------------------------------------------------------

Status CheckAxes(const StoreOptions& options, const Limits& limits) {
  std::string names;
  for (const StoreAxis& axis : options.axes) names += axis.name;
  std::size_t at = 0;
  for (const char name : names) {
    at = kAxisOrder.find(name, at);
    if (at == std::string_view::npos) break;
    ++at;
  }
  if (at == std::string_view::npos || !names.ends_with("yx"))
    return InvalidError(
        fmt::format("the axes '{}' are not a part of {} in this order that ends in yx", names, kAxisOrder));
  std::int64_t elements = 1, chunk_bytes = DTypeSize(options.dtype);
  for (const StoreAxis& axis : options.axes) {
    if (axis.size < 1 || axis.chunk < 1)
      return InvalidError(fmt::format("axis {} has {} pixels in chunks of {}; both must be at least 1", axis.name,
                                      axis.size, axis.chunk));
    if (axis.size > limits.axis_size || axis.chunk > limits.axis_size)
      return ExhaustedError(fmt::format("axis {} has {} pixels in chunks of {}, more than the limit of {}", axis.name,
                                        axis.size, axis.chunk, limits.axis_size));
    if (!std::isfinite(axis.step) || axis.step < 0 || !std::isfinite(axis.origin) ||
        (axis.name == 'c' && axis.step != 0))
      return InvalidError(
          fmt::format("axis {} cannot have the step {} and the origin {}", axis.name, axis.step, axis.origin));
    if (elements > (std::int64_t{1} << 60) / axis.size) return ExhaustedError("the image has more than 2^60 pixels");
    elements *= axis.size;
    if (chunk_bytes > std::min(kMaxChunkBytes, limits.tensor_bytes) / axis.chunk)
      return ExhaustedError("a chunk has more than 2 GiB; choose smaller chunks");
    chunk_bytes *= axis.chunk;
  }
  return Ok();
}

Status CheckFill(const StoreOptions& options) {
  const bool is_value = VisitStoredDType(options.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kIsFloat<T>) {
      return !std::isfinite(options.fill) || static_cast<double>(static_cast<T>(options.fill)) == options.fill;
    } else {
      // 2^digits is the first number above the type's range and, unlike the range's end, always a double.
      const bool in_range = options.fill >= static_cast<double>(std::numeric_limits<T>::min()) &&
                            options.fill < std::ldexp(1.0, std::numeric_limits<T>::digits);
      return in_range && std::trunc(options.fill) == options.fill;
    }
  });
  if (!is_value)
    return InvalidError(fmt::format("the fill value {} is not a value of {}", options.fill, DTypeName(options.dtype)));
  return Ok();
}

Status CheckChannels(const StoreOptions& options, const Limits& limits) {
  const auto axis = std::ranges::find(options.axes, 'c', &StoreAxis::name);
  const std::int64_t positions = axis == options.axes.end() ? 1 : axis->size;
  if (positions > limits.channels)
    return ExhaustedError(fmt::format("{} channels are more than the limit of {}", positions, limits.channels));
  const auto described = static_cast<std::int64_t>(options.channels.size());
  if (described != 0 && described != positions)
    return InvalidError(fmt::format("{} channels are described but the image has {}", described, positions));
  if (options.is_label ? !IsInteger(options.dtype) : !options.classes.empty())
    return InvalidError("only an image of integers can be one of labels, and only such an image has classes");
  if (options.scale &&
      !(std::isfinite(options.scale->factor) && options.scale->factor > 0 && std::isfinite(options.scale->offset)))
    return InvalidError("the scale of the stored numbers is not a finite number above 0");
  for (const StoreChannel& c : options.channels)
    if (!std::isfinite(c.min) || !std::isfinite(c.max) || !std::isfinite(c.start) || !std::isfinite(c.end))
      return InvalidError(fmt::format("the display range of channel '{}' is not finite", c.name));
  return Ok();
}

// --- Reading ---------------------------------------------------------------------------------------------------------

// Nested deeper than anything that is written here is refused, because comparing values recurses.
Result<Json> Parse(std::string_view text) {
  constexpr int kMaxDepth = 16;
  return zarr::ParseObject(text, kMaxDepth);
}

Error Differs(std::string_view field) {
  return UnsupportedError(fmt::format("its '{}' is not what Tegula writes", field));
}

// `actual` says for every field of `expected` the same. Key order does not matter for nlohmann's unordered json.
Status CheckSame(const Json& actual, const Json& expected, std::initializer_list<const char*> fields) {
  for (const char* field : fields)
    if (nlohmann::json(Member(actual, field)) != nlohmann::json(Member(expected, field))) return Differs(field);
  return Ok();
}

Result<double> ParseFill(const Json& json) {
  if (json.is_boolean()) return json.get<bool>() ? 1.0 : 0.0;
  if (const std::optional<double> number = Number(json)) return *number;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string text = Text(json);
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return Differs("fill_value");
}

Result<Rgb> ParseColour(const std::string& text) {
  std::array<int, 6> digits{};
  const bool is_hex =
      text.size() == 6 && std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!is_hex) return CorruptError(fmt::format("'{}' is not a colour", text));
  std::ranges::transform(text, digits.begin(), [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; });
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(digits[i] * 16 + digits[i + 1]); };
  return Rgb{byte(0), byte(2), byte(4)};
}

Result<StoreChannel> ParseChannel(const Json& json) {
  StoreChannel channel;
  channel.name = Text(Member(json, "label"));
  TEGULA_ASSIGN_OR_RETURN(channel.colour, ParseColour(Text(Member(json, "color"))));
  const Json& window = Member(json, "window");
  for (const auto& [key, value] : {std::pair("min", &channel.min), std::pair("max", &channel.max),
                                   std::pair("start", &channel.start), std::pair("end", &channel.end)}) {
    const std::optional<double> number = Number(Member(window, key));
    if (!number) return CorruptError(fmt::format("the display range of channel '{}' has no {}", channel.name, key));
    *value = *number;
  }
  return channel;
}

Status ParseLabel(const Json& label, StoreOptions& options) {
  options.is_label = label.is_object();
  const Json &colours = Member(label, "colors"), &properties = Member(label, "properties");
  for (std::size_t i = 0; colours.is_array() && i < colours.size(); ++i) {
    const Json& rgba = Member(colours[i], "rgba");
    std::array<std::uint8_t, 3> rgb{};
    for (std::size_t k = 0; k < rgb.size(); ++k) {
      const std::int64_t part = Count(Item(rgba, k));
      if (part < 0 || part > 255) return CorruptError("a colour of its labels is none");
      rgb[k] = static_cast<std::uint8_t>(part);
    }
    options.classes.push_back({Text(Member(Item(properties, i), "class")), {rgb[0], rgb[1], rgb[2]}});
  }
  return Ok();
}

Status ParseScale(const Json& attributes, StoreOptions& options) {
  const Json &factor = Member(attributes, kScale), &offset = Member(attributes, kOffset);
  if (factor.is_null() && offset.is_null()) return Ok();
  if (!factor.is_number() || !offset.is_number()) return Differs(kScale);
  options.scale = StoredScale{factor.get<double>(), offset.get<double>()};
  return Ok();
}

Status ParseArray(const Json& array, StoreOptions& options) {
  const std::optional<DType> dtype = StoredDTypeFromName(Text(Member(array, "data_type")));
  if (!dtype) return Differs("data_type");
  options.dtype = *dtype;
  const Json& shape = Member(array, "shape");
  const Json& chunk = Member(Member(Member(array, "chunk_grid"), "configuration"), "chunk_shape");
  if (!shape.is_array() || shape.size() != options.axes.size())
    return CorruptError("its shape has not one size per axis");
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    options.axes[i].size = Count(Item(shape, i));
    options.axes[i].chunk = Count(Item(chunk, i));
  }
  TEGULA_ASSIGN_OR_RETURN(options.fill, ParseFill(Member(array, "fill_value")));
  TEGULA_TRY(ParseScale(Member(array, "attributes"), options));
  const Json& blosc = Member(Item(Member(array, "codecs"), 1), "configuration");
  const auto* const codec = std::ranges::find(kCodecs, Text(Member(blosc, "cname")));
  const std::int64_t level = Count(Member(blosc, "clevel"));
  if (codec == std::end(kCodecs) || level < 0 || level > 9) return Differs("codecs");
  options.codec = static_cast<Codec>(codec - std::begin(kCodecs));
  options.compression_level = static_cast<int>(level);
  return Ok();
}

Status ParseMultiscale(const Json& multiscale, StoreOptions& options) {
  options.name = Text(Member(multiscale, "name"));
  const Json& axes = Member(multiscale, "axes");
  const Json& datasets = Member(multiscale, "datasets");
  if (!axes.is_array() || axes.size() < 2 || axes.size() > kAxisOrder.size()) return Differs("axes");
  if (!datasets.is_array() || datasets.empty() || datasets.size() > kMaxLevels) return Differs("datasets");
  options.levels = static_cast<int>(datasets.size());
  const Json& transformations = Member(Item(datasets, 0), "coordinateTransformations");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::string name = Text(Member(axes[i], "name"));
    const std::optional<double> step = Number(Item(Member(Item(transformations, 0), "scale"), i));
    const std::optional<double> origin = Number(Item(Member(Item(transformations, 1), "translation"), i));
    if (name.size() != 1 || !step || !origin) return Differs("coordinateTransformations");
    options.axes.push_back({.name = name[0], .step = Member(axes[i], "unit").is_null() ? 0 : *step, .origin = *origin});
  }
  const auto* const reduction = std::ranges::find(kReductions, Text(Member(multiscale, "type")), &ReductionName::name);
  if (reduction == std::end(kReductions)) return Differs("type");
  options.reduction = reduction->reduction;
  return Ok();
}

}  // namespace

Shape ShapeOfLevel(const StoreOptions& options, int level) noexcept {
  std::array<std::int64_t, kMaxRank> sizes{};
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    const StoreAxis& axis = options.axes[i];
    sizes[i] = IsHalved(axis.name) ? CeilDiv(axis.size, std::int64_t{1} << level) : axis.size;
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), options.axes.size()));
}

Status CompleteOptions(StoreOptions& options, const Limits& limits) {
  TEGULA_TRY(CheckAxes(options, limits));
  TEGULA_TRY(CheckFill(options));
  TEGULA_TRY(CheckChannels(options, limits));
  if (options.compression_level < 0 || options.compression_level > 9)
    return InvalidError(fmt::format("the compression level {} is not between 0 and 9", options.compression_level));
  if (options.levels < 0 || options.levels > kMaxLevels)
    return InvalidError(fmt::format("{} levels are asked for; there can be 1 to {}", options.levels, kMaxLevels));
  if (options.levels > 0) return Ok();
  const std::int64_t edge = std::max(options.axes[options.axes.size() - 2].size, options.axes.back().size);
  options.levels = 1;
  while (CeilDiv(edge, std::int64_t{1} << (options.levels - 1)) > kSmallestLevel) ++options.levels;
  return Ok();
}

std::string GroupMetadata(const StoreOptions& options) {
  Json ome = {{"version", "0.5"}, {"multiscales", Json::array({MultiscaleJson(options)})}};
  if (!options.channels.empty()) ome["omero"] = {{"channels", ChannelsJson(options)}};
  if (options.is_label) ome["image-label"] = LabelJson(options, "0.5");
  return Dump({{"zarr_format", 3}, {"node_type", "group"}, {"attributes", {{"ome", std::move(ome)}}}});
}

std::string ArrayMetadata(const StoreOptions& options, int level) { return Dump(ArrayJson(options, level)); }

Result<StoreOptions> ParseMetadata(std::string_view group, std::string_view level0, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Json group_json, Parse(group));
  TEGULA_ASSIGN_OR_RETURN(const Json array_json, Parse(level0));
  const Json& ome = Member(Member(group_json, "attributes"), "ome");
  if (Text(Member(ome, "version")) != "0.5") return UnsupportedError("it is not an image of OME-Zarr 0.5");
  const Json& multiscale = Item(Member(ome, "multiscales"), 0);
  StoreOptions options;
  TEGULA_TRY(ParseMultiscale(multiscale, options));
  TEGULA_TRY(ParseArray(array_json, options));
  const Json& channels = Member(Member(ome, "omero"), "channels");
  for (std::size_t i = 0; channels.is_array() && i < channels.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(StoreChannel channel, ParseChannel(channels[i]));
    options.channels.push_back(std::move(channel));
  }
  TEGULA_TRY(ParseLabel(Member(ome, "image-label"), options));
  Status checked = CompleteOptions(options, limits);
  if (!checked.ok() && checked.error().code == Code::kInvalid) return CorruptError(checked.error().what);
  TEGULA_TRY(std::move(checked));
  TEGULA_TRY(CheckSame(multiscale, MultiscaleJson(options), {"axes", "datasets"}));
  return options;
}

Status CheckArrayMetadata(std::string_view text, const StoreOptions& options, int level) {
  TEGULA_ASSIGN_OR_RETURN(const Json actual, Parse(text));
  return CheckSame(actual, ArrayJson(options, level),
                   {"zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value",
                    "codecs", "dimension_names"});
}

}  // namespace tegula::outputs
