#include "tegula/objects/cellpose/cleaning.h"

#include <fmt/format.h>

#include <atomic>
#include <set>
#include <utility>
#include <vector>

#include "tegula/core/text.h"

namespace tegula::objects {
namespace {

enum class Place : std::uint8_t { kHole, kOutside, kObject };

// Numbers of the pixels of a box, a place for each, and at worst all of them on the list of those to look at.
constexpr std::int64_t kBytesPerPixel = sizeof(std::uint32_t) + sizeof(Place) + sizeof(std::int64_t);

// Finds the holes of one object after another, in memory that is used again. One thread at a time.
class HoleFinder {
 public:
  /// Those of `number` in the numbers of its box.
  std::vector<PixelRun> Find(std::span<const std::uint32_t> numbers_yx, std::uint32_t number, const Box& box) {
    Draw(numbers_yx, number, box);
    FloodFromEdges(box);
    std::vector<PixelRun> holes;
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      const Place* const row = places_.data() + IndexOf(box, y, box.x.begin) - box.x.begin;
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
        if (row[x] != Place::kHole) continue;
        const std::int64_t begin = x;
        while (row[x] == Place::kHole) ++x;  // no further than the frame
        holes.push_back({y, begin, x});
      }
    }
    return holes;
  }

 private:
  static std::int64_t Stride(const Box& box) noexcept { return box.width() + 2; }
  static std::int64_t IndexOf(const Box& box, std::int64_t y, std::int64_t x) noexcept {
    return (y - box.y.begin + 1) * Stride(box) + x - box.x.begin + 1;
  }

  // The box, in a frame that keeps the flood within.
  void Draw(std::span<const std::uint32_t> numbers_yx, std::uint32_t number, const Box& box) {
    places_.assign(static_cast<std::size_t>((box.height() + 2) * Stride(box)), Place::kObject);
    const std::uint32_t* pixel = numbers_yx.data();
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      Place* place = places_.data() + IndexOf(box, y, box.x.begin);
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x)
        *place++ = *pixel++ == number ? Place::kObject : Place::kHole;
    }
  }

  void Reach(std::int64_t index) {
    Place& place = places_[static_cast<std::size_t>(index)];
    if (place != Place::kHole) return;
    place = Place::kOutside;
    reached_.push_back(index);
  }

  void FloodFromEdges(const Box& box) {
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      Reach(IndexOf(box, box.y.begin, x));
      Reach(IndexOf(box, box.y.end - 1, x));
    }
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      Reach(IndexOf(box, y, box.x.begin));
      Reach(IndexOf(box, y, box.x.end - 1));
    }
    while (!reached_.empty()) {
      const std::int64_t from = reached_.back();
      reached_.pop_back();
      for (const std::int64_t step : {-Stride(box), std::int64_t{-1}, std::int64_t{1}, Stride(box)}) Reach(from + step);
    }
  }

  std::vector<Place> places_;
  std::vector<std::int64_t> reached_;  ///< outside, with neighbours that are yet to be looked at
};

// The objects with holes, each looked at alone.
Result<std::set<std::uint32_t>> WithHoles(const CellMap& cells, const RunContext& context, std::int64_t memory_bytes) {
  const int workers = context.executor.workers();
  std::vector<HoleFinder> finders(static_cast<std::size_t>(workers));
  std::vector<std::set<std::uint32_t>> found(static_cast<std::size_t>(workers));
  std::atomic<std::int64_t> done{0};
  const auto look = [&](std::uint32_t number, int worker) -> Status {
    const Box& box = cells.cells()[number].box;
    TEGULA_TRY(CheckFits(box, kBytesPerPixel * workers, memory_bytes));
    TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, cells.Read(box, context.limits));
    const auto at = static_cast<std::size_t>(worker);
    if (!finders[at].Find(pixels.values<std::uint32_t>(), number, box).empty()) found[at].insert(number);
    context.progress.Update("looking for holes", ++done, std::ssize(cells.cells()) - 1, "objects");
    return Ok();
  };
  TEGULA_TRY(cells.ForEachCell(context, look));
  std::set<std::uint32_t> all;
  for (std::set<std::uint32_t>& of_worker : found) all.merge(of_worker);
  return all;
}

}  // namespace

Status CheckFits(const Box& box, std::int64_t bytes_per_pixel, std::int64_t memory_bytes) {
  if (const std::int64_t needed = box.area() * bytes_per_pixel; memory_bytes > 0 && needed > memory_bytes)
    return ExhaustedError(fmt::format(
        "an object of {} x {} pixels at y={} x={} needs {} of memory beside what the run holds already, and {} are "
        "left; allow more with --memory",
        box.height(), box.width(), box.y.begin, box.x.begin, HumanBytes(needed), HumanBytes(memory_bytes)));
  return Ok();
}

void RemoveSmallObjects(CellMap& cells, std::int64_t min_size) {
  if (min_size <= 0) return;
  const std::vector<std::int64_t> counts = cells.PixelCounts();
  std::vector<std::uint32_t> names(cells.cells().size());
  for (std::size_t number = 0; number < counts.size(); ++number) names[number] = static_cast<std::uint32_t>(number);
  // cellpose drops the first count that there is, which is meant to be that of the background, and takes the n-th of
  // the others for that of object n.
  std::size_t place = 0;
  for (const std::int64_t count : counts) {
    if (count == 0) continue;
    if (place > 0 && count < min_size) names[place] = 0;
    ++place;
  }
  cells.Rename(names);
  cells.Renumber();
}

// An object without holes changes nothing, unless one that came before it has taken some of its pixels; so most are
// looked at once, by all workers, and the few that matter are filled in order.
Status FillHoles(CellMap& cells, const RunContext& context, std::int64_t memory_bytes) {
  TEGULA_ASSIGN_OR_RETURN(std::set<std::uint32_t> open, WithHoles(cells, context, memory_bytes));
  std::vector<std::uint32_t> names(cells.cells().size());
  std::uint32_t name = 0;
  // An object that goes into a hole uses up a number all the same.
  for (std::size_t number = 1; number < names.size(); ++number)
    if (cells.cells()[number].pixels > 0) names[number] = ++name;
  HoleFinder finder;
  std::set<std::uint32_t> changed;
  while (!open.empty()) {
    if (context.stop.stop_requested()) return CancelledError();
    const std::uint32_t number = open.extract(open.begin()).value();
    const Box& box = cells.cells()[number].box;
    TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, cells.Read(box, context.limits));
    const std::span<const std::uint32_t> numbers_yx = pixels.values<std::uint32_t>();
    const std::vector<PixelRun> holes = finder.Find(numbers_yx, number, box);
    for (const PixelRun& run : holes)
      for (std::int64_t x = run.begin; x < run.end; ++x) {
        const std::uint32_t other =
            numbers_yx[static_cast<std::size_t>((run.y - box.y.begin) * box.width() + x - box.x.begin)];
        if (other == 0) continue;
        changed.insert(other);
        if (other > number) open.insert(other);
      }
    if (holes.empty()) continue;
    changed.insert(number);
    cells.Paint(holes, number);
  }
  for (const std::uint32_t number : changed) TEGULA_TRY(cells.MeasureAgain(number, context.limits));
  cells.Rename(names);
  return Ok();
}

}  // namespace tegula::objects
