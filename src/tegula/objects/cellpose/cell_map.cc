#include "tegula/objects/cellpose/cell_map.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace tegula::objects {
namespace {

// Adds a run of pixels, whatever comes first.
void Add(Cell& cell, const PixelRun& run) noexcept {
  if (cell.pixels == 0) {
    cell = {0, run.y, run.begin, {{run.y, run.y + 1}, {run.begin, run.end}}};
  } else {
    std::tie(cell.first_y, cell.first_x) =
        std::min(std::tuple(cell.first_y, cell.first_x), std::tuple(run.y, run.begin));
    cell.box.y = {std::min(cell.box.y.begin, run.y), std::max(cell.box.y.end, run.y + 1)};
    cell.box.x = {std::min(cell.box.x.begin, run.begin), std::max(cell.box.x.end, run.end)};
  }
  cell.pixels += run.end - run.begin;
}

void Add(Cell& cell, const Cell& other) noexcept {
  if (other.pixels == 0) return;
  const std::int64_t pixels = cell.pixels + other.pixels;
  Cell sum = other;
  if (cell.pixels > 0) {
    std::tie(sum.first_y, sum.first_x) =
        std::min(std::tuple(cell.first_y, cell.first_x), std::tuple(other.first_y, other.first_x));
    sum.box.y = {std::min(cell.box.y.begin, other.box.y.begin), std::max(cell.box.y.end, other.box.y.end)};
    sum.box.x = {std::min(cell.box.x.begin, other.box.x.begin), std::max(cell.box.x.end, other.box.x.end)};
  }
  cell = sum;
  cell.pixels = pixels;
}

// Calls use(number, run) for the runs of objects in a box.
template <class Use>
void ForEachRun(std::span<const std::uint32_t> numbers_yx, const Box& box, const Use& use) {
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
    const std::uint32_t* const row = numbers_yx.data() + (y - box.y.begin) * box.width() - box.x.begin;
    for (std::int64_t x = box.x.begin; x < box.x.end;) {
      const std::int64_t begin = x;
      while (x < box.x.end && row[x] == row[begin]) ++x;
      if (row[begin] != 0) use(row[begin], PixelRun{y, begin, x});
    }
  }
}

}  // namespace

Result<CellMap> CellMap::Measure(std::unique_ptr<const PixelBlocks> numbers, const RunContext& context) {
  CellMap map(std::move(numbers));
  std::mutex mutex;
  std::atomic<std::int64_t> done{0};
  const BlockGrid& grid = map.numbers_->grid();
  const auto measure = [&](std::int64_t number, int) -> Status {
    const Box box = PlaneBox(grid.at(number));
    TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, ReadPlane(*map.numbers_, box, context.limits));
    std::unordered_map<std::uint32_t, Cell> found;
    ForEachRun(pixels.values<std::uint32_t>(), box,
               [&](std::uint32_t cell, const PixelRun& run) { Add(found[cell], run); });
    const std::lock_guard lock(mutex);
    for (const auto& [cell, part] : found) {
      if (cell >= map.cells_.size()) map.cells_.resize(std::size_t{cell} + 1);
      Add(map.cells_[cell], part);
    }
    context.progress.Update("measuring objects", ++done, grid.count(), "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, grid.count(), context.stop, measure));
  if (map.cells_.empty()) map.cells_.resize(1);
  map.names_.resize(map.cells_.size());
  std::iota(map.names_.begin(), map.names_.end(), 0U);
  return map;
}

std::uint32_t CellMap::Largest() const noexcept {
  std::size_t largest = cells_.size() - 1;
  while (largest > 0 && cells_[largest].pixels == 0) --largest;
  return static_cast<std::uint32_t>(largest);
}

std::vector<std::int64_t> CellMap::PixelCounts() const {
  std::vector<std::int64_t> counts(std::size_t{Largest()} + 1);
  std::int64_t background = height() * width();
  for (std::size_t number = 1; number < counts.size(); ++number) {
    counts[number] = cells_[number].pixels;
    background -= counts[number];
  }
  counts[0] = background;
  return counts;
}

void CellMap::Rename(std::span<const std::uint32_t> names) {
  TEGULA_ASSERT(names.size() == cells_.size());
  for (std::uint32_t& name : names_) name = names[name];
  for (auto& [y, row] : edits_)
    for (Edit& edit : row) edit.number = names[edit.number];
  std::vector<Cell> renamed(std::size_t{*std::ranges::max_element(names)} + 1);
  for (std::size_t number = 1; number < names.size(); ++number)
    if (names[number] != 0) renamed[names[number]] = cells_[number];
  cells_ = std::move(renamed);
}

void CellMap::Renumber() {
  std::vector<std::uint32_t> order;
  for (std::size_t number = 1; number < cells_.size(); ++number)
    if (cells_[number].pixels > 0) order.push_back(static_cast<std::uint32_t>(number));
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(cells_[a].first_y, cells_[a].first_x) < std::tie(cells_[b].first_y, cells_[b].first_x);
  });
  std::vector<std::uint32_t> names(cells_.size());
  for (std::size_t i = 0; i < order.size(); ++i) names[order[i]] = static_cast<std::uint32_t>(i) + 1;
  Rename(names);
}

void CellMap::Paint(std::span<const PixelRun> runs, std::uint32_t number) {
  for (const PixelRun& run : runs) edits_[run.y].push_back({run.begin, run.end, number});
}

Status CellMap::MeasureAgain(std::uint32_t number, const Limits& limits) {
  Cell& cell = cells_[number];
  const Box box = std::exchange(cell, {}).box;
  if (box.empty()) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, Read(box, limits));
  ForEachRun(pixels.values<std::uint32_t>(), box, [&](std::uint32_t found, const PixelRun& run) {
    if (found == number) Add(cell, run);
  });
  return Ok();
}

Result<Tensor> CellMap::Read(const Box& box, const Limits& limits) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, ReadPlane(*numbers_, box, limits));
  for (std::uint32_t& pixel : pixels.values<std::uint32_t>()) pixel = names_[pixel];
  for (auto row = edits_.lower_bound(box.y.begin); row != edits_.end() && row->first < box.y.end; ++row) {
    std::uint32_t* const at =
        pixels.values<std::uint32_t>().data() + (row->first - box.y.begin) * box.width() - box.x.begin;
    for (const Edit& edit : row->second) {
      const Interval part = Intersect(Interval{edit.begin, edit.end}, box.x);
      std::fill(at + part.begin, at + part.end, edit.number);
    }
  }
  return pixels;
}

Status CellMap::ForEachCell(const RunContext& context,
                            FunctionRef<Status(std::uint32_t number, int worker)> visit) const {
  const BlockGrid& grid = numbers_->grid();
  std::vector<std::pair<std::int64_t, std::uint32_t>> all;  // block, number
  for (std::size_t number = 1; number < cells_.size(); ++number) {
    const Cell& cell = cells_[number];
    if (cell.pixels == 0) continue;
    const std::int64_t y = cell.box.y.begin / grid.block[GridAxis::kY], x = cell.box.x.begin / grid.block[GridAxis::kX];
    all.emplace_back(y * CeilDiv(grid.size[GridAxis::kX], grid.block[GridAxis::kX]) + x,
                     static_cast<std::uint32_t>(number));
  }
  std::sort(all.begin(), all.end());
  // Of one block not more than so many at once, so that few workers with many cells do not wait for one.
  constexpr std::size_t kMost = 32;
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i == 0 || all[i].first != all[i - 1].first || i - begins.back() >= kMost) begins.push_back(i);
  const auto group = [&](std::int64_t item, int worker) -> Status {
    const auto at = static_cast<std::size_t>(item);
    const std::size_t end = at + 1 < begins.size() ? begins[at + 1] : all.size();
    for (std::size_t i = begins[at]; i < end; ++i) TEGULA_TRY(visit(all[i].second, worker));
    return Ok();
  };
  return ForEach(context.executor, std::ssize(begins), context.stop, group);
}

}  // namespace tegula::objects
