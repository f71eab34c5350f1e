#include "tegula/objects/annotations/geojson_feature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <limits>

#include "tegula/objects/annotations/geojson_geometry.h"

namespace tegula::objects {
namespace {

using Kind = JsonValue::Kind;

// QuPath 0.2 wrote the type of an object as its id.
struct LegacyType {
  std::string_view id, type;
};
constexpr LegacyType kLegacyTypes[] = {
    {"PathAnnotationObject", "annotation"},
    {"PathDetectionObject", "detection"},
    {"PathCellObject", "cell"},
    {"PathTileObject", "tile"},
    {"TMACoreObject", "tmaCore"},
    {"PathRootObject", "root"},
};

std::string Shortened(std::string text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  return text.substr(0, end) + "…";
}

// Which of two equal names would count is nowhere laid down. Only for names that are read here.
Status CheckOnce(const JsonValue& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto times = std::count_if(object.members.begin(), object.members.end(),
                                     [&](const JsonValue& member) { return member.name == name; });
    if (times > 1) return CorruptError(fmt::format("its '{}' is there {} times; leave one", name, times));
  }
  return Ok();
}

// A text, or a number as JSON writes it; empty without one.
Result<std::string> TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = object.Find(name);
  if (value == nullptr) return std::string();
  if (value->kind == Kind::kText) return value->text;
  if (value->kind == Kind::kNumber) return fmt::format("{}", value->number);
  return CorruptError(fmt::format("its '{}' is no text; write one or leave it out", name));
}

// A whole number of 32 bits, signed or not.
std::optional<std::int64_t> WholeOf(const JsonValue& value) {
  constexpr double kLeast = std::numeric_limits<std::int32_t>::min();
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  if (value.kind != Kind::kNumber || !(value.number >= kLeast && value.number <= kMost)) return std::nullopt;
  if (value.number != std::floor(value.number)) return std::nullopt;
  return static_cast<std::int64_t>(value.number);
}

std::optional<Colour> ColourOf(const JsonValue& value) {
  constexpr std::size_t kRgb = 3, kRgba = 4;
  if (const auto packed = WholeOf(value)) {  // 0xAARRGGBB, usually as a negative number
    const auto bits = static_cast<std::uint64_t>(*packed);
    return Colour{static_cast<std::uint8_t>(bits >> 16), static_cast<std::uint8_t>(bits >> 8),
                  static_cast<std::uint8_t>(bits)};
  }
  if (value.kind != Kind::kList || (value.members.size() != kRgb && value.members.size() != kRgba)) return std::nullopt;
  std::array<std::uint8_t, kRgb> rgb{};
  for (std::size_t i = 0; i < kRgb; ++i) {
    const auto part = WholeOf(value.members[i]);
    if (!part || *part < 0 || *part > 255) return std::nullopt;
    rgb[i] = static_cast<std::uint8_t>(*part);
  }
  return Colour{rgb[0], rgb[1], rgb[2]};
}

Status ReadColour(const JsonValue& object, std::string_view name, std::optional<Colour>& out) {
  const JsonValue* const value = object.Find(name);
  if (value == nullptr) return Ok();
  out = ColourOf(*value);
  if (out) return Ok();
  return CorruptError(fmt::format("its '{}' is no colour; write [red, green, blue], each from 0 to 255", name));
}

// A class by name, by names from the general to the special, or (QuPath 0.2) with the class that it is derived from.
Result<std::string> ClassName(const JsonValue& value) {
  if (value.kind == Kind::kText) return value.text;
  if (value.kind != Kind::kObject)
    return CorruptError("its classification is neither a name nor an object with one; write its name");
  TEGULA_TRY(CheckOnce(value, {"name", "names", "color", "colorRGB", "parentClass"}));
  TEGULA_ASSIGN_OR_RETURN(std::string class_name, TextOf(value, "name"));
  if (const JsonValue* const parent = value.Find("parentClass")) {
    TEGULA_ASSIGN_OR_RETURN(const std::string parent_name, ClassName(*parent));
    if (!parent_name.empty()) class_name = parent_name + ": " + class_name;
  }
  const JsonValue* const names = value.Find("names");
  if (names == nullptr || !class_name.empty()) return class_name;
  for (const JsonValue& part : names->members) {
    if (names->kind != Kind::kList || part.kind != Kind::kText)
      return CorruptError("the 'names' of its classification are no list of names; write one");
    class_name += (class_name.empty() ? "" : ": ") + part.text;
  }
  return class_name;
}

Status ReadClass(const JsonValue& properties, Annotation& out) {
  const JsonValue* const value = properties.Find("classification");
  if (value == nullptr) return Ok();
  TEGULA_ASSIGN_OR_RETURN(out.class_name, ClassName(*value));
  TEGULA_TRY(ReadColour(*value, "colorRGB", out.class_colour));
  return ReadColour(*value, "color", out.class_colour);
}

Status AddMeasurement(const std::string& name, const JsonValue* value, Annotation& out) {
  double number = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value != nullptr && value->kind == Kind::kNumber) {
    number = value->number;
  } else if (value != nullptr && value->kind == Kind::kText &&
             (value->text == "Infinity" || value->text == "-Infinity")) {
    number = value->text == "Infinity" ? kInfinity : -kInfinity;
  } else if (value != nullptr && value->kind != Kind::kNull && !(value->kind == Kind::kText && value->text == "NaN")) {
    return CorruptError(
        fmt::format("its measurement '{}' is no number; write one without quotes, or \"NaN\"", Shortened(name)));
  }
  out.measurements.emplace_back(name, number);
  return Ok();
}

Status ReadMeasurements(const JsonValue& properties, Annotation& out) {
  const JsonValue* const value = properties.Find("measurements");
  if (value == nullptr) return Ok();
  if (value->kind != Kind::kList && value->kind != Kind::kObject)
    return CorruptError("its 'measurements' are neither an object nor a list; write numbers by name");
  out.measurements.reserve(value->members.size());
  for (const JsonValue& member : value->members) {
    if (value->kind == Kind::kObject) {
      TEGULA_TRY(AddMeasurement(member.name, &member, out));
      continue;
    }
    const JsonValue* const name = member.Find("name");
    if (name == nullptr || name->kind != Kind::kText)
      return CorruptError("one of its measurements has no name; write a name and a value for each");
    TEGULA_TRY(AddMeasurement(name->text, member.Find("value"), out));
  }
  return Ok();
}

Status ReadPlane(const JsonValue& geometry, Plane& out) {
  const JsonValue* const plane = geometry.Find("plane");
  if (plane == nullptr) return Ok();
  const std::pair<std::string_view, std::int32_t*> axes[] = {{"c", &out.c}, {"z", &out.z}, {"t", &out.t}};
  for (const auto& axis : axes) {
    const JsonValue* const value = plane->Find(axis.first);
    if (value == nullptr) continue;
    const std::optional<std::int64_t> index = WholeOf(*value);
    if (!index || *index < -1 || *index > std::numeric_limits<std::int32_t>::max())
      return CorruptError(
          fmt::format("the '{}' of its plane is no index; write a whole number from -1 on", axis.first));
    *axis.second = static_cast<std::int32_t>(*index);
  }
  return Ok();
}

Status ReadIdentity(const JsonValue& feature, const JsonValue& properties, Annotation& out) {
  TEGULA_ASSIGN_OR_RETURN(out.id, TextOf(feature, "id"));
  const auto* const legacy = std::find_if(std::begin(kLegacyTypes), std::end(kLegacyTypes),
                                          [&](const LegacyType& type) { return type.id == out.id; });
  if (legacy != std::end(kLegacyTypes)) {
    out.object_type = legacy->type;
    out.id.clear();
  }
  for (const std::string_view key : {"type", "object_type", "objectType"}) {
    TEGULA_ASSIGN_OR_RETURN(std::string type, TextOf(properties, key));
    if (!type.empty()) out.object_type = std::move(type);
  }
  TEGULA_ASSIGN_OR_RETURN(out.name, TextOf(properties, "name"));
  return ReadColour(properties, "color", out.colour);
}

Status ReadChildren(const JsonValue& properties, Annotation& out) {
  const JsonValue* value = properties.Find("childObjects");
  if (value == nullptr) value = properties.Find("children");
  if (value == nullptr) return Ok();
  if (value->kind != Kind::kList) return CorruptError("its 'childObjects' are no list; write a list of features");
  for (const JsonValue& member : value->members) {
    const auto index = static_cast<std::int64_t>(out.children.size());
    const std::string name = NameInMessages(member);
    TEGULA_ASSIGN_OR_RETURN(Annotation child, ReadFeature(member).Context(fmt::format(
                                                  "its child {}{}", index, name.empty() ? "" : " (" + name + ")")));
    child.index = index;
    out.children.push_back(std::move(child));
  }
  return Ok();
}

}  // namespace

std::string NameInMessages(const JsonValue& feature) {
  const JsonValue* const properties = feature.Find("properties");
  if (properties == nullptr) return {};
  const JsonValue* const name = properties->Find("name");
  if (name != nullptr && name->kind == Kind::kText && !name->text.empty()) return Shortened(name->text);
  const JsonValue* const classification = properties->Find("classification");
  if (classification == nullptr) return {};
  Result<std::string> class_name = ClassName(*classification);
  return class_name.ok() ? Shortened(std::move(class_name).value()) : std::string();
}

Result<Annotation> ReadFeature(const JsonValue& feature) {
  if (feature.kind != Kind::kObject) return CorruptError("it is no feature; a list of features holds objects only");
  TEGULA_TRY(CheckOnce(feature, {"type", "id", "geometry", "nucleusGeometry", "properties", "coordinates"}));
  const JsonValue* const type = feature.Find("type");
  Annotation out;
  if (type != nullptr && type->kind == Kind::kText && IsGeometryType(type->text)) {
    TEGULA_TRY(AddGeometry(feature, "its ", out.geometry));
    TEGULA_TRY(ReadPlane(feature, out.plane));
    return out;
  }
  if (type == nullptr || type->kind != Kind::kText || type->text != "Feature")
    return CorruptError(
        fmt::format("its type is {}, but that of a feature is 'Feature'",
                    type == nullptr || type->kind != Kind::kText ? "not stated" : "'" + Shortened(type->text) + "'"));
  const JsonValue none;
  const JsonValue* properties = feature.Find("properties");
  if (properties == nullptr) properties = &none;
  if (properties->kind != Kind::kObject && properties != &none)
    return CorruptError("its 'properties' are no object; write one or null");
  TEGULA_TRY(CheckOnce(*properties, {"objectType", "object_type", "type", "name", "color", "classification",
                                     "measurements", "childObjects", "children"}));
  TEGULA_TRY(ReadIdentity(feature, *properties, out));
  TEGULA_TRY(ReadClass(*properties, out));
  TEGULA_TRY(ReadMeasurements(*properties, out));
  if (const JsonValue* const geometry = feature.Find("geometry")) {
    TEGULA_TRY(AddGeometry(*geometry, "its ", out.geometry));
    TEGULA_TRY(ReadPlane(*geometry, out.plane));
  }
  if (const JsonValue* const nucleus = feature.Find("nucleusGeometry"))
    TEGULA_TRY(AddGeometry(*nucleus, "its nucleus's ", out.nucleus));
  TEGULA_TRY(ReadChildren(*properties, out));
  return out;
}

}  // namespace tegula::objects
