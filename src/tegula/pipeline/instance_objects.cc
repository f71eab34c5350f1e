#include "tegula/pipeline/instance_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/outputs/store_part.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kPieceColumns = 2048;

// Rows of an image of numbers, read by all workers.
class Numbers {
 public:
  Numbers(const RunContext& context, const outputs::ChunkStore& store, std::int64_t rows)
      : context_(context), store_(store), rows_(rows) {
    const Shape plane = outputs::PlaneShape(store, 0);
    const PerAxis<std::int64_t> chunk = outputs::StorePart(store).chunk();
    height_ = plane[1];
    width_ = plane[2];
    columns_ = CeilDiv(kPieceColumns, chunk[GridAxis::kX]) * chunk[GridAxis::kX];
  }
  std::int64_t height() const noexcept { return height_; }
  std::int64_t width() const noexcept { return width_; }

  // Calls use(band, its rows) for bands of uint32 from top to bottom; `each` sees their pieces first, from any worker.
  Status ForEachBand(std::string_view stage, FunctionRef<void(const View& piece)> each,
                     FunctionRef<Status(const ConstView& band, Interval rows)> use) const {
    TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kU32, {1, rows_, width_}, context_.limits));
    for (std::int64_t y = 0; y < height_; y += rows_) {
      const std::int64_t n = std::min(rows_, height_ - y);
      const View band = numbers.view().Slice(1, 0, n);
      const auto read = [&](std::int64_t piece, int) -> Status {
        const std::int64_t x = piece * columns_, size = std::min(columns_, width_ - x);
        const View part = band.Slice(2, x, size);
        TEGULA_TRY(outputs::ReadPlane(store_, 0, 0, 0, {{y, y + n}, {x, x + size}}, part));
        each(part);
        return Ok();
      };
      TEGULA_TRY(ForEach(context_.executor, CeilDiv(width_, columns_), context_.stop, read));
      TEGULA_TRY(use({band.data(), DType::kU32, {n, width_}}, {y, y + n}));
      context_.progress.Update(stage, y + n, height_, "rows");
    }
    return Ok();
  }

 private:
  const RunContext& context_;
  const outputs::ChunkStore& store_;
  std::int64_t height_ = 0, width_ = 0, rows_, columns_ = 1;
};

template <class Use>
void ForEachRow(const View& piece_cyx, const Use& use) {
  for (std::int64_t y = 0; y < piece_cyx.shape()[1]; ++y)
    use(std::span(piece_cyx.Slice(1, y, 1).as<std::uint32_t>(), static_cast<std::size_t>(piece_cyx.shape()[2])));
}

// Pixels of each number.
Result<std::vector<std::int64_t>> CountPixels(const Numbers& numbers) {
  std::vector<std::int64_t> counts(1);
  std::mutex mutex;
  bool is_negative = false;
  const auto count = [&](const View& piece) {
    std::vector<std::pair<std::uint32_t, std::int64_t>> runs;
    ForEachRow(piece, [&](std::span<const std::uint32_t> row) {
      for (std::size_t x = 0; x < row.size();) {
        const std::size_t begin = x;
        while (x < row.size() && row[x] == row[begin]) ++x;
        if (row[begin] != 0) runs.emplace_back(row[begin], x - begin);
      }
    });
    const std::lock_guard lock(mutex);
    for (const auto& [number, pixels] : runs) {
      is_negative = is_negative || number > static_cast<std::uint32_t>(INT32_MAX);
      if (is_negative) break;
      if (number >= counts.size()) counts.resize(std::size_t{number} + 1);
      counts[number] += pixels;
    }
  };
  TEGULA_TRY(numbers.ForEachBand("counting objects", count, [](const ConstView&, Interval) { return Ok(); }));
  if (is_negative) return InvalidError("negative numbers are no objects");
  return counts;
}

// Puts parts of one number together.
class Joiner {
 public:
  Joiner(std::vector<std::int64_t> counts, std::int64_t min_area_px)
      : counts_(std::move(counts)), min_area_px_(min_area_px) {}

  Status Add(objects::Region part, objects::RegionSink sink) {
    // The tracer has class n for number n + 1.
    const std::int64_t number = std::int64_t{part.label} + 1;
    const std::int64_t pixels = counts_[static_cast<std::size_t>(number)];
    const auto open = open_.find(number);
    if (open == open_.end() && part.pixels == pixels) return Finish(std::move(part), number, sink);
    objects::Region& whole = open == open_.end() ? open_[number] : open->second;
    whole.first = whole.pixels == 0 ? part.first : std::min(whole.first, part.first);
    whole.pixels += part.pixels;
    std::move(part.polygons.begin(), part.polygons.end(), std::back_inserter(whole.polygons));
    if (whole.pixels < pixels) return Ok();
    objects::Region finished = std::move(whole);
    open_.erase(number);
    std::sort(finished.polygons.begin(), finished.polygons.end(),
              [](const objects::Polygon& a, const objects::Polygon& b) { return a.outer.front() < b.outer.front(); });
    objects::MeasureOutline(finished);
    return Finish(std::move(finished), number, sink);
  }

 private:
  Status Finish(objects::Region region, std::int64_t number, objects::RegionSink sink) const {
    if (objects::EnclosedArea(region) < min_area_px_) return Ok();
    region.label = 0;
    region.number = number;
    return sink(std::move(region));
  }

  std::vector<std::int64_t> counts_;  // by number
  std::int64_t min_area_px_;
  std::unordered_map<std::int64_t, objects::Region> open_;
};

}  // namespace

Status TraceInstances(const RunContext& context, const outputs::ChunkStore& store, std::int64_t min_area_px,
                      const TraceBands& bands, objects::RegionSink sink) {
  const Numbers numbers(context, store, bands.rows);
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::int64_t> counts, CountPixels(numbers));
  Joiner joiner(std::move(counts), min_area_px);
  const auto join = [&](objects::Region part) { return joiner.Add(std::move(part), sink); };
  TEGULA_ASSIGN_OR_RETURN(objects::RegionTracer tracer, objects::RegionTracer::Create({.width = numbers.width()}));
  const auto to_classes = [](const View& piece) {
    ForEachRow(piece, [](std::span<std::uint32_t> row) {
      for (std::uint32_t& number : row) --number;  // 0 becomes objects::kNoClass32
    });
  };
  const auto trace = [&](const ConstView& band, Interval rows) -> Status {
    TEGULA_TRY(tracer.Add(band, join));
    return bands.after_traced(rows);
  };
  TEGULA_TRY(numbers.ForEachBand("tracing objects", to_classes, trace));
  return tracer.Finish(join);
}

}  // namespace tegula::pipeline
