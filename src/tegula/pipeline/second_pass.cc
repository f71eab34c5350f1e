#include "tegula/pipeline/second_pass.h"

#include <fmt/format.h>

#include <atomic>

#include "tegula/pipeline/statistics_pass.h"

namespace tegula::pipeline {
namespace {

// One piece of the plane, with all its channels.
struct Piece {
  Shape begin;   // c, y, x
  Shape extent;  // pixels
};

class Finisher {
 public:
  Finisher(const Prediction& prediction, const ops::Chain& chain, const outputs::ChunkStore& raw,
           const outputs::ChunkStore& finished)
      : layout_(prediction.output_layout()), chain_(chain), raw_(raw), finished_(finished) {}

  std::int64_t pieces() const noexcept { return finished_.Grid(0)[1] * finished_.Grid(0)[2]; }

  Status Run(std::int64_t number, const Limits& limits) const {
    const std::int64_t y = number / finished_.Grid(0)[2], x = number % finished_.Grid(0)[2];
    if (IsThere(y, x)) return Ok();
    const Piece piece = PieceAt(y, x);
    const Shape shape = layout_.ShapeOf(piece.extent[0], piece.extent[1], piece.extent[2]);
    TEGULA_ASSIGN_OR_RETURN(Tensor before, Tensor::Allocate(raw_.options().dtype, shape, limits));
    TEGULA_TRY(raw_.ReadBox(0, piece.begin, layout_.PlanesOf(before.view())));
    TEGULA_ASSIGN_OR_RETURN(Tensor after, Tensor::Allocate(chain_.output_dtype(), shape, limits));
    TEGULA_TRY(chain_.Run(before.view(), after.view()));
    return finished_.WriteBox(0, piece.begin, layout_.PlanesOf(ConstView(after.view())));
  }

 private:
  bool IsThere(std::int64_t y, std::int64_t x) const {
    for (std::int64_t c = 0; c < finished_.Grid(0)[0]; ++c)
      if (!finished_.HasChunk(0, {c, y, x})) return false;
    return true;
  }

  Piece PieceAt(std::int64_t y, std::int64_t x) const {
    const Shape index{0, y, x};
    Piece piece{finished_.ChunkBegin(index), finished_.ChunkExtent(0, index)};
    piece.extent[0] = finished_.LevelShape(0)[0];
    return piece;
  }

  const PlaneLayout& layout_;
  const ops::Chain& chain_;
  const outputs::ChunkStore& raw_;
  const outputs::ChunkStore& finished_;
};

}  // namespace

outputs::StoreOptions ScratchOptions(const Prediction& prediction, outputs::StoreOptions final_store) {
  final_store.dtype = prediction.raw_dtype();
  final_store.levels = 1;
  final_store.fill = 0;
  final_store.channels.clear();
  final_store.codec = outputs::Codec::kLz4;
  final_store.compression_level = 1;
  return final_store;
}

Status FinishOutput(const RunContext& context, const Prediction& prediction, const outputs::ChunkStore& raw,
                    const outputs::ChunkStore& finished, ops::Statistics& statistics) {
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics of_output,
                          ComputeStatistics(context, prediction.output_layout(), prediction.missing_statistics(), raw));
  for (const ops::Statistic& statistic : of_output.all()) statistics.Set(statistic);
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain chain, prediction.BindPostprocessing(statistics));
  const Finisher finisher(prediction, chain, raw, finished);
  std::atomic<std::int64_t> done{0};
  const auto one = [&](std::int64_t number, int) -> Status {
    TEGULA_TRY(finisher.Run(number, context.limits));
    context.progress.Update("postprocessing with statistics of the whole output", ++done, finisher.pieces(), "chunks");
    return Ok();
  };
  return ForEach(context.executor, finisher.pieces(), context.stop, one);
}

}  // namespace tegula::pipeline
