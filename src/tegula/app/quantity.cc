#include "tegula/app/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tegula/core/text.h"

namespace tegula::app {
namespace {

using Unit = Quantity::Unit;

struct UnitName {
  std::string_view name;
  Unit unit;
};
// Both Greek letters that stand for micro.
constexpr UnitName kUnits[] = {
    {"um", Unit::kMicrometre}, {"\u00b5m", Unit::kMicrometre}, {"\u03bcm", Unit::kMicrometre}, {"px", Unit::kPixel}};

Result<Quantity> Parse(std::string_view what, std::string_view text, bool is_area) {
  std::string_view number = Trim(text);
  if (is_area) {
    for (const std::string_view square : {"^2", "2", "\u00b2"}) {
      if (!number.ends_with(square)) continue;
      const std::string_view rest = number.substr(0, number.size() - square.size());
      if (!std::ranges::any_of(kUnits, [&](const UnitName& u) { return rest.ends_with(u.name); })) continue;
      number = rest;
      break;
    }
  }
  Quantity quantity;
  for (const UnitName& unit : kUnits) {
    if (!number.ends_with(unit.name)) continue;
    quantity.unit = unit.unit;
    number = Trim(number.substr(0, number.size() - unit.name.size()));
    break;
  }
  const std::optional<double> value = ParseDouble(number);
  if (!value || !std::isfinite(*value) || *value < 0)
    return InvalidError(fmt::format("{} {} is no {}: write a number with its unit, such as {}", what, text,
                                    is_area ? "area" : "length", is_area ? "20um2 or 50px" : "2um or 4px"));
  quantity.value = *value;
  return quantity;
}

// Units of the frame (or slide pixels) per unit of the quantity, along both axes.
struct Factors {
  double y = 1, x = 1;
};
Result<Factors> InUnits(std::string_view what, const Quantity& quantity, const objects::MapFrame& frame) {
  if (quantity.unit == Unit::kMicrometre && !frame.in_um())
    return InvalidError(
        fmt::format("{} {} cannot be measured: the pixel size of the image is unknown; say it in pixels, "
                    "such as {}px",
                    what, ToText(quantity), quantity.value));
  if (quantity.unit == Unit::kPixel) return Factors{frame.unit_y(), frame.unit_x()};
  return Factors{};
}

}  // namespace

Result<Quantity> Quantity::ParseLength(std::string_view what, std::string_view text) {
  return Parse(what, text, false);
}
Result<Quantity> Quantity::ParseArea(std::string_view what, std::string_view text) { return Parse(what, text, true); }

std::string ToText(const Quantity& quantity) {
  constexpr std::string_view kNames[] = {"", " um", " px"};
  return fmt::format("{}{}", quantity.value, kNames[static_cast<std::size_t>(quantity.unit)]);
}

Result<double> LengthInUnits(std::string_view what, const Quantity& length, const objects::MapFrame& frame) {
  TEGULA_ASSIGN_OR_RETURN(const Factors factors, InUnits(what, length, frame));
  return length.value * std::sqrt(factors.y * factors.x);
}

Result<double> AreaInMapPixels(std::string_view what, const Quantity& area, const objects::MapFrame& frame) {
  TEGULA_ASSIGN_OR_RETURN(const Factors factors, InUnits(what, area, frame));
  return area.value * factors.y * factors.x / frame.pixel_area();
}

}  // namespace tegula::app
