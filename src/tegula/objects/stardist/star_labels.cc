#include "tegula/objects/stardist/star_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "tegula/core/text.h"
#include "tegula/objects/stardist/star_picture.h"
#include "tegula/objects/stardist/star_suppression.h"

namespace tegula::objects {
namespace {

constexpr std::array<GridAxis, 3> kSpace = {GridAxis::kZ, GridAxis::kY, GridAxis::kX};

std::span<const GridAxis> SpaceOf(const StarDist& stardist) noexcept {
  return std::span(kSpace).last(static_cast<std::size_t>(stardist.axes()));
}

// A view (t, channel, z, y, x) with the axes that StarDist wants: ((z,) y, x), and the channel if there is one.
template <class Byte>
BasicView<Byte> AsStarDistWants(const BasicView<Byte>& tczyx, int axes, bool with_channel) {
  std::vector<std::int64_t> sizes, strides;
  const auto add = [&](int axis) {
    sizes.push_back(tczyx.shape()[axis]);
    strides.push_back(tczyx.strides()[axis]);
  };
  for (int axis = 5 - axes; axis < 5; ++axis) add(axis);
  if (with_channel) add(1);
  return {tczyx.data(), tczyx.dtype(), Shape(std::span<const std::int64_t>(sizes)),
          Shape(std::span<const std::int64_t>(strides))};
}

void Append(const Stars& from, Stars& to) {
  to.centres.insert(to.centres.end(), from.centres.begin(), from.centres.end());
  to.scores.insert(to.scores.end(), from.scores.begin(), from.scores.end());
  to.distances.insert(to.distances.end(), from.distances.begin(), from.distances.end());
}

// The candidates of a whole output, looked at block by block.
class Candidates {
 public:
  Candidates(const StarDist& stardist, const PixelBlocks& values, const ObjectWork& work)
      : stardist_(stardist), values_(values), work_(work), parts_(values.grid().count()) {}

  Result<Stars> Suppress() {
    TEGULA_TRY(LookAtAll());
    StarSuppression suppression(stardist_, std::move(reaches_));
    if (are_held_) {
      std::vector<std::int64_t> all(static_cast<std::size_t>(parts_));
      Stars together;
      for (std::int64_t part = 0; part < parts_; ++part) {
        all[static_cast<std::size_t>(part)] = part;
        Append(std::exchange(held_[static_cast<std::size_t>(part)], {}), together);
      }
      suppression.Add(all, std::move(together), work_.context.executor);
    } else {
      TEGULA_TRY(AddInTurn(suppression));
    }
    return std::move(suppression).Take();
  }

 private:
  std::int64_t memory() const noexcept { return work_.memory_bytes; }

  Result<Stars> Read(std::int64_t part) const {
    const Block block = values_.grid().at(part);
    TEGULA_ASSIGN_OR_RETURN(
        Tensor pixels, Tensor::Allocate(DType::kF32, ShapeOfBlock(block, values_.channels()), work_.context.limits));
    TEGULA_TRY(values_.Read(block, pixels.view()));
    StarDistPart where;
    for (const GridAxis axis : SpaceOf(stardist_)) {
      where.origin.push_back(block[axis].begin);
      where.whole.push_back(values_.grid().size[axis]);
    }
    const Tensor& filled = pixels;
    Stars stars;
    TEGULA_TRY(stardist_.AddCandidates(AsStarDistWants(filled.view(), stardist_.axes(), true), where, stars));
    return stars;
  }

  // Where candidates lie; they are held as long as memory allows.
  Status LookAtAll() {
    reaches_.resize(static_cast<std::size_t>(parts_));
    held_.resize(static_cast<std::size_t>(parts_));
    std::atomic<std::int64_t> done{0};
    const auto look = [&](std::int64_t part, int) -> Status {
      TEGULA_ASSIGN_OR_RETURN(Stars stars, Read(part));
      const auto at = static_cast<std::size_t>(part);
      reaches_[at] = ReachOf(stardist_, stars);
      const std::lock_guard lock(mutex_);
      candidates_ += stars.size();
      if (are_held_ && memory() > 0 && candidates_ * stardist_.bytes_per_star() > memory() / 2) {
        are_held_ = false;
        for (Stars& held : held_) held = {};
      }
      if (are_held_) held_[at] = std::move(stars);
      work_.context.progress.Update("looking for objects", ++done, parts_, "blocks");
      return Ok();
    };
    TEGULA_TRY(ForEach(work_.context.executor, parts_, work_.context.stop, look));
    if (candidates_ > std::numeric_limits<std::int32_t>::max())
      return ExhaustedError(fmt::format("StarDist cannot decide among {} candidates", candidates_));
    return Ok();
  }

  // As many parts at a time as a quarter of the memory holds, at least one.
  Status AddInTurn(StarSuppression& suppression) {
    const std::int64_t each = stardist_.bytes_per_star();
    for (std::int64_t begin = 0, end = 0; begin < parts_; begin = end) {
      std::int64_t candidates = 0;
      while (end < parts_ && (end == begin || (candidates + CountOf(suppression, end)) * each <= memory() / 4))
        candidates += CountOf(suppression, end++);
      if (const std::int64_t needed = suppression.bytes() + candidates * each; needed > memory())
        return ExhaustedError(fmt::format(
            "choosing among the {} candidates for objects needs at least {} of memory beside what the run holds "
            "already, and {} are left; allow more with --memory",
            candidates_, HumanBytes(needed), HumanBytes(memory())));
      std::vector<Stars> read(static_cast<std::size_t>(end - begin));
      const auto again = [&](std::int64_t item, int) -> Status {
        TEGULA_ASSIGN_OR_RETURN(read[static_cast<std::size_t>(item)], Read(begin + item));
        return Ok();
      };
      TEGULA_TRY(ForEach(work_.context.executor, end - begin, work_.context.stop, again));
      std::vector<std::int64_t> numbers;
      Stars together;
      for (std::int64_t part = begin; part < end; ++part) {
        numbers.push_back(part);
        Append(std::exchange(read[static_cast<std::size_t>(part - begin)], {}), together);
      }
      suppression.Add(numbers, std::move(together), work_.context.executor);
      work_.context.progress.Update("choosing objects", end, parts_, "blocks");
    }
    return Ok();
  }

  static std::int64_t CountOf(const StarSuppression& suppression, std::int64_t part) {
    return suppression.parts()[static_cast<std::size_t>(part)].candidates;
  }

  const StarDist& stardist_;
  const PixelBlocks& values_;
  const ObjectWork& work_;
  std::int64_t parts_;
  std::vector<StarReach> reaches_;  // by part
  std::vector<Stars> held_;         // by part
  bool are_held_ = true;
  std::int64_t candidates_ = 0;
  std::mutex mutex_;
};

// Paints one block.
Result<Tensor> Paint(const StarPicture& picture, int axes, const Block& block, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor labels, Tensor::Allocate(DType::kI32, ShapeOfBlock(block, 1), limits));
  std::vector<std::int64_t> origin;
  for (const GridAxis axis : std::span(kSpace).last(static_cast<std::size_t>(axes)))
    origin.push_back(block[axis].begin);
  TEGULA_TRY(picture.Render(origin, AsStarDistWants(labels.view(), axes, false)));
  return labels;
}

// Which of the numbers that polyhedra are painted with have a pixel, and what they are called then.
class SeenNumbers {
 public:
  explicit SeenNumbers(std::int64_t objects) : names_(static_cast<std::size_t>(objects) + 1) {}

  void Add(std::span<const std::int32_t> labels) {
    std::vector<std::int32_t> found;
    std::int32_t last = 0;
    for (const std::int32_t label : labels)
      if (label != std::exchange(last, label) && label != 0) found.push_back(label);
    const std::lock_guard lock(mutex_);
    for (const std::int32_t label : found) (IsObject(label) ? names_[Index(label)] : overlap_name_) = 1;
  }

  // From here on, and returns the largest name.
  std::int32_t Name() {
    std::int32_t name = 0;
    for (std::int32_t& own : names_)
      if (own != 0) own = ++name;
    // That of common voxels lies above those of all objects, or is one of theirs.
    if (overlap_name_ != 0) overlap_name_ = ++name;
    return name;
  }
  std::int32_t NameOf(std::int32_t label) const noexcept {
    return label == 0 ? 0 : IsObject(label) ? names_[Index(label)] : overlap_name_;
  }

 private:
  static std::size_t Index(std::int32_t label) noexcept { return static_cast<std::size_t>(label); }
  bool IsObject(std::int32_t label) const noexcept { return Index(label) < names_.size(); }

  std::mutex mutex_;
  std::vector<std::int32_t> names_;  // by number
  std::int32_t overlap_name_ = 0;
};

Status PaintPlane(const StarPicture& picture, std::span<const float> scores, const ObjectWork& work,
                  LabelSink& labels) {
  TEGULA_TRY(labels.Expect(picture.objects()));
  TEGULA_TRY(labels.Scores(scores));
  std::atomic<std::int64_t> done{0};
  const auto paint = [&](std::int64_t number, int) -> Status {
    const Block block = labels.grid().at(number);
    if (!labels.Has(block)) {
      TEGULA_ASSIGN_OR_RETURN(const Tensor painted, Paint(picture, 2, block, work.context.limits));
      TEGULA_TRY(labels.Write(block, painted.view()));
    }
    work.context.progress.Update("painting objects", ++done, labels.grid().count(), "blocks");
    return Ok();
  };
  return ForEach(work.context.executor, labels.grid().count(), work.context.stop, paint);
}

// Twice over the blocks, for the numbers that come to light decide what all are called.
Status PaintVolume(const StarPicture& picture, const ObjectWork& work, LabelSink& labels) {
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<PixelBlocks> first,
                          work.scratch.Make("numbers", labels.grid(), 1, DType::kI32));
  SeenNumbers numbers(picture.objects());
  std::atomic<std::int64_t> done{0};
  const std::int64_t blocks = labels.grid().count();
  const auto paint = [&](std::int64_t number, int) -> Status {
    const Block block = labels.grid().at(number);
    Tensor painted;
    if (first->Has(block)) {
      TEGULA_ASSIGN_OR_RETURN(painted, Tensor::Allocate(DType::kI32, ShapeOfBlock(block, 1), work.context.limits));
      TEGULA_TRY(first->Read(block, painted.view()));
    } else {
      TEGULA_ASSIGN_OR_RETURN(painted, Paint(picture, 3, block, work.context.limits));
      TEGULA_TRY(first->Write(block, std::as_const(painted).view()));
    }
    numbers.Add(std::as_const(painted).values<std::int32_t>());
    work.context.progress.Update("painting objects", ++done, 2 * blocks, "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(work.context.executor, blocks, work.context.stop, paint));
  TEGULA_TRY(labels.Expect(numbers.Name()));
  const auto rename = [&](std::int64_t number, int) -> Status {
    const Block block = labels.grid().at(number);
    if (!labels.Has(block)) {
      TEGULA_ASSIGN_OR_RETURN(Tensor painted,
                              Tensor::Allocate(DType::kI32, ShapeOfBlock(block, 1), work.context.limits));
      TEGULA_TRY(first->Read(block, painted.view()));
      for (std::int32_t& label : painted.values<std::int32_t>()) label = numbers.NameOf(label);
      TEGULA_TRY(labels.Write(block, std::as_const(painted).view()));
    }
    work.context.progress.Update("painting objects", ++done, 2 * blocks, "blocks");
    return Ok();
  };
  return ForEach(work.context.executor, blocks, work.context.stop, rename);
}

}  // namespace

Status LabelStars(const StarDist& stardist, const PixelBlocks& values, const ObjectWork& work, LabelSink& labels) {
  TEGULA_ASSIGN_OR_RETURN(Stars kept, Candidates(stardist, values, work).Suppress());
  const std::vector<float> scores = kept.scores;
  const StarPicture picture(stardist, std::move(kept));
  return stardist.axes() == 2 ? PaintPlane(picture, scores, work, labels) : PaintVolume(picture, work, labels);
}

}  // namespace tegula::objects
