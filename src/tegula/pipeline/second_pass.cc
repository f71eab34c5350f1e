#include "tegula/pipeline/second_pass.h"

#include <algorithm>
#include <atomic>

#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/statistics_pass.h"

namespace tegula::pipeline {
namespace {

class Finisher {
 public:
  Finisher(const TensorLayout& layout, const ops::Chain& chain, const outputs::StorePart& raw, const FinishedSink& sink)
      : layout_(layout), chain_(chain), raw_(raw), sink_(sink) {
    for (const GridAxis axis : kGridAxes) count_[axis] = CeilDiv(raw.size()[axis], raw.chunk()[axis]);
  }

  std::int64_t pieces() const noexcept {
    std::int64_t pieces = 1;
    for (const std::int64_t count : count_.of) pieces *= count;
    return pieces;
  }

  // One piece: a chunk's pixels, with all its channels.
  Status Run(std::int64_t number, const Limits& limits) const {
    const Block block = BlockAt(number);
    if (sink_.has(block)) return Ok();
    const Shape shape = layout_.ShapeOf(raw_.channels(), SizeOf(block));
    TEGULA_ASSIGN_OR_RETURN(Tensor before, Tensor::Allocate(raw_.dtype(), shape, limits));
    TEGULA_TRY(raw_.Read(block, layout_.ImageOf(before.view())));
    TEGULA_ASSIGN_OR_RETURN(Tensor after, Tensor::Allocate(chain_.output_dtype(), shape, limits));
    TEGULA_TRY(chain_.Run(before.view(), after.view()));
    return sink_.write(block, layout_.ImageOf(ConstView(after.view())));
  }

 private:
  Block BlockAt(std::int64_t number) const noexcept {
    Block block;
    for (std::size_t i = kGridAxes.size(); i-- > 0;) {
      const std::int64_t chunk = raw_.chunk().of[i], begin = number % count_.of[i] * chunk;
      number /= count_.of[i];
      block.of[i] = {begin, std::min(begin + chunk, raw_.size().of[i])};
    }
    return block;
  }

  const TensorLayout& layout_;
  const ops::Chain& chain_;
  const outputs::StorePart& raw_;
  const FinishedSink& sink_;
  PerAxis<std::int64_t> count_ = {};
};

}  // namespace

outputs::StoreOptions ScratchOptions(DType dtype, const outputs::StoreOptions& final_store) {
  outputs::StoreOptions scratch;
  scratch.name = final_store.name;
  scratch.dtype = dtype;
  for (const outputs::StoreAxis& axis : final_store.axes)
    scratch.axes.push_back({.name = axis.name, .size = axis.size, .chunk = axis.chunk});
  scratch.levels = 1;
  scratch.coding.encoding = {zarr::Compressor::kBloscLz4, 1};
  return scratch;
}

Status FinishOutput(const RunContext& context, const Prediction& prediction, std::size_t number,
                    const outputs::StorePart& raw, const FinishedSink& sink, ops::Statistics& statistics) {
  const TensorLayout& layout = prediction.output_layout(number);
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics of_output,
                          ComputeStatistics(context, layout, prediction.missing_statistics(number), raw));
  for (const ops::Statistic& statistic : of_output.all()) statistics.Set(statistic);
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain chain, prediction.BindPostprocessing(number, statistics));
  const Finisher finisher(layout, chain, raw, sink);
  std::atomic<std::int64_t> done{0};
  const auto one = [&](std::int64_t piece, int) -> Status {
    TEGULA_TRY(finisher.Run(piece, context.limits));
    context.progress.Update("postprocessing with statistics of the whole output", ++done, finisher.pieces(), "chunks");
    return Ok();
  };
  return ForEach(context.executor, finisher.pieces(), context.stop, one);
}

}  // namespace tegula::pipeline
