#include "tegula/outputs/overlay.h"

#include <algorithm>
#include <cmath>

#include "tegula/core/interval.h"

namespace tegula::outputs {
namespace {

struct Pixel {
  std::uint8_t* data;
  std::int64_t channel_stride;

  void Blend(Rgb colour, double alpha) const noexcept {
    const std::uint8_t to[3] = {colour.r, colour.g, colour.b};
    for (int c = 0; c < 3; ++c) {
      std::uint8_t& value = data[c * channel_stride];
      value = static_cast<std::uint8_t>(std::lround(value + (to[c] - value) * alpha));
    }
  }
};

Pixel PixelAt(const View& picture_yxc, std::int64_t y, std::int64_t x) noexcept {
  const Shape& strides = picture_yxc.strides();
  return {picture_yxc.as<std::uint8_t>() + y * strides[0] + x * strides[1], strides[2]};
}

void AssertIsPicture([[maybe_unused]] const View& picture_yxc) noexcept {
  TEGULA_ASSERT(picture_yxc.dtype() == DType::kU8 && picture_yxc.shape().rank() == 3 && picture_yxc.shape()[2] == 3);
}

// Calls body(map value, pixel) for every pixel of the picture with the map's value under the pixel's centre.
template <class F>
void ForEachPixel(const ConstView& map_yx, const View& picture_yxc, F&& body) noexcept {
  AssertIsPicture(picture_yxc);
  TEGULA_ASSERT(map_yx.shape().rank() == 2);
  if (map_yx.elements() == 0) return;
  const std::int64_t height = picture_yxc.shape()[0], width = picture_yxc.shape()[1];
  VisitDType(map_yx.dtype(), [&](auto tag) {
    const auto* const map = map_yx.as<typename decltype(tag)::type>();
    for (std::int64_t y = 0; y < height; ++y) {
      const auto* const row = map + (2 * y + 1) * map_yx.shape()[0] / (2 * height) * map_yx.strides()[0];
      for (std::int64_t x = 0; x < width; ++x)
        body(row[(2 * x + 1) * map_yx.shape()[1] / (2 * width) * map_yx.strides()[1]], PixelAt(picture_yxc, y, x));
    }
  });
}

double DistanceToSegment(Point p, Point a, Point b) noexcept {
  const double dy = b.y - a.y, dx = b.x - a.x;
  const double length2 = dy * dy + dx * dx;
  const double along = length2 > 0 ? std::clamp(((p.y - a.y) * dy + (p.x - a.x) * dx) / length2, 0.0, 1.0) : 0.0;
  return std::hypot(p.y - a.y - along * dy, p.x - a.x - along * dx);
}

// The whole pixels of [low, high] inside [0, size); positions may be far outside.
Interval PixelsBetween(double low, double high, std::int64_t size) noexcept {
  const auto edge = static_cast<double>(size);
  if (!(low < edge) || !(high >= 0)) return {0, 0};
  return {static_cast<std::int64_t>(std::max(low, 0.0)), static_cast<std::int64_t>(std::min(high, edge - 1)) + 1};
}

// The columns in which the line from `a` to `b` comes within `reach` of row centre `y`.
Interval ColumnsNear(double y, Point a, Point b, double reach, std::int64_t width) noexcept {
  double first = 0, last = 1;  // the part of the line that is near, as fractions of it
  if (a.y != b.y) {
    const double t0 = (y - reach - a.y) / (b.y - a.y), t1 = (y + reach - a.y) / (b.y - a.y);
    first = std::clamp(std::min(t0, t1), 0.0, 1.0);
    last = std::clamp(std::max(t0, t1), 0.0, 1.0);
  }
  const double x0 = a.x + first * (b.x - a.x), x1 = a.x + last * (b.x - a.x);
  return PixelsBetween(std::min(x0, x1) - reach, std::max(x0, x1) + reach, width);
}

// Raises `coverage` (0..255 per pixel) to what a line from `a` to `b` covers.
void CoverSegment(Point a, Point b, double width, const View& coverage_yx) noexcept {
  if (!std::isfinite(a.y) || !std::isfinite(a.x) || !std::isfinite(b.y) || !std::isfinite(b.x)) return;
  const double reach = width / 2 + 0.5;
  const Interval rows = PixelsBetween(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, coverage_yx.shape()[0]);
  for (std::int64_t y = rows.begin; y < rows.end; ++y) {
    const double centre_y = static_cast<double>(y) + 0.5;
    const Interval columns = ColumnsNear(centre_y, a, b, reach, coverage_yx.shape()[1]);
    std::uint8_t* const row = coverage_yx.as<std::uint8_t>() + y * coverage_yx.strides()[0];
    for (std::int64_t x = columns.begin; x < columns.end; ++x) {
      const double covered = reach - DistanceToSegment({centre_y, static_cast<double>(x) + 0.5}, a, b);
      row[x] = std::max(row[x], static_cast<std::uint8_t>(std::lround(std::clamp(covered, 0.0, 1.0) * 255)));
    }
  }
}

}  // namespace

void OverlayClasses(const ConstView& classes_yx, std::span<const Rgb> colours, double opacity,
                    const View& picture_yxc) noexcept {
  TEGULA_ASSERT(!IsFloat(classes_yx.dtype()));
  ForEachPixel(classes_yx, picture_yxc, [&](auto value, Pixel pixel) {
    const auto index = static_cast<std::uint64_t>(value);  // negative classes become huge and have no colour
    if (index > 0 && index <= colours.size()) pixel.Blend(colours[index - 1], opacity);
  });
}

void OverlayValues(const ConstView& values_yx, double low, double high, Rgb colour, double opacity,
                   const View& picture_yxc) noexcept {
  TEGULA_ASSERT(low < high);
  ForEachPixel(values_yx, picture_yxc, [&](auto value, Pixel pixel) {
    const double strength = (static_cast<double>(value) - low) / (high - low);
    if (strength > 0) pixel.Blend(colour, opacity * std::min(strength, 1.0));
  });
}

Status DrawOutlines(std::span<const Ring> rings, Rgb colour, double width, const View& picture_yxc) {
  AssertIsPicture(picture_yxc);
  const Shape& shape = picture_yxc.shape();
  TEGULA_ASSIGN_OR_RETURN(Tensor coverage, Tensor::Allocate(DType::kU8, {shape[0], shape[1]}));
  std::ranges::fill(coverage.values<std::uint8_t>(), std::uint8_t{0});
  for (const Ring& ring : rings)
    for (std::size_t i = 0; i < ring.size(); ++i)
      CoverSegment(ring[i], ring[(i + 1) % ring.size()], width, coverage.view());

  const std::span<const std::uint8_t> covered = coverage.values<std::uint8_t>();
  for (std::int64_t y = 0; y < shape[0]; ++y)
    for (std::int64_t x = 0; x < shape[1]; ++x)
      if (const std::uint8_t part = covered[static_cast<std::size_t>(y * shape[1] + x)]; part > 0)
        PixelAt(picture_yxc, y, x).Blend(colour, part / 255.0);
  return Ok();
}

}  // namespace tegula::outputs
