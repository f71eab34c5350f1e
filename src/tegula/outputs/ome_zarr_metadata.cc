#include "tegula/outputs/ome_zarr_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

namespace tegula::outputs {
namespace {

using zarr::Count;
using zarr::Item;
using zarr::Json;
using zarr::Member;
using zarr::Number;
using zarr::Text;

constexpr std::size_t kMaxAxes = 5, kMaxLevels = 32;

constexpr const char* kScale = "scale_factor";
constexpr const char* kOffset = "add_offset";

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

Json MultiscaleJson(const StoreOptions& options) {
  const auto& reduction = *std::ranges::find(kReductions, options.reduction, &ReductionName::reduction);
  Json metadata = {{"description", reduction.description}};
  if (options.scale) metadata.update(ScaleJson(options));
  return {{"name", options.name},
          {"axes", AxesJson(options)},
          {"datasets", DatasetsJson(options)},
          {"type", reduction.name},
          {"metadata", std::move(metadata)}};
}

// --- Reading ---------------------------------------------------------------------------------------------------------

Result<Rgb> ParseColour(const std::string& text) {
  const std::optional<Rgb> colour = ColourFromText("#" + text);
  if (!colour) return CorruptError(fmt::format("'{}' is not a colour", text));
  return *colour;
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

Status ParseMultiscale(const Json& multiscale, StoreOptions& options) {
  options.name = Text(Member(multiscale, "name"));
  const Json& axes = Member(multiscale, "axes");
  const Json& datasets = Member(multiscale, "datasets");
  if (!axes.is_array() || axes.size() < 2 || axes.size() > kMaxAxes) return Differs("axes");
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
  return ParseScale(Member(multiscale, "metadata"), options);
}

}  // namespace

Json ScaleJson(const StoreOptions& options) {
  Json attributes = Json::object();
  if (options.scale) attributes = {{kScale, options.scale->factor}, {kOffset, options.scale->offset}};
  return attributes;
}

Json OmeJson(const StoreOptions& options, std::string_view version) {
  Json ome = {{"multiscales", Json::array({MultiscaleJson(options)})}};
  if (!options.channels.empty()) ome["omero"] = {{"channels", ChannelsJson(options)}};
  if (options.is_label) ome["image-label"] = LabelJson(options, version);
  return ome;
}

Status ParseOme(const Json& ome, StoreOptions& options) {
  TEGULA_TRY(ParseMultiscale(Item(Member(ome, "multiscales"), 0), options));
  const Json& channels = Member(Member(ome, "omero"), "channels");
  for (std::size_t i = 0; channels.is_array() && i < channels.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(StoreChannel channel, ParseChannel(channels[i]));
    options.channels.push_back(std::move(channel));
  }
  return ParseLabel(Member(ome, "image-label"), options);
}

Status CheckOme(const Json& ome, const StoreOptions& options) {
  constexpr std::array kFields = {"axes", "datasets"};
  return CheckSame(Item(Member(ome, "multiscales"), 0), MultiscaleJson(options), kFields);
}

Error Differs(std::string_view field) {
  return UnsupportedError(fmt::format("its '{}' is not what Tegula writes", field));
}

Status CheckSame(const Json& actual, const Json& expected, std::span<const char* const> fields) {
  // Key order does not matter for nlohmann's unordered json.
  for (const char* field : fields)
    if (nlohmann::json(Member(actual, field)) != nlohmann::json(Member(expected, field))) return Differs(field);
  return Ok();
}

}  // namespace tegula::outputs
