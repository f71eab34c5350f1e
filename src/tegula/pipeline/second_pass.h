// pipeline/second_pass.h — postprocessing that needs statistics of a whole output.
//
// scale_range, scale_mean_variance or a percentile clip of an output want numbers that exist only when the last tile is
// predicted. So the raw output goes to a scratch store first; then its statistics are taken, and its chunks go through
// the ops one by one into the store that stays.
#pragma once

#include "tegula/core/function_ref.h"
#include "tegula/core/run_context.h"
#include "tegula/ops/statistics.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::pipeline {

/// Options of a store that is there for a while: the grid of the final one, another element type, and no pyramid.
outputs::StoreOptions ScratchOptions(DType dtype, const outputs::StoreOptions& final_store);

/// Options of the scratch store for the values that objects are made of: those of a store of the same grid, but this
/// element type, no pyramid, and chunks of all channels that are not large.
outputs::StoreOptions ValuesOptions(DType dtype, outputs::StoreOptions values);

/// Where finished pixels go: whole chunks of the raw store with all their channels. Called from several workers at
/// once.
struct FinishedSink {
  FunctionRef<bool(const Block&)> has;
  FunctionRef<Status(const Block&, const ConstView& pixels_tczyx)> write;
};

/// Computes the statistics of the raw output with this number that are not in `statistics` yet and adds them, then
/// postprocesses every chunk of `raw` and hands it to `sink`. Chunks that it has already stay as they are, so a pass
/// that was cut off goes on where it was. Errors of store and sink; kCancelled. Memory: one chunk of all channels per
/// worker, twice.
Status FinishOutput(const RunContext& context, const Prediction& prediction, std::size_t number,
                    const outputs::StorePart& raw, const FinishedSink& sink, ops::Statistics& statistics);

}  // namespace tegula::pipeline
