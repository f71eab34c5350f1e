#include "tegula/app/view/object_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/objects/annotations/placed_geometry.h"

namespace tegula::app {
namespace {

constexpr double kPerPixel = 100;
constexpr std::size_t kMostClasses = 4096;
constexpr std::int64_t kBetweenLooks = 1000;  // objects
constexpr std::size_t kIndexBytes = 56;       // per object, in BoxIndex

void AppendNumber(std::uint64_t number, std::vector<std::uint8_t>& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<std::uint8_t>(number | 0x80));
  out.push_back(static_cast<std::uint8_t>(number));
}
void AppendDifference(std::int64_t value, std::vector<std::uint8_t>& out) {
  AppendNumber((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63), out);
}

std::uint64_t TakeNumber(const std::uint8_t*& at) noexcept {
  std::uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const std::uint8_t byte = *at++;
    number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
}
std::int64_t TakeDifference(const std::uint8_t*& at) noexcept {
  const std::uint64_t number = TakeNumber(at);
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

double AreaOf(const objects::PointRing& ring) noexcept {
  double twice = 0;
  const objects::Point origin = ring.empty() ? objects::Point{} : ring.front();
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    twice += (ring[i].x - origin.x) * (ring[i + 1].y - origin.y) - (ring[i + 1].x - origin.x) * (ring[i].y - origin.y);
  return std::abs(twice) / 2;
}

// All that is to be seen of a geometry, as closed rings.
std::vector<objects::PointRing> RingsOfGeometry(const objects::Geometry& geometry, double& area) {
  std::vector<objects::PointRing> rings;
  area = 0;
  for (const objects::PointPolygon& polygon : geometry.polygons) {
    area += AreaOf(polygon.outer);
    rings.push_back(polygon.outer);
    for (const objects::PointRing& hole : polygon.holes) {
      area -= AreaOf(hole);
      rings.push_back(hole);
    }
  }
  for (const objects::PointRing& line : geometry.lines) {
    objects::PointRing ring = line;
    for (std::size_t i = line.size(); i > 1; --i) ring.push_back(line[i - 2]);
    rings.push_back(std::move(ring));
  }
  constexpr double kRadius = ObjectSet::kPointRadius;
  for (const objects::Point& at : geometry.points)
    rings.push_back({{at.y - kRadius, at.x},
                     {at.y, at.x + kRadius},
                     {at.y + kRadius, at.x},
                     {at.y, at.x - kRadius},
                     {at.y - kRadius, at.x}});
  return rings;
}

std::int32_t Whole(double value) noexcept { return static_cast<std::int32_t>(value); }

// The pixels that a box meets, clamped to where objects may be.
objects::PixelBox PixelsOf(const ObjectBox& box) noexcept {
  const auto clamp = [](double value) {
    return Whole(std::clamp(std::floor(value), -ObjectSet::kFarthest, ObjectSet::kFarthest));
  };
  return {{0, clamp(box.y0), clamp(box.x0)}, {0, clamp(box.y1), clamp(box.x1)}};
}

}  // namespace

// One thread at a time.
class ObjectSet::Builder {
 public:
  explicit Builder(std::int64_t most_bytes) : most_bytes_(most_bytes) {}

  Status Add(const objects::Annotation& top) {
    for (const objects::Annotation* object : objects::AllOf(top)) TEGULA_TRY(AddOne(*object));
    return Ok();
  }

  Result<std::shared_ptr<const ObjectSet>> Finish() {
    ObjectSet& set = *set_;
    for (std::vector<double>& column : set.columns_)
      column.resize(set.rows_.size(), std::numeric_limits<double>::quiet_NaN());
    set.index_ = objects::BoxIndex(set.rows_.size());
    for (std::int64_t i = 0; i < set.size(); ++i)
      if (set.row(i).height >= 0) set.index_.Add(Whole(static_cast<double>(i)), PixelsOf(set.box(i)));
    if (placeless_ > 0)
      set.notes_.push_back(fmt::format("{} objects have no geometry; they are in the table only.", placeless_));
    if (has_planes_) set.notes_.emplace_back("The objects lie on several planes; all are shown on each.");
    return std::shared_ptr<const ObjectSet>(std::move(set_));
  }

 private:
  Status AddOne(const objects::Annotation& object) {
    ObjectSet& set = *set_;
    Row row;
    const std::vector<objects::PointRing> rings = RingsOfGeometry(object.geometry, row.area);
    row.rings = set.rings_.size();
    TEGULA_TRY(AddRings(rings, row));
    if (rings.empty()) ++placeless_;
    TEGULA_ASSIGN_OR_RETURN(row.of_class, ClassOf(object));
    row.text = set.texts_.size();
    // A zero would end a text early; nothing that a person reads has one.
    for (const std::string* text : {&object.id, &object.name}) {
      for (const char c : *text)
        if (c != '\0') set.texts_ += c;
      set.texts_ += '\0';
    }
    has_planes_ = has_planes_ || (!set.rows_.empty() && !(object.plane == first_plane_));
    if (set.rows_.empty()) first_plane_ = object.plane;
    TEGULA_TRY(AddValues(object));
    set.rows_.push_back(row);
    if (set.rows_.size() > std::size_t{1} << 30 || set.bytes() > most_bytes_)
      return ExhaustedError(fmt::format(
          "after {} objects they would take more than the {} that a viewer has for objects; open a part of the file",
          set.size(), HumanBytes(most_bytes_)));
    return Ok();
  }

  Status AddRings(const std::vector<objects::PointRing>& rings, Row& row) {
    ObjectBox box;
    for (const objects::PointRing& ring : rings)
      for (const objects::Point& point : ring) {
        if (!(std::abs(point.y) <= kFarthest && std::abs(point.x) <= kFarthest))
          return InvalidError(
              fmt::format("object {} has a point at x {} y {}, which is on no image", set_->size(), point.x, point.y));
        box = {std::min(box.y0, point.y), std::min(box.x0, point.x), std::max(box.y1, point.y),
               std::max(box.x1, point.x)};
      }
    std::vector<std::uint8_t>& out = set_->rings_;
    AppendNumber(rings.size(), out);
    if (rings.empty()) return Ok();
    const auto round = [](double value) { return std::llround(value * kPerPixel); };
    row.y = round(box.y0), row.x = round(box.x0);
    row.height = round(box.y1) - row.y, row.width = round(box.x1) - row.x;
    std::int64_t y = row.y, x = row.x;
    for (const objects::PointRing& ring : rings) {
      const std::size_t points = ring.size() - (ring.size() > 1 && ring.front() == ring.back() ? 1 : 0);
      AppendNumber(points, out);
      for (std::size_t i = 0; i < points; ++i) {
        const std::int64_t next_y = round(ring[i].y), next_x = round(ring[i].x);
        AppendDifference(next_y - y, out);
        AppendDifference(next_x - x, out);
        y = next_y, x = next_x;
      }
    }
    return Ok();
  }

  Result<std::uint16_t> ClassOf(const objects::Annotation& object) {
    auto found = class_numbers_.find(object.class_name);
    if (found == class_numbers_.end()) {
      const std::size_t number = set_->classes_.size();
      if (number == kMostClasses)
        return ExhaustedError(fmt::format("there are more than {} classes, which nobody tells apart", kMostClasses));
      outputs::Rgb colour = outputs::PaletteColour(static_cast<std::int64_t>(number));
      if (object.class_colour) colour = {object.class_colour->r, object.class_colour->g, object.class_colour->b};
      set_->classes_.push_back({object.class_name, colour, 0});
      found = class_numbers_.emplace(object.class_name, number).first;
    }
    ++set_->classes_[found->second].objects;
    return static_cast<std::uint16_t>(found->second);
  }

  Status AddValues(const objects::Annotation& object) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    ObjectSet& set = *set_;
    std::size_t guess = 0;
    for (const auto& [name, value] : object.measurements) {
      // Most objects have the same ones in the same order.
      std::size_t at = guess;
      if (at >= set.measurements_.size() || set.measurements_[at] != name) {
        const auto [found, is_new] = measurement_numbers_.emplace(name, set.measurements_.size());
        at = found->second;
        if (is_new) {
          if (at == kMostMeasurements)
            return ExhaustedError(fmt::format("objects have more than {} different measurements", kMostMeasurements));
          set.measurements_.push_back(name);
          set.columns_.emplace_back();
        }
      }
      std::vector<double>& column = set.columns_[at];
      column.resize(set.rows_.size(), kNone);
      column.push_back(value);
      guess = at + 1;
    }
    return Ok();
  }

  const std::int64_t most_bytes_;
  std::shared_ptr<ObjectSet> set_{new ObjectSet()};
  std::unordered_map<std::string, std::size_t> class_numbers_, measurement_numbers_;
  objects::Plane first_plane_;
  bool has_planes_ = false;
  std::int64_t placeless_ = 0;
};

Result<std::shared_ptr<const ObjectSet>> ObjectSet::Read(const Path& path, const RunContext& context,
                                                         const std::function<bool()>& is_gone,
                                                         std::int64_t most_bytes) {
  std::error_code unknown;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
  Builder builder(most_bytes);
  std::int64_t objects = 0, bytes = 0;
  TEGULA_TRY(objects::ReadGeoJson(
      path, {},
      [&](objects::Annotation annotation) -> Status {
        bytes += static_cast<std::int64_t>(annotation.json.size()) + 2;
        if (objects++ % kBetweenLooks == 0) {
          if (context.stop.stop_requested() || is_gone()) return CancelledError();
          if (!unknown) context.progress.Update("reading objects", std::min(bytes, size), size, "bytes");
        }
        return builder.Add(annotation).Context(path.filename().string());
      },
      context.executor));
  return builder.Finish();
}

std::int64_t ObjectSet::bytes() const noexcept {
  // What holds columns grows with its objects, whether they have the measurement or not.
  const std::size_t in_columns = columns_.size() * rows_.size() * sizeof(double);
  return static_cast<std::int64_t>(rows_.size() * (sizeof(Row) + kIndexBytes) + rings_.size() + texts_.size() +
                                   in_columns);
}

ObjectBox ObjectSet::box(std::int64_t i) const noexcept {
  const Row& r = row(i);
  if (r.height < 0) return {};
  return {static_cast<double>(r.y) / kPerPixel, static_cast<double>(r.x) / kPerPixel,
          static_cast<double>(r.y + r.height) / kPerPixel, static_cast<double>(r.x + r.width) / kPerPixel};
}

std::string_view ObjectSet::id(std::int64_t i) const noexcept { return texts_.c_str() + row(i).text; }
std::string_view ObjectSet::name(std::int64_t i) const noexcept {
  const std::string_view before = id(i);
  return before.data() + before.size() + 1;
}

void ObjectSet::RingsOf(std::int64_t i, std::vector<objects::PointRing>& out) const {
  const Row& r = row(i);
  const std::uint8_t* at = rings_.data() + r.rings;
  out.resize(TakeNumber(at));
  std::int64_t y = r.y, x = r.x;
  for (objects::PointRing& ring : out) {
    ring.resize(TakeNumber(at));
    for (objects::Point& point : ring) {
      y += TakeDifference(at);
      x += TakeDifference(at);
      point = {static_cast<double>(y) / kPerPixel, static_cast<double>(x) / kPerPixel};
    }
  }
}

void ObjectSet::ForEachMeeting(const ObjectBox& wanted, FunctionRef<void(std::int64_t i)> visit) const {
  if (!(wanted.y0 <= wanted.y1 && wanted.x0 <= wanted.x1)) return;
  index_.ForEachMeeting(PixelsOf(wanted), [&](std::int32_t i) {
    const ObjectBox own = box(i);
    if (own.y0 <= wanted.y1 && wanted.y0 <= own.y1 && own.x0 <= wanted.x1 && wanted.x0 <= own.x1) visit(i);
  });
}

bool ObjectSet::Contains(std::int64_t i, objects::Point point) const {
  std::vector<objects::PointRing> rings;
  RingsOf(i, rings);
  objects::Geometry geometry;
  for (objects::PointRing& ring : rings) {
    ring.push_back(ring.front());
    if (geometry.polygons.empty()) {
      geometry.polygons.push_back({std::move(ring), {}});
    } else {
      geometry.polygons.front().holes.push_back(std::move(ring));  // even-odd does not care which is which
    }
  }
  return objects::Contains(geometry, point);
}

}  // namespace tegula::app
