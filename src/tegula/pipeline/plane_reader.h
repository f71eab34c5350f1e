// pipeline/plane_reader.h — one plane of several channels, wherever it comes from: what objects are made of and
// measured on.
#pragma once

#include <memory>

#include "tegula/core/interval.h"
#include "tegula/image/binding.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// Immutable and thread-safe.
class PlaneReader {
 public:
  virtual ~PlaneReader() = default;
  /// (channel, y, x).
  virtual const Shape& shape() const noexcept = 0;
  virtual DType dtype() const noexcept = 0;
  /// Rows and columns that are best read together; at least 1.
  virtual std::int64_t chunk_rows() const noexcept = 0;
  virtual std::int64_t chunk_columns() const noexcept = 0;
  /// Fills `out_cyx`, of any element type, with all channels of a box inside. Errors of what is read.
  virtual Status Read(const Box& box, const View& out_cyx) const = 0;
};

/// Plane (t, z) of level 0 of a store, which is borrowed.
std::unique_ptr<PlaneReader> PlaneOfStore(const outputs::ChunkStore& store, std::int64_t t = 0, std::int64_t z = 0);

/// The first plane of a bound image, which is copied and borrows its source: `height` by `width` pixels from its pixel
/// (y, x) on. What lies outside the image is NaN; the reader's type is float32.
std::unique_ptr<PlaneReader> PlaneOfImage(const image::BoundImage& image, std::int64_t y, std::int64_t x,
                                          std::int64_t height, std::int64_t width);

}  // namespace tegula::pipeline
