#include "tegula/pipeline/instances_inside.h"

#include <mutex>
#include <unordered_map>
#include <vector>

#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// Sums over the pixels of an object.
struct Place {
  std::int64_t pixels = 0, y = 0, x = 0;
  void Add(const Place& other) noexcept { pixels += other.pixels, y += other.y, x += other.x; }
};

// Pixels of a block, of the numbers' type.
Result<Tensor> Numbers(const RunContext& context, const objects::PixelBlocks& all, const Block& block) {
  TEGULA_ASSIGN_OR_RETURN(Tensor numbers,
                          Tensor::Allocate(DType::kU32, objects::ShapeOfBlock(block, 1), context.limits));
  TEGULA_TRY(all.Read(block, numbers.view()));
  return numbers;
}

std::unordered_map<std::uint32_t, Place> PlacesIn(const Tensor& numbers, const Block& block) {
  std::unordered_map<std::uint32_t, Place> places;
  const std::int64_t height = block[GridAxis::kY].size(), width = block[GridAxis::kX].size();
  const std::span<const std::uint32_t> pixels = numbers.values<std::uint32_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] == 0) continue;
    const auto at = static_cast<std::int64_t>(i);
    places[pixels[i]].Add({1, block[GridAxis::kY].begin + at / width % height, block[GridAxis::kX].begin + at % width});
  }
  return places;
}

// By number, whether the object belongs to the region.
Result<std::vector<bool>> Belonging(const RunContext& context, const objects::PixelBlocks& all,
                                    const RegionOfInterest& region) {
  std::vector<Place> places;
  std::mutex mutex;
  const auto add = [&](std::int64_t number, int) -> Status {
    const Block block = all.grid().at(number);
    TEGULA_ASSIGN_OR_RETURN(const Tensor numbers, Numbers(context, all, block));
    const std::unordered_map<std::uint32_t, Place> of_block = PlacesIn(numbers, block);
    const std::lock_guard lock(mutex);
    for (const auto& [object, place] : of_block) {
      if (object >= places.size()) places.resize(std::size_t{object} + 1);
      places[object].Add(place);
    }
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, all.grid().count(), context.stop, add));
  // The pixel around the mean of pixel centres, exactly.
  const auto pixel = [](std::int64_t sum, std::int64_t pixels) {
    const std::int64_t at = (2 * sum + pixels) / (2 * pixels);
    return Interval{at, at + 1};
  };
  std::vector<bool> belongs;
  for (const Place& place : places)
    belongs.push_back(place.pixels > 0 && region.Touches({pixel(place.y, place.pixels), pixel(place.x, place.pixels)}));
  return belongs;
}

}  // namespace

Status NumbersOnTheWay::Write(const Block& block, const ConstView& labels_tczyx) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kU32, labels_tczyx.shape()));
  ConvertCopy(labels_tczyx, numbers.view());
  return place_.Write(block, std::as_const(numbers).view());
}

Status WriteInside(const RunContext& context, const objects::PixelBlocks& all, const RegionOfInterest& region,
                   objects::LabelSink& inside) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<bool> belongs, Belonging(context, all, region));
  const auto write = [&](std::int64_t number, int) -> Status {
    const Block block = inside.grid().at(number);
    if (inside.Has(block)) return Ok();
    TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Numbers(context, all, block));
    for (std::uint32_t& object : numbers.values<std::uint32_t>())
      if (object != 0 && !belongs[object]) object = 0;
    return inside.Write(block, std::as_const(numbers).view());
  };
  return ForEach(context.executor, inside.grid().count(), context.stop, write);
}

}  // namespace tegula::pipeline
