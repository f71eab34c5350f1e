// app/quantity.h — lengths and areas as people say them: "2um", "20um2", "50px", or a bare number.
#pragma once

#include <string>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/objects/map_frame.h"

namespace tegula::app {

/// A length or an area. A bare number means µm (µm²) where the pixel size is known and pixels where it is not. Pixels
/// are those of the slide's full resolution.
struct Quantity {
  enum class Unit : std::uint8_t { kNatural, kMicrometre, kPixel };
  double value = 0;
  Unit unit = Unit::kNatural;

  /// "2", "2um", "2µm", "2px"; of areas with a 2 or ^2 or ² behind the unit as well. kInvalid for anything else and for
  /// negative numbers; `what` begins the sentence.
  static Result<Quantity> ParseLength(std::string_view what, std::string_view text);
  static Result<Quantity> ParseArea(std::string_view what, std::string_view text);
  bool is_zero() const noexcept { return value == 0; }
  friend bool operator==(const Quantity&, const Quantity&) = default;
};

/// "2 um", as ParseLength and ParseArea read it.
std::string ToText(const Quantity& quantity);

/// A length in units of the frame, along a direction that does not matter: of pixels that are not square their
/// geometric mean counts. kInvalid for µm where the pixel size is unknown.
Result<double> LengthInUnits(std::string_view what, const Quantity& length, const objects::MapFrame& frame);
/// An area in pixels of the map. Errors as above.
Result<double> AreaInMapPixels(std::string_view what, const Quantity& area, const objects::MapFrame& frame);

}  // namespace tegula::app
