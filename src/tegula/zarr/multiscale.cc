#include "tegula/zarr/multiscale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tegula/core/text.h"
#include "tegula/zarr/json.h"

namespace tegula::zarr {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxLevels = 64;
constexpr std::string_view kAxisNames = "tczyx";

Error Wrong(std::string_view field) { return CorruptError(fmt::format("its '{}' is not as OME-NGFF has it", field)); }

// --- Groups that are no image ----------------------------------------------------------------------------------------

// Up to a few of the names, each below `where`.
std::string Names(const Json& list, const char* member, const std::string& where) {
  constexpr std::size_t kShown = 5;
  std::string names;
  for (std::size_t i = 0; list.is_array() && i < std::min(list.size(), kShown); ++i) {
    const std::string name = Text(member == nullptr ? list[i] : Member(list[i], member));
    if (IsKey(name)) names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", where, name);
  }
  if (list.is_array() && list.size() > kShown) names += ", ...";
  return names;
}

Error NoImage(const Json& ome, const std::string& where) {
  const auto refusal = [](std::string_view what, std::string_view instead) {
    return UnsupportedError(fmt::format("it is {} and no image; name one of its images: {}", what, instead));
  };
  if (const Json& labels = Member(ome, "labels"); labels.is_array())
    return refusal("the group of an image's labels", Names(labels, nullptr, where));
  if (const Json& wells = Member(Member(ome, "plate"), "wells"); wells.is_array())
    return refusal("a plate", Names(wells, "path", where) + " are its wells, .../0 is the first field of a well");
  if (const Json& fields = Member(Member(ome, "well"), "images"); fields.is_array())
    return refusal("a well", Names(fields, "path", where));
  if (!Member(ome, "bioformats2raw.layout").is_null())
    return refusal("a collection that bioformats2raw wrote", where + "/0 is the first");
  return UnsupportedError(
      "it is a Zarr without the metadata of an OME-Zarr image ('multiscales' with axes); name the folder that has it, "
      "or "
      "write the image with a program for OME-Zarr");
}

// --- Image -----------------------------------------------------------------------------------------------------------

Status ParseAxes(const Json& axes, ImageMetadata& image) {
  if (!axes.is_array() || axes.size() < 2 || axes.size() > kAxisNames.size()) return Wrong("axes");
  for (const Json& axis : axes) {
    const std::string name = ToLower(Text(Member(axis, "name")));
    if (name.size() != 1 || kAxisNames.find(name) == std::string_view::npos)
      return UnsupportedError(
          fmt::format("its axis '{}' is not read here; an image has axes of t, c, z, y and x", name.substr(0, 60)));
    if (image.AxisOf(name[0]) >= 0) return CorruptError(fmt::format("it has two axes {}", name));
    const std::string type = Text(Member(axis, "type"));
    const std::string_view expected = name == "t" ? "time" : name == "c" ? "channel" : "space";
    if (!type.empty() && type != expected)
      return UnsupportedError(
          fmt::format("its axis {} is of type '{}' instead of '{}'", name, type.substr(0, 60), expected));
    image.axes.push_back({name[0], Text(Member(axis, "unit"))});
  }
  if (image.AxisOf('y') < 0 || image.AxisOf('x') < 0) return CorruptError("it has no axes y and x");
  return Ok();
}

// Adds the transformations, in the order in which they are applied.
Status Transform(const Json& list, std::size_t rank, ImageLevel& level) {
  if (!list.is_array() || list.size() > kMaxLevels) return Wrong("coordinateTransformations");
  for (const Json& transformation : list) {
    const std::string type = Text(Member(transformation, "type"));
    if (type == "identity") continue;
    if (type != "scale" && type != "translation")
      return UnsupportedError(fmt::format("its coordinate transformation '{}' is not read here", type.substr(0, 60)));
    const Json& values = Member(transformation, type.c_str());
    if (!values.is_array() || values.size() != rank) return Wrong("coordinateTransformations");
    for (std::size_t i = 0; i < rank; ++i) {
      const std::optional<double> value = Number(values[i]);
      if (!value || !std::isfinite(*value) || (type == "scale" && *value <= 0))
        return Wrong("coordinateTransformations");
      if (type == "scale") {
        level.scale[i] *= *value;
        level.translation[i] *= *value;
      } else {
        level.translation[i] += *value;
      }
      const bool sane = std::isfinite(level.scale[i]) && level.scale[i] > 0 && std::isfinite(level.translation[i]);
      if (!sane) return Wrong("coordinateTransformations");
    }
  }
  return Ok();
}

Status ParseLevels(const Json& multiscale, ImageMetadata& image) {
  const Json& datasets = Member(multiscale, "datasets");
  if (!datasets.is_array() || datasets.empty()) return Wrong("datasets");
  if (datasets.size() > kMaxLevels)
    return ExhaustedError(fmt::format("it has {} levels, more than the limit of {}", datasets.size(), kMaxLevels));
  const Json& common = Member(multiscale, "coordinateTransformations");
  for (const Json& dataset : datasets) {
    const std::size_t rank = image.axes.size();
    ImageLevel level{Text(Member(dataset, "path")), std::vector<double>(rank, 1.0), std::vector<double>(rank, 0.0)};
    if (!IsKey(level.path))
      return CorruptError(fmt::format("the path '{}' of a level leads out of the image", level.path.substr(0, 60)));
    TEGULA_TRY(Transform(Member(dataset, "coordinateTransformations"), rank, level));
    if (!common.is_null()) TEGULA_TRY(Transform(common, rank, level));
    image.levels.push_back(std::move(level));
  }
  return Ok();
}

void ParseChannels(const Json& channels, ImageMetadata& image, std::size_t most) {
  for (std::size_t i = 0; channels.is_array() && i < std::min(channels.size(), most); ++i)
    image.channels.push_back({Text(Member(channels[i], "label")), Text(Member(channels[i], "color"))});
}

// "0.4", and its revisions "0.4.1".
bool IsVersion(std::string_view text, std::string_view version) {
  return text == version || (text.starts_with(version) && text.substr(version.size()).starts_with('.'));
}

// `ome`: what has the members multiscales and omero.
Result<ImageMetadata> ParseImage(const Json& ome, const Json& version, std::string_view read,
                                 const std::string& where) {
  const Json& multiscales = Member(ome, "multiscales");
  if (!multiscales.is_array() || multiscales.empty()) return NoImage(ome, where);
  const Json& multiscale = multiscales[0];
  const std::string stated = version.is_null() ? std::string(read) : Text(version);
  if (!IsVersion(stated, read))
    return UnsupportedError(
        fmt::format("it is of OME-NGFF '{}', but 0.4 (Zarr 2) and 0.5 (Zarr 3) are read; convert it with "
                    "`ngff-zarr` or write it again",
                    stated.substr(0, 60)));
  constexpr std::size_t kMaxChannels = 1 << 16;
  ImageMetadata image;
  image.version = stated;
  TEGULA_TRY(ParseAxes(Member(multiscale, "axes"), image));
  TEGULA_TRY(ParseLevels(multiscale, image));
  ParseChannels(Member(Member(ome, "omero"), "channels"), image, kMaxChannels);
  return image;
}

}  // namespace

int ImageMetadata::AxisOf(char name) const noexcept {
  const auto found = std::ranges::find(axes, name, &ImageAxis::name);
  return found == axes.end() ? -1 : static_cast<int>(found - axes.begin());
}

Result<ImageMetadata> ParseImageV2(std::string_view text, const std::string& where) {
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, kMaxDepth));
  TEGULA_ASSIGN_OR_RETURN(ImageMetadata image,
                          ParseImage(json, Member(Item(Member(json, "multiscales"), 0), "version"), "0.4", where));
  image.zarr_format = 2;
  return image;
}

Result<ImageMetadata> ParseImageV3(std::string_view text, const std::string& where) {
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, kMaxDepth));
  if (Count(Member(json, "zarr_format")) != 3) return Wrong("zarr_format");
  if (Text(Member(json, "node_type")) != "group") return NoImage(Json(), where);
  const Json& ome = Member(Member(json, "attributes"), "ome");
  return ParseImage(ome, Member(ome, "version"), "0.5", where);
}

Result<ImageMetadata> ReadImageMetadata(const ByteStore& store, const std::string& where, const Limits& limits) {
  struct Generation {
    const char* file;
    Result<ImageMetadata> (*parse)(std::string_view, const std::string&);
  };
  for (const Generation generation : {Generation{"zarr.json", &ParseImageV3}, Generation{".zattrs", &ParseImageV2}}) {
    TEGULA_ASSIGN_OR_RETURN(const std::optional<std::string> text,
                            store.Get(generation.file, limits.description_bytes));
    if (text) return generation.parse(*text, where);
  }
  return NoImage(Json(), where);
}

}  // namespace tegula::zarr
