#include "tegula/objects/cellpose/flow_sinks.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <tuple>
#include <utility>

#include "tegula/core/interval.h"
#include "tegula/objects/cellpose/flow_field.h"

namespace tegula::objects {
namespace {

constexpr std::int32_t kStrayPaths = 2;       // that do not make a pixel part of a sink
constexpr std::int32_t kTooFewForASink = 10;  // paths
constexpr std::int64_t kPeakReach = 2;        // pixels around a sink that may not have more paths
constexpr int kGrowth = 5;                    // pixels
// Ends are looked up at once in a box of up to so many times the pixels of a block; in farther ones piece by piece.
constexpr std::int64_t kMostAtOnce = 4;

Box ImageOf(const BlockGrid& grid) noexcept { return {{0, grid.size[GridAxis::kY]}, {0, grid.size[GridAxis::kX]}}; }

Box Around(const Box& box, std::int64_t reach, const Box& within) noexcept {
  return Intersect({{box.y.begin - reach, box.y.end + reach}, {box.x.begin - reach, box.x.end + reach}}, within);
}

Box Around(std::int64_t y, std::int64_t x, std::int64_t reach, const Box& within) noexcept {
  return Around(Box{{y, y + 1}, {x, x + 1}}, reach, within);
}

bool IsPeak(const FlowCounts& counts, std::int64_t y, std::int64_t x) noexcept {
  const Box around = Around(y, x, kPeakReach, counts.box);
  const std::int32_t own = counts.at(y, x);
  for (std::int64_t v = around.y.begin; v < around.y.end; ++v)
    for (std::int64_t u = around.x.begin; u < around.x.end; ++u)
      if (counts.at(v, u) > own) return false;
  return true;
}

// By their paths. Torch sorts up to 32767 values with std::sort and more by their digits, which keeps the order of
// equal ones. What std::sort does with equal ones is up to libstdc++, with which both programs are built.
void SortAsTorch(std::vector<FlowSink>& sinks) {
  constexpr std::size_t kSortedByDigits = 32768;
  const auto has_fewer = [](const FlowSink& a, const FlowSink& b) { return a.paths < b.paths; };
  if (sinks.size() < kSortedByDigits)
    std::sort(sinks.begin(), sinks.end(), has_fewer);
  else
    std::stable_sort(sinks.begin(), sinks.end(), has_fewer);
}

bool IsBefore(const FlowSink& a, const FlowSink& b) noexcept { return std::tie(a.y, a.x) < std::tie(b.y, b.x); }

// Gives the pixels of a block whose paths end in `box` the numbers of their sinks.
Status LabelEndsIn(const Box& box, const Tensor& ends_cyx, const FlowEnds& ends, const FlowSinks& sinks,
                   const Limits& limits, std::span<std::uint32_t> labels) {
  const Box around = Around(box, kGrowth, ImageOf(ends.grid()));
  TEGULA_ASSIGN_OR_RETURN(const Tensor counts_yx, ends.CountIn(around, limits));
  TEGULA_ASSIGN_OR_RETURN(const Tensor sink_of, sinks.Grow({around, counts_yx.view()}, box, limits));
  const std::span<const std::int32_t> all = ends_cyx.values<std::int32_t>();
  const std::span<const std::uint32_t> numbers = sink_of.values<std::uint32_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::int64_t y = all[i], x = all[labels.size() + i];
    if (y != kNoEnd && box.y.Contains(y) && box.x.Contains(x))
      labels[i] = numbers[static_cast<std::size_t>((y - box.y.begin) * box.width() + x - box.x.begin)];
  }
  return Ok();
}

}  // namespace

void FlowSinks::Find(const FlowCounts& counts, const Box& box, std::vector<FlowSink>& sinks) {
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x)
      if (const std::int32_t paths = counts.at(y, x); paths > kTooFewForASink && IsPeak(counts, y, x))
        sinks.push_back({y, x, paths});
}

FlowSinks::FlowSinks(std::vector<FlowSink> sinks) {
  std::sort(sinks.begin(), sinks.end(), &IsBefore);
  SortAsTorch(sinks);
  std::uint32_t number = 0;
  for (const FlowSink& sink : sinks) sinks_.push_back({sink, ++number});
  std::sort(sinks_.begin(), sinks_.end(), [](const auto& a, const auto& b) { return IsBefore(a.sink, b.sink); });
}

std::vector<FlowSink> FlowSinks::Numbered() const {
  std::vector<FlowSink> sinks(sinks_.size());
  for (const Numbered1& each : sinks_) sinks[each.number - 1] = each.sink;
  return sinks;
}

Result<FlowSinks> FlowSinks::Of(const FlowEnds& ends, const RunContext& context) {
  std::vector<FlowSink> all;
  std::mutex mutex;
  std::atomic<std::int64_t> done{0};
  const BlockGrid& grid = ends.grid();
  const auto find = [&](std::int64_t number, int) -> Status {
    const Box box = PlaneBox(grid.at(number)), around = Around(box, kPeakReach, ImageOf(grid));
    TEGULA_ASSIGN_OR_RETURN(const Tensor counts_yx, ends.CountIn(around, context.limits));
    std::vector<FlowSink> found;
    Find({around, counts_yx.view()}, box, found);
    const std::lock_guard lock(mutex);
    all.insert(all.end(), found.begin(), found.end());
    context.progress.Update("finding where flows end", ++done, grid.count(), "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, grid.count(), context.stop, find));
  return FlowSinks(std::move(all));
}

Result<Tensor> FlowSinks::Grow(const FlowCounts& counts, const Box& box, const Limits& limits) const {
  // What reaches into the box keeps within five pixels of it on the way.
  const Box around = Around(box, kGrowth, counts.box);
  std::vector<const Numbered1*> near;
  for (std::int64_t y = around.y.begin; y < around.y.end; ++y)
    for (auto sink = std::lower_bound(sinks_.begin(), sinks_.end(), FlowSink{y, around.x.begin},
                                      [](const Numbered1&a, const FlowSink&b) { return IsBefore(a.sink, b); });
         sink != sinks_.end() && sink->sink.y == y && sink->sink.x < around.x.end; ++sink)
      near.push_back(&*sink);
  std::sort(near.begin(), near.end(), [](const Numbered1* a, const Numbered1* b) { return a->number < b->number; });

  TEGULA_ASSIGN_OR_RETURN(Tensor grown_yx, Tensor::Allocate(DType::kU32, {around.height(), around.width()}, limits));
  std::ranges::fill(grown_yx.values<std::uint32_t>(), 0U);
  std::uint32_t* const grown = grown_yx.values<std::uint32_t>().data();
  const auto at = [&](std::int64_t y, std::int64_t x) -> std::uint32_t& {
    return grown[(y - around.y.begin) * around.width() + x - around.x.begin];
  };
  std::vector<std::pair<std::int64_t, std::int64_t>> front, next_front;
  for (const Numbered1* each : near) {
    const auto take = [&](std::int64_t y, std::int64_t x) {
      at(y, x) = each->number;
      next_front.emplace_back(y, x);
    };
    next_front.clear();
    take(each->sink.y, each->sink.x);
    for (int growth = 0; growth < kGrowth; ++growth) {
      front.swap(next_front);
      next_front.clear();
      for (const auto& [from_y, from_x] : front) {
        const Box beside = Around(from_y, from_x, 1, around);
        for (std::int64_t y = beside.y.begin; y < beside.y.end; ++y)
          for (std::int64_t x = beside.x.begin; x < beside.x.end; ++x)
            if (counts.at(y, x) > kStrayPaths && at(y, x) != each->number) take(y, x);
      }
    }
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor sink_of, Tensor::Allocate(DType::kU32, {box.height(), box.width()}, limits));
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    std::copy_n(&at(y, box.x.begin), box.width(),
                sink_of.values<std::uint32_t>().begin() + (y - box.y.begin) * box.width());
  return sink_of;
}

Result<std::unique_ptr<PixelBlocks>> LabelBySinks(const FlowEnds& ends, const FlowSinks& sinks,
                                                  const ObjectWork& work) {
  const BlockGrid& grid = ends.grid();
  const RunContext& context = work.context;
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<PixelBlocks> place, work.scratch.Make("sinks", grid, 1, DType::kU32));
  std::atomic<std::int64_t> done{0};
  const auto label = [&](std::int64_t number, int) -> Status {
    const Block block = grid.at(number);
    if (!place->Has(block)) {
      const Box box = PlaneBox(block), hull = ends.HullOf(number);
      TEGULA_ASSIGN_OR_RETURN(Tensor labels,
                              Tensor::Allocate(DType::kU32, {1, box.height(), box.width()}, context.limits));
      std::ranges::fill(labels.values<std::uint32_t>(), 0U);
      TEGULA_ASSIGN_OR_RETURN(const Tensor ends_cyx, ends.Read(number, context.limits));
      const std::int64_t pieces = hull.area() <= kMostAtOnce * grid.block[GridAxis::kY] * grid.block[GridAxis::kX]
                                      ? std::min<std::int64_t>(1, hull.area())
                                      : grid.count();
      for (std::int64_t piece = 0; piece < pieces; ++piece) {
        const Box part = pieces == 1 ? hull : Intersect(hull, PlaneBox(grid.at(piece)));
        if (part.empty()) continue;
        TEGULA_TRY(LabelEndsIn(part, ends_cyx, ends, sinks, context.limits, labels.values<std::uint32_t>()));
      }
      TEGULA_TRY(WritePlane(*place, block, std::as_const(labels).view()));
    }
    context.progress.Update("grouping pixels", ++done, grid.count(), "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, grid.count(), context.stop, label));
  return place;
}

}  // namespace tegula::objects
