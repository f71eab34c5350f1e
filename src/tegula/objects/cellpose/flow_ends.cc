#include "tegula/objects/cellpose/flow_ends.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <utility>

#include "tegula/objects/cellpose/flow_field.h"

namespace tegula::objects {
namespace {

// Pixels around a block in which most of its paths stay.
constexpr std::int64_t kMargin = 64;
// Pages of the flow that a worker keeps for paths that have left their window.
constexpr std::size_t kPages = 8;
constexpr std::int64_t kPageEdge = 256;

Box ImageOf(const BlockGrid& grid) noexcept { return {{0, grid.size[GridAxis::kY]}, {0, grid.size[GridAxis::kX]}}; }

Result<FlowField> ReadField(const PixelBlocks& values, const Box& window, double threshold, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, ReadPlane(values, window, limits));
  const Box image = ImageOf(values.grid());
  return FlowField::Read(pixels.view(), window, image.height(), image.width(), threshold, limits);
}

// The flow everywhere, a page at a time. One thread at a time.
class FlowPages {
 public:
  FlowPages(const PixelBlocks& values, double threshold, const Limits& limits)
      : values_(values), threshold_(threshold), limits_(limits) {}

  /// Walks a path to its end.
  Result<std::array<std::int32_t, 2>> EndOf(FlowPath path, int steps) {
    for (;;) {
      TEGULA_ASSIGN_OR_RETURN(const FlowField* const page, PageAt(path));
      if (page->GoOn(path, steps)) return page->EndOf(path);
    }
  }

 private:
  // A page reaches a pixel further than its part of the image, for what lies between pixels.
  Result<const FlowField*> PageAt(const FlowPath& path) {
    const Box image = ImageOf(values_.grid());
    const auto interval = [](float position, Interval all) {
      const std::int64_t at =
          std::clamp<std::int64_t>(position >= 0 ? static_cast<std::int64_t>(position) : 0, 0, all.end - 1);
      const std::int64_t begin = at / kPageEdge * kPageEdge;
      return Interval{begin, std::min(begin + kPageEdge + 1, all.end)};
    };
    const Box box{interval(path.y, image.y), interval(path.x, image.x)};
    for (auto page = pages_.begin(); page != pages_.end(); ++page)
      if (page->window() == box) {
        pages_.splice(pages_.begin(), pages_, page);
        return &pages_.front();
      }
    TEGULA_ASSIGN_OR_RETURN(FlowField read, ReadField(values_, box, threshold_, limits_));
    if (pages_.size() >= kPages) pages_.pop_back();
    pages_.push_front(std::move(read));
    return &pages_.front();
  }

  const PixelBlocks& values_;
  double threshold_;
  const Limits& limits_;
  std::list<FlowField> pages_;  // the last used first
};

PixelBox PixelBoxOf(const Box& box) noexcept {
  const auto in32 = [](std::int64_t at) { return static_cast<std::int32_t>(at); };
  return {{0, in32(box.y.begin), in32(box.x.begin)}, {0, in32(box.y.end - 1), in32(box.x.end - 1)}};
}

Box Grown(const Box& box, std::int64_t by, const Box& image) noexcept {
  return Intersect({{box.y.begin - by, box.y.end + by}, {box.x.begin - by, box.x.end + by}}, image);
}

// Calls use(y, x) for every end.
template <class Use>
void ForEachEnd(const Tensor& ends_cyx, const Use& use) {
  const std::span<const std::int32_t> ends = ends_cyx.values<std::int32_t>();
  const std::size_t pixels = ends.size() / 2;
  for (std::size_t i = 0; i < pixels; ++i)
    if (ends[i] != kNoEnd) use(std::int64_t{ends[i]}, std::int64_t{ends[pixels + i]});
}

Box HullOfEnds(const Tensor& ends_cyx) noexcept {
  constexpr std::int64_t kFar = std::int64_t{1} << 40;
  Box hull{{kFar, 0}, {kFar, 0}};
  ForEachEnd(ends_cyx, [&](std::int64_t y, std::int64_t x) {
    hull.y = {std::min(hull.y.begin, y), std::max(hull.y.end, y + 1)};
    hull.x = {std::min(hull.x.begin, x), std::max(hull.x.end, x + 1)};
  });
  return hull.empty() ? Box{} : hull;
}

}  // namespace

FlowEnds::FlowEnds(std::unique_ptr<PixelBlocks> ends)
    : ends_(std::move(ends)), hulls_(static_cast<std::size_t>(ends_->grid().count())), index_(hulls_.size()) {}

Result<FlowEnds> FlowEnds::Follow(const PixelBlocks& values, double logit_threshold, int steps,
                                  const ObjectWork& work) {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<PixelBlocks> place, work.scratch.Make("ends", values.grid(), 2, DType::kI32));
  FlowEnds ends(std::move(place));
  const RunContext& context = work.context;
  const BlockGrid& grid = values.grid();
  const Box image = ImageOf(grid);
  std::atomic<std::int64_t> done{0};
  const auto follow = [&](std::int64_t number, int) -> Status {
    const Block block = grid.at(number);
    const Box box = PlaneBox(block);
    Tensor ends_cyx;
    if (ends.ends_->Has(block)) {
      TEGULA_ASSIGN_OR_RETURN(ends_cyx, ends.Read(number, context.limits));
    } else {
      TEGULA_ASSIGN_OR_RETURN(ends_cyx, Tensor::Allocate(DType::kI32, {2, box.height(), box.width()}, context.limits));
      std::vector<FlowPath> left;
      {
        TEGULA_ASSIGN_OR_RETURN(const FlowField field,
                                ReadField(values, Grown(box, kMargin, image), logit_threshold, context.limits));
        field.Follow(box, steps, ends_cyx.view(), left);
      }
      FlowPages pages(values, logit_threshold, context.limits);
      for (const FlowPath& path : left) {
        TEGULA_ASSIGN_OR_RETURN(const auto end, pages.EndOf(path, steps));
        const std::span<std::int32_t> all = ends_cyx.values<std::int32_t>();
        const auto at = static_cast<std::size_t>((path.from_y - box.y.begin) * box.width() + path.from_x - box.x.begin);
        all[at] = end[0];
        all[all.size() / 2 + at] = end[1];
      }
      TEGULA_TRY(WritePlane(*ends.ends_, block, std::as_const(ends_cyx).view()));
    }
    ends.hulls_[static_cast<std::size_t>(number)] = HullOfEnds(ends_cyx);
    context.progress.Update("following flows", ++done, grid.count(), "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, grid.count(), context.stop, follow));
  for (std::size_t i = 0; i < ends.hulls_.size(); ++i)
    if (!ends.hulls_[i].empty()) ends.index_.Add(static_cast<std::int32_t>(i), PixelBoxOf(ends.hulls_[i]));
  return ends;
}

Result<Tensor> FlowEnds::Read(std::int64_t block, const Limits& limits) const {
  return ReadPlane(*ends_, PlaneBox(grid().at(block)), limits);
}

Result<Tensor> FlowEnds::CountIn(const Box& box, const Limits& limits) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor counts_yx, Tensor::Allocate(DType::kI32, {box.height(), box.width()}, limits));
  std::ranges::fill(counts_yx.values<std::int32_t>(), 0);
  std::vector<std::int32_t> blocks;
  index_.ForEachMeeting(PixelBoxOf(box), [&](std::int32_t block) { blocks.push_back(block); });
  std::sort(blocks.begin(), blocks.end());  // neighbours are decoded together
  std::int32_t* const counts = counts_yx.values<std::int32_t>().data();
  for (const std::int32_t block : blocks) {
    TEGULA_ASSIGN_OR_RETURN(const Tensor ends_cyx, Read(block, limits));
    ForEachEnd(ends_cyx, [&](std::int64_t y, std::int64_t x) {
      if (box.y.Contains(y) && box.x.Contains(x)) ++counts[(y - box.y.begin) * box.width() + x - box.x.begin];
    });
  }
  return counts_yx;
}

}  // namespace tegula::objects
