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

// The last channel, as a plane.
View EdgeOf(const View& values_cyx, std::int64_t channel) {
  const View plane = values_cyx.Slice(0, channel, 1);
  return {plane.data(), plane.dtype(), {plane.shape()[1], plane.shape()[2]}, {plane.strides()[1], plane.strides()[2]}};
}

}  // namespace

Result<std::int64_t> TraceObjects(const RunContext& context, const outputs::ChunkStore& store,
                                  const ObjectsOptions& options, objects::RegionSink sink) {
  const Shape level = outputs::PlaneShape(store, 0);
  const PerAxis<std::int64_t> chunk = outputs::StorePart(store).chunk();
  const std::int64_t channels = level[0], height = level[1], width = level[2];
  const Box whole{{0, height}, {0, width}};
  // Where the edge of the region lies is a further channel: of an object that touches it the mean is not 0.
  const std::int64_t edge_channels = options.asked != nullptr ? 1 : 0, values_of_pixel = channels + edge_channels;
  TEGULA_ASSIGN_OR_RETURN(const objects::Classifier classifier, objects::Classifier::Bind(options.rule, channels));
  TEGULA_ASSIGN_OR_RETURN(
      objects::RegionTracer tracer,
      objects::RegionTracer::Create(
          {.width = width, .labels = options.labels, .value_channels = values_of_pixel, .filter = options.filter}));
  const std::int64_t rows = BandRows({values_of_pixel, height, width}, chunk[GridAxis::kY]);
  const std::int64_t columns = CeilDiv(kPieceColumns, chunk[GridAxis::kX]) * chunk[GridAxis::kX];  // whole chunks
  TEGULA_ASSIGN_OR_RETURN(
      Tensor values, Tensor::Allocate(DType::kF32, {values_of_pixel, std::min(rows, height), width}, context.limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor classes,
                          Tensor::Allocate(DType::kU8, {std::min(rows, height), width}, context.limits));
  std::int64_t touching = 0;
  const auto take = [&](objects::Region region) -> Status {
    if (edge_channels == 1) {
      touching += region.means.back() > 0 ? 1 : 0;
      region.means.pop_back();
    }
    return sink(std::move(region));
  };

  for (std::int64_t y = 0; y < height; y += rows) {
    const std::int64_t n = std::min(rows, height - y);
    const View band = values.view().Slice(1, 0, n), labels = classes.view().Slice(0, 0, n);
    const auto classify = [&](std::int64_t piece, int) -> Status {
      const std::int64_t x = piece * columns, size = std::min(columns, width - x);
      const View part = band.Slice(2, x, size), values_of = part.Slice(0, 0, channels),
                 classes_of = labels.Slice(1, x, size);
      const Box box{{y, y + n}, {x, x + size}};
      if (options.asked != nullptr && !options.asked->Touches(box)) return options.asked->ClearOutside(box, classes_of);
      TEGULA_TRY(outputs::ReadPlane(store, 0, 0, 0, box, values_of));
      classifier.Classify(values_of, classes_of);
      if (options.asked == nullptr) return Ok();
      TEGULA_TRY(options.asked->ClearOutside(box, classes_of));
      return options.asked->MarkEdge(whole, box, EdgeOf(part, channels));
    };
    TEGULA_TRY(ForEach(context.executor, CeilDiv(width, columns), context.stop, classify));
    TEGULA_TRY(tracer.Add(labels, band, take));
    context.progress.Update("tracing objects", y + n, height, "rows");
  }
  TEGULA_TRY(tracer.Finish(take));
  return touching;
}

}  // namespace tegula::pipeline
