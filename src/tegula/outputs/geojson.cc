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

constexpr std::string_view kHead = R"({"type":"FeatureCollection","features":[)", kTail = "\n]}\n";
constexpr std::string_view kFirst = "\n", kNext = ",\n";  // what stands before a feature

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
  const objects::MapFrame& frame = options.frame;
  for (const double scale : {frame.scale_y, frame.scale_x})
    if (!(scale >= kSmallestScale && scale <= kLargestScale))
      return InvalidError(
          fmt::format("outlines cannot be written where a pixel of the result is {} pixels of the slide: use {} to {}",
                      scale, kSmallestScale, kLargestScale));
  for (const double origin : {frame.origin_y, frame.origin_x})
    if (!(std::abs(origin) <= kLargestOrigin))
      return InvalidError(
          fmt::format("outlines cannot begin at pixel {} of the slide: use at most {}", origin, kLargestOrigin));
  if (frame.pixel_size && !(frame.pixel_size->y_um > 0 && frame.pixel_size->x_um > 0))
    return InvalidError(fmt::format("a pixel size of {} x {} µm is not positive: correct it or leave it out",
                                    frame.pixel_size->y_um, frame.pixel_size->x_um));
  std::vector<std::string> names = options.measurements;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return InvalidError(fmt::format("two measurements are called {}: they need different names", *twice));
  return Ok();
}

}  // namespace

Result<GeoJsonFormat> GeoJsonFormat::Create(const GeoJsonOptions& options) {
  TEGULA_TRY(Check(options));
  return GeoJsonFormat(options);
}

GeoJsonFormat::GeoJsonFormat(const GeoJsonOptions& options) : options_(options) {
  for (const GeoJsonClass& classification : options.classes)
    properties_.push_back(Properties(options, &classification));
  if (options.classes.empty()) properties_.push_back(Properties(options, nullptr));
  for (const std::string& name : options.measurements)
    keys_.push_back((keys_.empty() ? R"(,"measurements":{)" : ",") + Quoted(name) + ":");
}

Status GeoJsonFormat::Append(const objects::Region& region, std::span<const double> values, std::string& text,
                             const Drawn& drawn) const {
  const bool is_classified = !options_.classes.empty();
  if (is_classified && (region.label < 0 || static_cast<std::size_t>(region.label) >= properties_.size()))
    return InvalidError(fmt::format("an object has class {}, but only {} classes have names and colours", region.label,
                                    properties_.size()));
  if (values.size() != keys_.size())
    return InvalidError(fmt::format("an object has {} measurements, but {} have names", values.size(), keys_.size()));
  text += R"({"type":"Feature","id":")";
  text += Id(region);
  text += R"(",)";
  if (drawn.cell != nullptr) {
    AppendOutline("geometry", *drawn.cell, drawn.cell_outline, text);
    AppendOutline("nucleusGeometry", region, drawn.outline, text);
  } else {
    AppendOutline("geometry", region, drawn.outline, text);
  }
  text += properties_[is_classified ? static_cast<std::size_t>(region.label) : 0];
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    text += keys_[i];
    AppendNumber(text, values[i]);
  }
  text += keys_.empty() ? "}}" : "}}}";
  return Ok();
}

// A UUID of version 8 (RFC 9562), whose bits are the writer's own: a hash of the seed, the class and the first pixel.
// The hash is one-to-one, so that objects of one class never share an id.
std::string GeoJsonFormat::Id(const objects::Region& region) const {
  const auto place = (static_cast<std::uint64_t>(region.first.y) << 32) | static_cast<std::uint32_t>(region.first.x);
  const std::uint64_t high = Mix(Mix(Mix(options_.seed) ^ static_cast<std::uint64_t>(region.label)) ^ place);
  const std::uint64_t low = Mix(high);
  return fmt::format("{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFF,
                     0x8000 | ((low >> 48) & 0x3FFF), low & 0xFFFF'FFFF'FFFF);
}

void GeoJsonFormat::AppendOutline(std::string_view key, const objects::Region& region,
                                  const std::vector<objects::PointPolygon>* outline, std::string& text) const {
  text += '"';
  text += key;
  text += R"(":)";
  if (outline != nullptr) {
    AppendGeometry(*outline, text);
  } else {
    AppendGeometry(region.polygons, text);
  }
  text += ',';
}

template <class P>
void GeoJsonFormat::AppendGeometry(const std::vector<P>& polygons, std::string& text) const {
  if (polygons.size() == 1) {
    text += R"({"type":"Polygon","coordinates":)";
    AppendPolygon(polygons.front(), text);
  } else {
    text += R"({"type":"MultiPolygon","coordinates":[)";
    for (const P& polygon : polygons) {
      if (&polygon != &polygons.front()) text += ',';
      AppendPolygon(polygon, text);
    }
    text += ']';
  }
  text += '}';
}

template <class P>
void GeoJsonFormat::AppendPolygon(const P& polygon, std::string& text) const {
  text += '[';
  AppendRing(polygon.outer, text);
  for (const auto& hole : polygon.holes) {
    text += ',';
    AppendRing(hole, text);
  }
  text += ']';
}

template <class R>
void GeoJsonFormat::AppendRing(const R& ring, std::string& text) const {
  const objects::MapFrame& frame = options_.frame;
  text += '[';
  for (const auto& corner : ring) {
    text += '[';
    AppendCoordinate(text, frame.origin_x + frame.scale_x * corner.x);
    text += ',';
    AppendCoordinate(text, frame.origin_y + frame.scale_y * corner.y);
    text += "],";
  }
  text.back() = ']';
}

std::string GeoJsonText(std::span<const std::string> features) {
  std::string text(kHead);
  for (const std::string& feature : features) {
    text += &feature == &features.front() ? kFirst : kNext;
    text += feature;
  }
  text += kTail;
  return text;
}

Result<GeoJsonWriter> GeoJsonWriter::Create(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TEGULA_TRY(file.Write(kHead));
  return GeoJsonWriter(std::move(file));
}

Status GeoJsonWriter::Add(std::string_view feature) {
  TEGULA_TRY(file_.Write(objects_ == 0 ? kFirst : kNext));
  ++objects_;
  return file_.Write(feature);
}

Status GeoJsonWriter::Commit() {
  TEGULA_TRY(file_.Write(kTail));
  return file_.Commit();
}

}  // namespace tegula::outputs
