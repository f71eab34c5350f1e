#include "tegula/outputs/geojson.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tegula/core/random.h"

namespace tegula::outputs {
namespace {

// Two neighbouring corners must stay apart when they are rounded, and none may leave what a double counts exactly.
constexpr double kSmallestScale = 0.02;
constexpr double kLargestScale = 1e4;
constexpr double kLargestOrigin = 1e9;

std::string_view Name(ObjectType type) {
  switch (type) {
    case ObjectType::kDetection: return "detection";
    case ObjectType::kAnnotation: return "annotation";
    case ObjectType::kCell: break;
  }
  return "cell";
}

// Bytes that are not UTF-8 become U+FFFD, since a reader would refuse the whole file for them.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Properties(const GeoJsonOptions& options, const GeoJsonClass* classification) {
  std::string text = fmt::format(R"("properties":{{"objectType":"{}")", Name(options.type));
  if (classification != nullptr) {
    const Rgb color = classification->color;
    text += fmt::format(R"(,"classification":{{"name":{},"color":[{},{},{}]}})", Quoted(classification->name), color.r,
                        color.g, color.b);
  }
  if (options.locked) text += R"(,"isLocked":true)";
  return text;
}

void AppendInteger(std::string& text, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

// `value` with at most two decimals.
void AppendCoordinate(std::string& text, double value) {
  std::int64_t hundredths = std::llround(value * 100);
  if (hundredths < 0) {
    text += '-';
    hundredths = -hundredths;
  }
  AppendInteger(text, hundredths / 100);
  const auto rest = static_cast<int>(hundredths % 100);
  if (rest == 0) return;
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) text += static_cast<char>('0' + rest % 10);
}

// JSON has no numbers for these; the texts are what QuPath reads and writes.
void AppendNumber(std::string& text, double value) {
  if (std::isnan(value)) {
    text += R"("NaN")";
  } else if (std::isinf(value)) {
    text += value > 0 ? R"("Infinity")" : R"("-Infinity")";
  } else {
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
}

Status Check(const GeoJsonOptions& options) {
  for (const double scale : {options.scale_y, options.scale_x})
    if (!(scale >= kSmallestScale && scale <= kLargestScale))
      return InvalidError(
          fmt::format("outlines cannot be written where a pixel of the result is {} pixels of the slide: use {} to {}",
                      scale, kSmallestScale, kLargestScale));
  for (const double origin : {options.origin_y, options.origin_x})
    if (!(std::abs(origin) <= kLargestOrigin))
      return InvalidError(
          fmt::format("outlines cannot begin at pixel {} of the slide: use at most {}", origin, kLargestOrigin));
  if (options.pixel_size && !(options.pixel_size->y_um > 0 && options.pixel_size->x_um > 0))
    return InvalidError(fmt::format("a pixel size of {} x {} µm is not positive: correct it or leave it out",
                                    options.pixel_size->y_um, options.pixel_size->x_um));
  std::vector<std::string> names = options.value_channels;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return InvalidError(fmt::format("two channels are called {}: their means need different names", *twice));
  return Ok();
}

}  // namespace

Result<GeoJsonWriter> GeoJsonWriter::Create(const Path& path, const GeoJsonOptions& options) {
  TEGULA_TRY(Check(options));
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  return GeoJsonWriter(std::move(file), options);
}

GeoJsonWriter::GeoJsonWriter(AtomicFile file, const GeoJsonOptions& options)
    : file_(std::move(file)), options_(options), text_(R"({"type":"FeatureCollection","features":[)") {
  for (const GeoJsonClass& classification : options.classes)
    properties_.push_back(Properties(options, &classification));
  for (const std::string& channel : options.value_channels) mean_keys_.push_back("," + Quoted("Mean " + channel) + ":");
}

Status GeoJsonWriter::Add(const objects::Region& region) {
  const bool classified = !options_.classes.empty();
  if (classified && (region.label < 0 || static_cast<std::size_t>(region.label) >= properties_.size()))
    return InvalidError(fmt::format("an object has class {}, but only {} classes have names and colours", region.label,
                                    properties_.size()));
  if (region.means.size() != mean_keys_.size())
    return InvalidError(fmt::format("an object has means of {} channels, but {} channels have names",
                                    region.means.size(), mean_keys_.size()));
  text_ += objects_ == 0 ? "\n" : ",\n";
  text_ += R"({"type":"Feature","id":")";
  AppendId(region);
  text_ += R"(",)";
  AppendGeometry(region);
  text_ += ',';
  text_ += classified ? properties_[static_cast<std::size_t>(region.label)] : Properties(options_, nullptr);
  AppendMeasurements(region);
  text_ += "}}";
  ++objects_;
  TEGULA_TRY(file_.Write(text_));
  text_.clear();
  return Ok();
}

Status GeoJsonWriter::Commit() {
  TEGULA_TRY(file_.Write(text_));
  TEGULA_TRY(file_.Write("\n]}\n"));
  return file_.Commit();
}

// A UUID of version 8 (RFC 9562), whose bits are the writer's own: a hash of the seed, the class and the first pixel.
// The hash is one-to-one, so that objects of one class never share an id.
void GeoJsonWriter::AppendId(const objects::Region& region) {
  const auto place = (static_cast<std::uint64_t>(region.first.y) << 32) | static_cast<std::uint32_t>(region.first.x);
  const std::uint64_t high = Mix(Mix(Mix(options_.seed) ^ static_cast<std::uint64_t>(region.label)) ^ place);
  const std::uint64_t low = Mix(high);
  fmt::format_to(std::back_inserter(text_), "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                 high & 0xFFF, 0x8000 | ((low >> 48) & 0x3FFF), low & 0xFFFF'FFFF'FFFF);
}

void GeoJsonWriter::AppendGeometry(const objects::Region& region) {
  if (region.polygons.size() == 1) {
    text_ += R"("geometry":{"type":"Polygon","coordinates":)";
    AppendPolygon(region.polygons.front());
  } else {
    text_ += R"("geometry":{"type":"MultiPolygon","coordinates":[)";
    for (const objects::Polygon& polygon : region.polygons) {
      if (&polygon != &region.polygons.front()) text_ += ',';
      AppendPolygon(polygon);
    }
    text_ += ']';
  }
  text_ += '}';
}

void GeoJsonWriter::AppendPolygon(const objects::Polygon& polygon) {
  text_ += '[';
  AppendRing(polygon.outer);
  for (const objects::Ring& hole : polygon.holes) {
    text_ += ',';
    AppendRing(hole);
  }
  text_ += ']';
}

void GeoJsonWriter::AppendRing(const objects::Ring& ring) {
  text_ += '[';
  for (const objects::Corner corner : ring) {
    text_ += '[';
    AppendCoordinate(text_, options_.origin_x + options_.scale_x * corner.x);
    text_ += ',';
    AppendCoordinate(text_, options_.origin_y + options_.scale_y * corner.y);
    text_ += "],";
  }
  text_.back() = ']';
}

void GeoJsonWriter::AppendMeasurements(const objects::Region& region) {
  const bool in_um = options_.pixel_size.has_value();
  const double unit_y = in_um ? options_.pixel_size->y_um : 1, unit_x = in_um ? options_.pixel_size->x_um : 1;
  text_ += in_um ? R"(,"measurements":{"Area µm^2":)" : R"(,"measurements":{"Area px^2":)";
  AppendNumber(text_, static_cast<double>(region.area_px) * (options_.scale_y * unit_y) * (options_.scale_x * unit_x));
  text_ += in_um ? R"(,"Centroid X µm":)" : R"(,"Centroid X px":)";
  AppendNumber(text_, (options_.origin_x + options_.scale_x * region.centroid_x) * unit_x);
  text_ += in_um ? R"(,"Centroid Y µm":)" : R"(,"Centroid Y px":)";
  AppendNumber(text_, (options_.origin_y + options_.scale_y * region.centroid_y) * unit_y);
  if (region.number > 0) {
    text_ += R"(,"Label":)";
    AppendInteger(text_, region.number);
  }
  for (std::size_t c = 0; c < mean_keys_.size(); ++c) {
    text_ += mean_keys_[c];
    AppendNumber(text_, region.means[c]);
  }
  text_ += '}';
}

}  // namespace tegula::outputs
