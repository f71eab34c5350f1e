#include "tegula/pipeline/statistics_pass.h"

#include <fmt/format.h>

#include <atomic>

#include "tegula/core/interval.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/sizes.h"

namespace tegula::pipeline {

Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image, StatisticsOf of) {
  ops::Statistics statistics;
  TEGULA_ASSIGN_OR_RETURN(std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  if (requests.empty()) return statistics;
  TEGULA_ASSIGN_OR_RETURN(const PlaneLayout layout, PlaneLayout::Of(model.inputs.front()));

  const spec::TensorDescription& input = model.inputs.front();
  const image::BoundInfo& info = image.info();
  const bool is_padded = of == StatisticsOf::kPadded;
  const std::int64_t halo_y = is_padded ? spec::InputHalo(model, input.id, "y") : 0;
  const std::int64_t halo_x = is_padded ? spec::InputHalo(model, input.id, "x") : 0;
  const std::int64_t height = info.height + 2 * halo_y, width = info.width + 2 * halo_x;
  const std::int64_t rows = CeilDiv(height, kStatisticsBlock), columns = CeilDiv(width, kStatisticsBlock);
  TEGULA_ASSIGN_OR_RETURN(
      ops::StatisticsCollector collector,
      ops::StatisticsCollector::Make(std::move(requests), info.dtype, layout.ShapeOf(info.channels, height, width),
                                     rows * columns, context.executor.workers()));
  while (!collector.done()) {
    std::atomic<std::int64_t> done{0};
    const auto add = [&](std::int64_t block, int worker) -> Status {
      const std::int64_t y = block / columns * kStatisticsBlock, x = block % columns * kStatisticsBlock;
      const Box box{{y, std::min(y + kStatisticsBlock, height)}, {x, std::min(x + kStatisticsBlock, width)}};
      const Box in_image{box.y.Shifted(-halo_y), box.x.Shifted(-halo_x)};
      TEGULA_ASSIGN_OR_RETURN(
          Tensor pixels,
          Tensor::Allocate(info.dtype, layout.ShapeOf(info.channels, box.height(), box.width()), context.limits));
      TEGULA_TRY(image.ReadPadded(in_image, input.pad.mode, input.pad.value, layout.PlanesOf(pixels.view()))
                     .Context(fmt::format("statistics at y={} x={}", y, x)));
      const Tensor& raw = pixels;
      collector.Add(block, layout.PositionOf(y, x), raw.view(), worker);
      context.progress.Update("computing whole-image statistics", ++done, rows * columns, "blocks");
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, rows * columns, context.stop, add));
    collector.FinishPass();
  }
  for (ops::Statistic& statistic : collector.Take()) statistics.Set(std::move(statistic));
  return statistics;
}

}  // namespace tegula::pipeline
