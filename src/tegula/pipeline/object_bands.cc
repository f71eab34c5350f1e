#include "tegula/pipeline/object_bands.h"

#include <algorithm>
#include <utility>

namespace tegula::pipeline {

Result<ObjectBands> ObjectBands::Create(std::int64_t height, std::int64_t width, std::int64_t band_rows,
                                        const Limits& limits, Use use) {
  TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kU32, {std::min(band_rows, height), width}, limits));
  return ObjectBands(height, std::move(numbers), std::move(use));
}

Status ObjectBands::Add(const objects::Region& region, std::uint32_t number) {
  TEGULA_ASSERT(region.first.y >= begin_);
  while (!Band().Contains(region.first.y)) TEGULA_TRY(UseBand());
  Open& open = open_.emplace_back(Open{objects::RegionRows(region.polygons), number});
  open.rows.Next();
  return Ok();
}

Status ObjectBands::Finish() {
  while (begin_ < height_) TEGULA_TRY(UseBand());
  return Ok();
}

Status ObjectBands::UseBand() {
  const Interval band = Band();
  const auto numbers = numbers_.values<std::uint32_t>();
  std::ranges::fill(numbers, 0U);
  const std::int64_t width = numbers_.shape()[1];
  std::erase_if(open_, [&](Open& open) {
    while (open.rows.y() < band.end) {
      const auto row = numbers.subspan(static_cast<std::size_t>((open.rows.y() - band.begin) * width));
      for (const objects::PixelRun run : open.rows.runs())
        std::fill(row.begin() + run.begin, row.begin() + run.end, open.number);
      if (!open.rows.Next()) return true;
    }
    return false;
  });
  begin_ = band.end;
  return use_(band, std::as_const(numbers_).view().Slice(0, 0, band.size()));
}

}  // namespace tegula::pipeline
