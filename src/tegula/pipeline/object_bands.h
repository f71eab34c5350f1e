// pipeline/object_bands.h — objects painted again with their numbers, band by band, from outlines that stream by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/objects/region.h"
#include "tegula/objects/region_rows.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// Paints a plane from top to bottom. Memory: a band, and the outlines that reach into it. One thread at a time.
class ObjectBands {
 public:
  /// Takes the numbers of the pixels of a band, (y, x) uint32 with 0 for none. An error stops the work.
  using Use = std::function<Status(Interval rows, const ConstView& numbers_yx)>;
  /// kExhausted.
  static Result<ObjectBands> Create(std::int64_t height, std::int64_t width, std::int64_t band_rows,
                                    const Limits& limits, Use use);

  /// Objects in the order of their first pixels; of several that have a pixel the last one has it. Errors of `use`.
  Status Add(const objects::Region& region, std::uint32_t number);
  /// There are no more. Errors of `use`.
  Status Finish();

 private:
  struct Open {
    objects::RegionRows rows;
    std::uint32_t number;
  };
  ObjectBands(std::int64_t height, Tensor numbers, Use use)
      : height_(height), numbers_(std::move(numbers)), use_(std::move(use)) {}
  Interval Band() const noexcept { return {begin_, std::min(begin_ + numbers_.shape()[0], height_)}; }
  Status UseBand();

  std::int64_t height_;
  Tensor numbers_;
  Use use_;
  std::int64_t begin_ = 0;
  std::vector<Open> open_;
};

}  // namespace tegula::pipeline
