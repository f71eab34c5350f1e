// objects/map_frame.h — where the pixels of a map lie on the slide, and how large they are.
#pragma once

#include <optional>

namespace tegula::objects {

/// Slide pixels = origin + scale * (corners of the map's pixels). A plain value.
struct MapFrame {
  double origin_y = 0, origin_x = 0;
  double scale_y = 1, scale_x = 1;
  /// Micrometres per slide pixel: what is measured is then in µm, otherwise in slide pixels.
  struct PixelSize {
    double y_um = 0, x_um = 0;
    friend constexpr bool operator==(const PixelSize&, const PixelSize&) = default;
  };
  std::optional<PixelSize> pixel_size = {};

  constexpr bool in_um() const noexcept { return pixel_size.has_value(); }
  /// Units per slide pixel, and per pixel of the map.
  constexpr double unit_y() const noexcept { return pixel_size ? pixel_size->y_um : 1; }
  constexpr double unit_x() const noexcept { return pixel_size ? pixel_size->x_um : 1; }
  constexpr double step_y() const noexcept { return scale_y * unit_y(); }
  constexpr double step_x() const noexcept { return scale_x * unit_x(); }
  /// Square units per pixel of the map.
  constexpr double pixel_area() const noexcept { return step_y() * step_x(); }
  friend constexpr bool operator==(const MapFrame&, const MapFrame&) = default;
};

}  // namespace tegula::objects
