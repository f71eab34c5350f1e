#include "tegula/pipeline/object_junctions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tegula/pipeline/object_bands.h"

namespace tegula::pipeline {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 24;
constexpr std::int64_t kBandPixels = 4 << 20;

// Corners between two rows; beyond the map nothing lies.
class JunctionFinder {
 public:
  explicit JunctionFinder(std::int64_t width) : above_(static_cast<std::size_t>(width + 2)), below_(above_) {}

  Status Add(Interval rows, const ConstView& numbers_yx) {
    for (std::int64_t y = rows.begin; y < rows.end; ++y) {
      std::copy_n(numbers_yx.as<std::uint32_t>() + (y - rows.begin) * numbers_yx.strides()[0], numbers_yx.shape()[1],
                  below_.begin() + 1);
      Compare(y);
      std::swap(above_, below_);
      if (found_.size() > kMost)
        return ExhaustedError(fmt::format("outlines meet at more than {} corners: leave out --simplify", kMost));
    }
    return Ok();
  }

  objects::Junctions Finish(std::int64_t height) && {
    std::ranges::fill(below_, 0U);
    Compare(height);
    return objects::Junctions(std::move(found_));
  }

 private:
  // The corners above row y: above_ and below_ have a column more to either side.
  void Compare(std::int64_t y) {
    for (std::size_t x = 0; x + 1 < above_.size(); ++x) {
      const std::uint32_t ul = above_[x], ur = above_[x + 1], ll = below_[x], lr = below_[x + 1];
      if ((ul != ur) + (ll != lr) + (ul != ll) + (ur != lr) > 2)
        found_.push_back({static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
    }
  }

  std::vector<std::uint32_t> above_, below_;
  std::vector<objects::Corner> found_;
};

}  // namespace

Result<objects::Junctions> JunctionsOf(const RunContext& context, const FoundObjects& objects, std::int64_t height,
                                       std::int64_t width) {
  JunctionFinder finder(width);
  const auto use = [&](Interval rows, const ConstView& numbers_yx) { return finder.Add(rows, numbers_yx); };
  TEGULA_ASSIGN_OR_RETURN(
      ObjectBands bands,
      ObjectBands::Create(height, width, std::max<std::int64_t>(1, kBandPixels / width), context.limits, use));
  const auto prepare = [](StreamedObject&) { return Ok(); };
  const auto take = [&](const StreamedObject& object) {
    return bands.Add(object.object.region, static_cast<std::uint32_t>(object.number));
  };
  TEGULA_TRY(objects.Stream(context, prepare, take));
  TEGULA_TRY(bands.Finish());
  return std::move(finder).Finish(height);
}

Result<objects::Junctions> JunctionsOf(const RunContext& context, const outputs::ChunkStore& nuclei,
                                       const outputs::ChunkStore& cells) {
  const std::int64_t height = cells.LevelShape(0)[0], width = cells.LevelShape(0)[1];
  const std::int64_t band = std::min(cells.ChunkShape()[0], height);
  TEGULA_ASSIGN_OR_RETURN(Tensor whole, Tensor::Allocate(DType::kU32, {band, width}, context.limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor inner, Tensor::Allocate(DType::kU32, {band, width}, context.limits));
  JunctionFinder finder(width);
  for (std::int64_t y = 0; y < height; y += band) {
    if (context.stop.stop_requested()) return CancelledError();
    const std::int64_t rows = std::min(band, height - y);
    TEGULA_TRY(cells.ReadBox(0, {y, 0}, whole.view().Slice(0, 0, rows)));
    TEGULA_TRY(nuclei.ReadBox(0, {y, 0}, inner.view().Slice(0, 0, rows)));
    const std::span<std::uint32_t> numbers = whole.values<std::uint32_t>();
    const std::span<const std::uint32_t> of_nuclei = std::as_const(inner).values<std::uint32_t>();
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 2 * numbers[i] + (of_nuclei[i] != 0 ? 1 : 0);
    TEGULA_TRY(finder.Add({y, y + rows}, std::as_const(whole).view().Slice(0, 0, rows)));
  }
  return std::move(finder).Finish(height);
}

}  // namespace tegula::pipeline
