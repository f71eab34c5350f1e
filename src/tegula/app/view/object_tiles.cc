#include "tegula/app/view/object_tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "tegula/app/view/thin_ring.h"

namespace tegula::app {
namespace {

using objects::Point;
using objects::PointRing;

static_assert(std::endian::native == std::endian::little, "tiles are written as they lie in memory");

constexpr std::uint32_t kMagic = 0x314F4754;  // "TGO1"
constexpr std::size_t kMostBytes = 256U << 20;
constexpr double kThin = 0.2;  // of ThinRing, so that with rounding kObjectTolerance holds
constexpr double kCell = static_cast<double>(kObjectTile) / static_cast<double>(kObjectCells);

// What lies on the inner side of a straight line along an axis (Sutherland and Hodgman, "Reentrant polygon clipping",
// 1974). What is cut off becomes edges along the line that cancel out where they run twice.
void CutAlong(double Point::*axis, double limit, bool keeps_above, PointRing& ring, PointRing& spare) {
  const auto is_in = [&](const Point& point) { return keeps_above ? point.*axis >= limit : point.*axis <= limit; };
  spare.clear();
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point& from = ring[i == 0 ? ring.size() - 1 : i - 1];
    const Point& to = ring[i];
    if (is_in(from) != is_in(to)) {
      const double share = (limit - from.*axis) / (to.*axis - from.*axis);
      Point at = {from.y + share * (to.y - from.y), from.x + share * (to.x - from.x)};
      at.*axis = limit;
      spare.push_back(at);
    }
    if (is_in(to)) spare.push_back(to);
  }
  ring.swap(spare);
}

class Tile {
 public:
  Tile(const ObjectSet& set, const ObjectTilePlace& place)
      : set_(set),
        pixel_(std::ldexp(1.0, place.level)),
        origin_{static_cast<double>(place.row * kObjectTile), static_cast<double>(place.column * kObjectTile)},
        is_exact_(place.level == 0),
        counts_(static_cast<std::size_t>(kObjectCells * kObjectCells) * set.classes().size()),
        areas_(counts_.size()) {}

  ObjectBox box() const noexcept {
    constexpr auto kSize = static_cast<double>(kObjectTile);
    return {origin_.y * pixel_, origin_.x * pixel_, (origin_.y + kSize) * pixel_, (origin_.x + kSize) * pixel_};
  }

  void Add(std::int64_t i) {
    const ObjectBox own = set_.box(i);
    const auto of_class = static_cast<std::uint16_t>(set_.class_of(i));
    if (std::max(own.y1 - own.y0, own.x1 - own.x0) < kLeastShown * pixel_) return Count(i, own, of_class);
    set_.RingsOf(i, rings_);
    const std::size_t rings = point_ends_.size();
    for (PointRing& ring : rings_) AddRing(ring, own);
    if (point_ends_.size() == rings) return;  // its box reaches into the tile and it does not
    numbers_.push_back(static_cast<std::uint32_t>(i));
    ring_ends_.push_back(static_cast<std::uint32_t>(point_ends_.size()));
    classes_.push_back(of_class);
  }

  bool IsTooLarge() const noexcept { return points_.size() * sizeof(std::int16_t) > kMostBytes; }

  std::string Finish() const {
    std::vector<std::uint32_t> cell_at, cell_count;
    std::vector<float> cell_cover;
    const double cell_area = kCell * kCell * pixel_ * pixel_;
    std::vector<std::uint16_t> cell_class;
    const std::size_t classes = set_.classes().size();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      cell_at.push_back(static_cast<std::uint32_t>(i / classes));
      cell_count.push_back(counts_[i]);
      cell_cover.push_back(static_cast<float>(areas_[i] / cell_area));
      cell_class.push_back(static_cast<std::uint16_t>(i % classes));
    }
    const std::vector<std::uint32_t> head = {kMagic,
                                             static_cast<std::uint32_t>(numbers_.size()),
                                             static_cast<std::uint32_t>(point_ends_.size()),
                                             static_cast<std::uint32_t>(points_.size() / 2),
                                             static_cast<std::uint32_t>(cell_at.size()),
                                             sizeof(std::uint16_t),
                                             0,
                                             0};
    std::string text;
    const auto append = [&](const auto& list) {
      text.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(list[0]));
    };
    append(head);
    append(numbers_);
    append(ring_ends_);
    append(point_ends_);
    append(cell_at);
    append(cell_count);
    append(cell_cover);
    append(points_);
    append(classes_);
    append(cell_class);
    return text;
  }

 private:
  void Count(std::int64_t i, const ObjectBox& own, std::uint16_t of_class) {
    const double y = (own.y0 + own.y1) / 2 / pixel_ - origin_.y, x = (own.x0 + own.x1) / 2 / pixel_ - origin_.x;
    constexpr auto kSize = static_cast<double>(kObjectTile);
    if (y < 0 || x < 0 || y >= kSize || x >= kSize) return;  // another tile counts it
    const auto cell = static_cast<std::size_t>(y / kCell) * kObjectCells + static_cast<std::size_t>(x / kCell);
    const std::size_t place = cell * set_.classes().size() + of_class;
    ++counts_[place];
    areas_[place] += static_cast<float>(set_.area(i));
  }

  void AddRing(PointRing& ring, const ObjectBox& own) {
    for (Point& point : ring) point = {point.y / pixel_ - origin_.y, point.x / pixel_ - origin_.x};
    constexpr auto kFirst = static_cast<double>(-kObjectMargin),
                   kLast = static_cast<double>(kObjectTile + kObjectMargin);
    const ObjectBox tile = box();
    const double margin = static_cast<double>(kObjectMargin) * pixel_;
    if (own.y0 < tile.y0 - margin) CutAlong(&Point::y, kFirst, true, ring, spare_);
    if (own.x0 < tile.x0 - margin) CutAlong(&Point::x, kFirst, true, ring, spare_);
    if (own.y1 > tile.y1 + margin) CutAlong(&Point::y, kLast, false, ring, spare_);
    if (own.x1 > tile.x1 + margin) CutAlong(&Point::x, kLast, false, ring, spare_);
    if (!is_exact_) ThinRing(kThin, ring);
    const std::size_t begin = points_.size();
    for (const Point& point : ring) {
      const auto x = static_cast<std::int16_t>(std::lround(point.x * kObjectSteps));
      const auto y = static_cast<std::int16_t>(std::lround(point.y * kObjectSteps));
      if (points_.size() > begin && points_[points_.size() - 2] == x && points_.back() == y) continue;
      points_.push_back(x);
      points_.push_back(y);
    }
    if (points_.size() > begin) point_ends_.push_back(static_cast<std::uint32_t>(points_.size() / 2));
  }

  const ObjectSet& set_;
  const double pixel_;
  const Point origin_;  // in pixels of the level
  const bool is_exact_;
  std::vector<std::uint32_t> counts_;  // by cell and class
  std::vector<float> areas_;           // the same
  std::vector<std::uint32_t> numbers_, ring_ends_, point_ends_;
  std::vector<std::int16_t> points_;
  std::vector<std::uint16_t> classes_;
  std::vector<PointRing> rings_;  // of one object
  PointRing spare_;
};

}  // namespace

Result<std::string> ObjectTile(const ObjectSet& set, const ObjectTilePlace& place, const AreaRange& areas) {
  const std::int64_t most = (std::int64_t{1} << kObjectLevels) / kObjectTile;
  if (place.level < 0 || place.level >= kObjectLevels || std::abs(place.row) > most || std::abs(place.column) > most)
    return NotFoundError(fmt::format("there is no tile {}/{}/{}", place.level, place.column, place.row));
  Tile tile(set, place);
  std::vector<std::int64_t> found;
  set.ForEachMeeting(tile.box(), [&](std::int64_t i) {
    if (areas.Has(set.area(i))) found.push_back(i);
  });
  // The same tile is the same bytes, and what stands later in the file lies on top.
  std::sort(found.begin(), found.end());
  for (const std::int64_t i : found) {
    tile.Add(i);
    if (tile.IsTooLarge())
      return ExhaustedError(fmt::format("tile {}/{}/{} holds more objects than can be drawn; look closer", place.level,
                                        place.column, place.row));
  }
  return tile.Finish();
}

}  // namespace tegula::app
