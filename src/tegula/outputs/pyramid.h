// outputs/pyramid.h — the lower resolutions of a store, each from the finished chunks of the level above it.
//
// A chunk of level k+1 is made from the up to 2 x 2 chunks of level k under it and is written whole; it is never
// patched. So the pyramid does not depend on the order of the work or the number of workers, and making it again gives
// the same bytes.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

/// Halves the last two axes of `in` (any rank from 2) into `out`, whose last two sizes are half of those of `in`,
/// rounded up, and whose other sizes and dtype are the same. Both are without gaps. Threads: safe for different
/// outputs.
void Halve(const ConstView& in, Reduction reduction, const View& out) noexcept;

/// Makes one chunk of a level > 0. Nothing is written if all chunks under it are missing. Errors of reading and
/// writing. Cost: memory of about eight chunks.
Status ReduceChunk(const ChunkStore& store, int level, const Shape& index);

/// Makes all levels above 0 by the store's reduction, a level after the other, the chunks of a level in parallel.
/// Errors name the chunk; kCancelled.
Status BuildPyramid(const RunContext& context, const ChunkStore& store);

}  // namespace tegula::outputs
