#include "tegula/pipeline/objects_pass.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/outputs/store_part.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kBandBytes = 192 << 20;
constexpr std::int64_t kPieceColumns = 2048;

// Rows per band: whole chunks if memory allows, so that each chunk is decoded once.
std::int64_t BandRows(const Shape& level, std::int64_t chunk_rows) {
  const std::int64_t bytes_per_row = level[2] * (level[0] * static_cast<std::int64_t>(sizeof(float)) + 1);
  return std::clamp<std::int64_t>(kBandBytes / std::max<std::int64_t>(1, bytes_per_row), 1, chunk_rows);
}

}  // namespace

Status TraceObjects(const RunContext& context, const outputs::ChunkStore& store, const ObjectsOptions& options,
                    objects::RegionSink sink) {
  const Shape level = outputs::PlaneShape(store, 0);
  const PerAxis<std::int64_t> chunk = outputs::StorePart(store).chunk();
  const std::int64_t channels = level[0], height = level[1], width = level[2];
  TEGULA_ASSIGN_OR_RETURN(const objects::Classifier classifier, objects::Classifier::Bind(options.rule, channels));
  TEGULA_ASSIGN_OR_RETURN(
      objects::RegionTracer tracer,
      objects::RegionTracer::Create(
          {.width = width, .labels = options.labels, .value_channels = channels, .filter = options.filter}));
  const std::int64_t rows = BandRows(level, chunk[GridAxis::kY]);
  const std::int64_t columns = CeilDiv(kPieceColumns, chunk[GridAxis::kX]) * chunk[GridAxis::kX];  // whole chunks
  TEGULA_ASSIGN_OR_RETURN(Tensor values,
                          Tensor::Allocate(DType::kF32, {channels, std::min(rows, height), width}, context.limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor classes,
                          Tensor::Allocate(DType::kU8, {std::min(rows, height), width}, context.limits));

  for (std::int64_t y = 0; y < height; y += rows) {
    const std::int64_t n = std::min(rows, height - y);
    const View band = values.view().Slice(1, 0, n), labels = classes.view().Slice(0, 0, n);
    const auto classify = [&](std::int64_t piece, int) -> Status {
      const std::int64_t x = piece * columns, size = std::min(columns, width - x);
      const View part = band.Slice(2, x, size);
      TEGULA_TRY(outputs::ReadPlane(store, 0, 0, 0, {{y, y + n}, {x, x + size}}, part));
      classifier.Classify(part, labels.Slice(1, x, size));
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, CeilDiv(width, columns), context.stop, classify));
    TEGULA_TRY(tracer.Add(labels, band, sink));
    context.progress.Update("tracing objects", y + n, height, "rows");
  }
  return tracer.Finish(sink);
}

}  // namespace tegula::pipeline
