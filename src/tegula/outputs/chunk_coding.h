// outputs/chunk_coding.h — from the pixels of a chunk to the bytes of a file, and back.
//
// The filters are TIFF's predictors: a chunk of a store that is to become an OME-TIFF is coded as the tile that it will
// be, and is not coded twice. Zarr has no names for them, so an OME-Zarr has none.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"
#include "tegula/zarr/encoder.h"

namespace tegula::outputs {

/// What is done to the elements of a row before they are compressed; by the numbers of TIFF's tag Predictor.
enum class Filter : std::uint8_t {
  kNone = 1,
  kDifferences = 2,  ///< each but the first becomes its difference to the one before; of float32 that of their bits
  kFloatPlanes = 3,  ///< float32 and float64: first all highest bytes, then the next, and of those differences
};

/// Whether the elements of a type have it.
bool CanFilter(Filter filter, DType dtype) noexcept;

struct ChunkCoding {
  zarr::Encoding encoding;
  Filter filter = Filter::kNone;
  friend bool operator==(const ChunkCoding&, const ChunkCoding&) = default;
};

/// Thread-safe: keeps a workbench for each thread that is at work.
class ChunkCoder {
 public:
  explicit ChunkCoder(const ChunkCoding& coding) : coding_(coding) {}
  const ChunkCoding& coding() const noexcept { return coding_; }

  /// `chunk` is without gaps and of a type that has the filter. Errors of Encoder. Cost: on the calling thread; the
  /// memory of the chunk twice.
  Result<std::string> Encode(const ConstView& chunk) const;
  /// Fills `chunk`, without gaps, with what Encode made of as many pixels. kCorrupt.
  Status Decode(std::span<const std::byte> bytes, const View& chunk) const;
  /// The most bytes that Encode makes of so many.
  std::int64_t Bound(std::int64_t bytes) const noexcept;

 private:
  struct Workbench {
    zarr::Encoder encoder;
    std::vector<std::byte> filtered;
  };
  Result<Workbench> Take() const;

  ChunkCoding coding_;
  mutable std::mutex mutex_;
  mutable std::vector<Workbench> idle_;
};

}  // namespace tegula::outputs
