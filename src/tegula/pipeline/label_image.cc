#include "tegula/pipeline/label_image.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/pipeline/object_bands.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kBandBytes = 64 << 20;
constexpr std::int64_t kLeastRows = 16, kMostRows = 512;

}  // namespace

std::int64_t LabelRows(std::int64_t height, std::int64_t width) noexcept {
  std::int64_t rows = kMostRows;
  while (rows > kLeastRows && rows * width * static_cast<std::int64_t>(sizeof(std::uint32_t)) > kBandBytes) rows /= 2;
  return std::min(rows, height);
}

Status WriteLabels(const RunContext& context, const FoundObjects& objects, const outputs::ChunkStore& store) {
  const Shape plane = store.LevelShape(0), chunk = store.ChunkShape();
  const auto write = [&](Interval rows, const ConstView& numbers_yx) {
    const auto column = [&](std::int64_t number, int) -> Status {
      const Interval x = Intersect(Interval{number * chunk[1], (number + 1) * chunk[1]}, Interval{0, plane[1]});
      TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                              Tensor::Allocate(store.options().dtype, {rows.size(), x.size()}, context.limits));
      ConvertCopy(numbers_yx.Slice(1, x.begin, x.size()), pixels.view());
      return store.WriteChunk(0, {rows.begin / chunk[0], number}, std::as_const(pixels).view());
    };
    return ForEach(context.executor, CeilDiv(plane[1], chunk[1]), context.stop, column);
  };
  TEGULA_ASSIGN_OR_RETURN(ObjectBands bands, ObjectBands::Create(plane[0], plane[1], chunk[0], context.limits, write));
  const auto prepare = [](StreamedObject&) { return Ok(); };
  const auto take = [&](const StreamedObject& object) {
    return bands.Add(object.object.region, static_cast<std::uint32_t>(object.number));
  };
  TEGULA_TRY(objects.Stream(context, prepare, take));
  return bands.Finish();
}

}  // namespace tegula::pipeline
