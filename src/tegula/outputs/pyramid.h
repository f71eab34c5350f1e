// outputs/pyramid.h — the lower resolutions of a store, made while its chunks arrive.
//
// A chunk of level k+1 is made from the up to 2 x 2 chunks of level k under it and is written whole; it is never
// patched. It is made as soon as all of them are there, by whoever wrote the last one, from pixels that are still in
// memory where they are and from the chunks on disk where not. Nothing is kept between two writes: so memory does not
// grow with the image, and a run that was killed goes on from what is on disk. The pyramid does not depend on the order
// of the work or the number of workers: of two that finish at once both may make the chunk, of the same bytes.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

/// Halves the last two axes of `in` (any rank from 2) into `out`, whose last two sizes are half of those of `in`,
/// rounded up, and whose other sizes and dtype are the same. The elements of a row follow each other without gaps.
/// Threads: safe for different outputs.
void Halve(const ConstView& in, Reduction reduction, const View& out) noexcept;

/// ChunkStore::WriteBox of level 0, and all chunks above that are complete by it: those under which no chunk is
/// missing. For stores whose chunks are written once, or with the same pixels again. Errors of reading and writing.
/// Memory: a third of a plane of the box, and two chunks.
Status WriteBoxAndAbove(const ChunkStore& store, const Shape& begin, const ConstView& pixels);

/// Makes one chunk of a level > 0. Nothing is written if all chunks under it are missing. Errors of reading and
/// writing. Cost: memory of about three chunks.
Status ReduceChunk(const ChunkStore& store, int level, const Shape& index);

/// Makes what is missing of all levels above 0 by the store's reduction, a level after the other, the chunks of a level
/// in parallel: where chunks under them stay missing, or a run was cut off. Errors name the chunk; kCancelled.
Status FinishPyramid(const RunContext& context, const ChunkStore& store);

}  // namespace tegula::outputs
