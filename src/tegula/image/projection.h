// image/projection.h — many planes made one: planes of a stack, or channels of a plane.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

enum class Projection : std::uint8_t { kMax, kMean, kMin };
std::string_view ProjectionName(Projection projection);  ///< "max", "mean", "min"
std::optional<Projection> ProjectionFromName(std::string_view name);

/// The element type of a projection: float32 for the mean, else that of the planes.
constexpr DType ProjectedType(Projection projection, DType planes) noexcept {
  return projection == Projection::kMean ? DType::kF32 : planes;
}

/// Takes planes one by one and holds no more than one. Means are summed in 64-bit floats in the order of the planes; a
/// NaN among the values of a pixel is its result, as in NumPy. One thread at a time.
class Projector {
 public:
  /// For planes of `shape` and `dtype`. kExhausted.
  static Result<Projector> Create(Projection projection, DType dtype, const Shape& shape);
  void Add(const ConstView& plane) noexcept;
  /// Writes the result; at least one plane was added. `out` has the planes' shape and any element type: conversion is
  /// ConvertCopy's.
  void Store(const View& out) noexcept;

 private:
  Projector(Projection projection, Tensor sums, Tensor plane)
      : projection_(projection), result_(std::move(sums)), plane_(std::move(plane)) {}
  Projection projection_;
  Tensor result_;  // float64 sums, or the largest or least values
  Tensor plane_;   // the current one, in the type and order of `result_`
  std::int64_t planes_ = 0;
};

}  // namespace tegula::image
