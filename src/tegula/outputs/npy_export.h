// outputs/npy_export.h — a finished store as one array of NumPy, for results that fit in memory anyway.
//
// numpy.load gives an array whose axes are those that the store has of t, c, z, y, x, in this order; a prediction of a
// plane is (c, y, x), also with one channel, and (y, x) where the values have no channels (classes, labels). The file
// is level 0 alone; what numbers stand for, the pixel size and names of channels are not in it.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

/// The most bytes of pixels that are written: what people load whole without thinking about it.
inline constexpr std::int64_t kLargestNpyBytes = 1'000'000'000;

/// kUnsupported for a store above kLargestNpyBytes, with what to ask for instead.
Status CheckNpy(const StoreOptions& store);

/// Writes level 0; missing chunks are the fill value. The file appears under `path` when it is complete. Errors of
/// CheckNpy, of reading and of writing; kCancelled. Memory: the chunks side
/// by side of one step along the slowest axis whose chunks have several pixels.
Status ExportNpy(const RunContext& context, const ChunkStore& store, const Path& path);

}  // namespace tegula::outputs
