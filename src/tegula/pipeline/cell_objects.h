// pipeline/cell_objects.h — cells around nuclei that were found: images of their numbers, and objects by these numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/cells/expand_labels.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/found_objects.h"

namespace tegula::pipeline {

/// Grows the objects of `nuclei`, an image of numbers, into `cells`, an empty one of the same size. Memory: some
/// blocks, whatever the size. Errors of the stores; kCancelled.
Status GrowCells(const RunContext& context, const outputs::ChunkStore& nuclei, const objects::Expansion& expansion,
                 const outputs::ChunkStore& cells);

/// What of `cells` is not of `nuclei`, into an empty image of the same size. As above.
Status TakeCytoplasm(const RunContext& context, const outputs::ChunkStore& nuclei, const outputs::ChunkStore& cells,
                     const outputs::ChunkStore& cytoplasm);

/// Objects of an image of numbers, which are asked for by them. Memory: 8 bytes per object beside theirs. Immutable and
/// thread-safe.
class ObjectsByNumber {
 public:
  explicit ObjectsByNumber(FoundObjects objects);
  /// Nothing if none has the number. kIo.
  Result<std::optional<objects::MeasuredRegion>> Read(std::int64_t number) const;

 private:
  FoundObjects objects_;
  std::vector<std::pair<std::int32_t, std::uint32_t>> places_;  // by number
};

}  // namespace tegula::pipeline
