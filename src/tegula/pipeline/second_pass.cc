#include "tegula/pipeline/second_pass.h"

#include <algorithm>
#include <atomic>

#include "tegula/core/block_grid.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/statistics_pass.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

class Finisher {
 public:
  Finisher(const TensorLayout& layout, const ops::Chain& chain, const InstancePass* instances,
           const outputs::StorePart& raw, const FinishedSink& sink)
      : layout_(layout), chain_(chain), instances_(instances), raw_(raw), sink_(sink), grid_{raw.size(), raw.chunk()} {}

  std::int64_t pieces() const noexcept { return grid_.count(); }

  // One piece: a chunk's pixels, with all its channels.
  Status Run(std::int64_t number, const Limits& limits) const {
    const Block block = grid_.at(number);
    if (sink_.has(block)) return Ok();
    const Shape shape = layout_.ShapeOf(raw_.channels(), SizeOf(block));
    TEGULA_ASSIGN_OR_RETURN(Tensor before, Tensor::Allocate(raw_.dtype(), shape, limits));
    TEGULA_TRY(raw_.Read(block, layout_.ImageOf(before.view())));
    TEGULA_ASSIGN_OR_RETURN(Tensor after, Tensor::Allocate(chain_.output_dtype(), shape, limits));
    TEGULA_TRY(chain_.Run(before.view(), after.view()));
    if (instances_ != nullptr) {
      TEGULA_ASSIGN_OR_RETURN(after, ForObjects(std::move(after), limits));
    }
    return sink_.write(block, layout_.ImageOf(ConstView(after.view())));
  }

 private:
  Result<Tensor> ForObjects(Tensor values, const Limits& limits) const {
    if (values.dtype() != DType::kF32) {  // what the methods take
      TEGULA_ASSIGN_OR_RETURN(Tensor converted, Tensor::Allocate(DType::kF32, values.shape(), limits));
      ConvertCopy(values.view(), converted.view());
      values = std::move(converted);
    }
    TEGULA_TRY(instances_->method().Thin(layout_.ImageOf(values.view())));
    return values;
  }

  const TensorLayout& layout_;
  const ops::Chain& chain_;
  const InstancePass* instances_;
  const outputs::StorePart& raw_;
  const FinishedSink& sink_;
  BlockGrid grid_;
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

outputs::StoreOptions ValuesOptions(DType dtype, outputs::StoreOptions values) {
  constexpr std::int64_t kMostBytes = 8 << 20;  // of a chunk
  values = ScratchOptions(dtype, std::move(values));
  std::int64_t bytes = DTypeSize(dtype);
  for (outputs::StoreAxis& axis : values.axes) {
    if (axis.name == 'c') axis.chunk = axis.size;
    bytes *= axis.chunk;
  }
  while (bytes > kMostBytes) {
    outputs::StoreAxis* longest = nullptr;
    for (outputs::StoreAxis& axis : values.axes)
      if (axis.name != 'c' && axis.chunk % 2 == 0 && (longest == nullptr || axis.chunk > longest->chunk))
        longest = &axis;
    if (longest == nullptr) break;
    longest->chunk /= 2;
    bytes /= 2;
  }
  return values;
}

Status FinishOutput(const RunContext& context, const Prediction& prediction, std::size_t number,
                    const outputs::StorePart& raw, const FinishedSink& sink, ops::Statistics& statistics) {
  const TensorLayout& layout = prediction.output_layout(number);
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics of_output,
                          ComputeStatistics(context, layout, prediction.missing_statistics(number), raw));
  for (const ops::Statistic& statistic : of_output.all()) statistics.Set(statistic);
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain chain, prediction.BindPostprocessing(number, statistics));
  const Finisher finisher(layout, chain, prediction.instances(number), raw, sink);
  std::atomic<std::int64_t> done{0};
  const auto one = [&](std::int64_t piece, int) -> Status {
    TEGULA_TRY(finisher.Run(piece, context.limits));
    context.progress.Update("postprocessing with statistics of the whole output", ++done, finisher.pieces(), "chunks");
    return Ok();
  };
  return ForEach(context.executor, finisher.pieces(), context.stop, one);
}

}  // namespace tegula::pipeline
