#include "tegula/app/object_density.h"

#include <algorithm>
#include <cmath>

#include "tegula/core/interval.h"
#include "tegula/outputs/heat.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kCells = 72;  // along the longer edge
constexpr std::int64_t kFewest = 20;
constexpr double kOpacity = 0.8, kOpaqueFrom = 0.25;  // of the highest density
constexpr double kLeastSigma = 1, kMostSigma = 12;    // cells

// A Gaussian along both axes, cut off after three standard deviations.
void Smooth(std::vector<double>& values, std::int64_t rows, std::int64_t columns, double sigma) {
  const auto radius = static_cast<std::int64_t>(std::ceil(3 * sigma));
  std::vector<double> weights;
  for (std::int64_t d = -radius; d <= radius; ++d)
    weights.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (sigma * sigma)));
  const auto along = [&](std::int64_t lines, std::int64_t line_step, std::int64_t size, std::int64_t step) {
    std::vector<double> line(static_cast<std::size_t>(size));
    for (std::int64_t n = 0; n < lines; ++n) {
      const auto at = [&](std::int64_t i) -> double& {
        return values[static_cast<std::size_t>(n * line_step + i * step)];
      };
      for (std::int64_t i = 0; i < size; ++i) {
        double sum = 0;
        for (std::int64_t d = std::max(-radius, -i); d <= std::min(radius, size - 1 - i); ++d)
          sum += weights[static_cast<std::size_t>(d + radius)] * at(i + d);
        line[static_cast<std::size_t>(i)] = sum;
      }
      for (std::int64_t i = 0; i < size; ++i) at(i) = line[static_cast<std::size_t>(i)];
    }
  };
  along(rows, columns, columns, 1);
  along(columns, 1, rows, columns);
}

}  // namespace

ObjectDensity::ObjectDensity(std::int64_t height, std::int64_t width)
    : height_(height),
      width_(width),
      cell_(std::max<std::int64_t>(1, CeilDiv(std::max(height, width), kCells))),
      rows_(CeilDiv(height, cell_)),
      columns_(CeilDiv(width, cell_)),
      counts_(static_cast<std::size_t>(rows_ * columns_)) {}

void ObjectDensity::Add(const objects::Region& region) noexcept {
  const auto cell_of = [&](double at, std::int64_t cells) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(at) / cell_, 0, cells - 1);
  };
  ++counts_[static_cast<std::size_t>(cell_of(region.centroid_y, rows_) * columns_ +
                                     cell_of(region.centroid_x, columns_))];
  ++total_;
}

Box ObjectDensity::CellBox(std::int64_t row, std::int64_t column) const noexcept {
  return {{row * cell_, std::min((row + 1) * cell_, height_)},
          {column * cell_, std::min((column + 1) * cell_, width_)}};
}

std::vector<double> ObjectDensity::Smoothed(const pipeline::RegionOfInterest* asked) const {
  std::vector<double> objects(counts_.begin(), counts_.end()), areas;
  for (std::int64_t row = 0; row < rows_; ++row)
    for (std::int64_t column = 0; column < columns_; ++column) {
      const Box box = CellBox(row, column);
      areas.push_back(static_cast<double>(asked != nullptr ? asked->Area(box) : box.area()));
    }
  const std::vector<double> own_areas = areas;
  // As far as from one object to the next, on the average.
  const auto cells = static_cast<double>(std::ranges::count_if(areas, [](double area) { return area > 0; }));
  const double sigma = std::clamp(std::sqrt(cells / static_cast<double>(total_)), kLeastSigma, kMostSigma);
  Smooth(objects, rows_, columns_, sigma);
  Smooth(areas, rows_, columns_, sigma);
  for (std::size_t i = 0; i < objects.size(); ++i) objects[i] = own_areas[i] > 0 ? objects[i] / areas[i] : 0;
  return objects;
}

Result<std::optional<outputs::DensityPicture>> ObjectDensity::Over(const Tensor& picture_yxc, const OnMap& on_map,
                                                                   const objects::MapFrame& frame,
                                                                   const pipeline::RegionOfInterest* asked) const {
  if (total_ < kFewest) return std::optional<outputs::DensityPicture>();
  const std::vector<double> densities = Smoothed(asked);
  const double most = std::ranges::max(densities);
  const auto density_at = [&](std::int64_t row, std::int64_t column) {
    row = std::clamp<std::int64_t>(row, 0, rows_ - 1), column = std::clamp<std::int64_t>(column, 0, columns_ - 1);
    return densities[static_cast<std::size_t>(row * columns_ + column)];
  };
  Tensor picture = picture_yxc.Clone();
  const std::int64_t height = picture.shape()[0], width = picture.shape()[1];
  std::uint8_t* pixel = picture.values<std::uint8_t>().data();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x, pixel += 3) {
      const double grey = 0.3 * pixel[0] + 0.59 * pixel[1] + 0.11 * pixel[2];
      const double map_y = (static_cast<double>(y) + 0.5) * on_map.step_y + on_map.origin_y;
      const double map_x = (static_cast<double>(x) + 0.5) * on_map.step_x + on_map.origin_x;
      const bool inside =
          map_y >= 0 && map_y < static_cast<double>(height_) && map_x >= 0 && map_x < static_cast<double>(width_);
      // Between the centres of four cells.
      const double cy = map_y / static_cast<double>(cell_) - 0.5, cx = map_x / static_cast<double>(cell_) - 0.5;
      const double floor_y = std::floor(cy), floor_x = std::floor(cx), ty = cy - floor_y, tx = cx - floor_x;
      const auto row = static_cast<std::int64_t>(floor_y), column = static_cast<std::int64_t>(floor_x);
      const double density = (1 - ty) * ((1 - tx) * density_at(row, column) + tx * density_at(row, column + 1)) +
                             ty * ((1 - tx) * density_at(row + 1, column) + tx * density_at(row + 1, column + 1));
      const double fraction = inside ? std::clamp(density / most, 0.0, 1.0) : 0;
      const outputs::Rgb heat = outputs::MixedColour(outputs::kDensityStops, fraction);
      const double opacity = kOpacity * std::min(1.0, fraction / kOpaqueFrom);
      const auto blend = [&](std::uint8_t colour) {
        return static_cast<std::uint8_t>(std::lround((1 - opacity) * grey + opacity * colour));
      };
      pixel[0] = blend(heat.r), pixel[1] = blend(heat.g), pixel[2] = blend(heat.b);
    }
  const double area_mm2 = frame.pixel_area() / 1e6;  // or megapixels of the slide
  return std::optional<outputs::DensityPicture>(
      {std::move(picture), most / area_mm2, frame.in_um() ? "objects per mm²" : "objects per megapixel"});
}

}  // namespace tegula::app
