#include "tegula/pipeline/objects_pass.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/objects/region_rows.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/channel_values.h"
#include "tegula/pipeline/row_window.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kWindowBytes = 192 << 20;
constexpr std::int64_t kBands = 2;            // at hand: an object as tall as one is measured on them
constexpr std::int64_t kPieceColumns = 2048;  // read and classified by one worker
constexpr std::int64_t kBatch = 64;           // objects measured by one worker at a time
// Objects that are too tall for the window wait until there are so many of them, or so long outlines.
constexpr std::size_t kTallRegions = 512;
constexpr std::int64_t kTallCorners = 8 << 20;

// Rows per band: whole chunks if memory allows, so that each is decoded once, else equal parts of them.
std::int64_t BandRows(std::int64_t row_bytes, std::int64_t chunk_rows) {
  const std::int64_t most = std::max<std::int64_t>(1, kWindowBytes / kBands / std::max<std::int64_t>(1, row_bytes));
  return CeilDiv(chunk_rows, CeilDiv(chunk_rows, std::min(chunk_rows, most)));
}

std::int64_t Corners(const objects::Region& region) {
  std::size_t corners = 0;
  for (const objects::Polygon& polygon : region.polygons) {
    corners += polygon.outer.size();
    for (const objects::Ring& hole : polygon.holes) corners += hole.size();
  }
  return static_cast<std::int64_t>(corners);
}

class ObjectsRun {
 public:
  ObjectsRun(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
             const objects::MeasurementPlan& plan, objects::RegionSpool spool, RowWindow window)
      : context_(context),
        planes_(planes),
        options_(options),
        plan_(plan),
        spool_(std::move(spool)),
        window_(std::move(window)) {}

  Status Run() {
    TEGULA_TRY(OpenPasses());
    const std::int64_t height = planes_.map.shape()[1];
    for (std::int64_t y = 0; y < height; y += window_.band_rows()) {
      const Interval band{y, std::min(y + window_.band_rows(), height)};
      TEGULA_TRY(ReadAndClassify(band));
      TEGULA_TRY(Trace(band));
      TEGULA_TRY(MeasureFound());
      context_.progress.Update("tracing objects", band.end, height, "rows");
    }
    for (Pass& pass : passes_) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(pass.tracer.Finish(keep));
    }
    TEGULA_TRY(MeasureFound());
    return MeasureWaiting();
  }

  objects::RegionSpool TakeSpool() && { return std::move(spool_); }

 private:
  struct Pass {
    objects::Classifier classifier;
    objects::RegionTracer tracer;
    Tensor classes_yx;
    std::optional<std::int32_t> relabel;
  };

  Status OpenPasses() {
    const std::int64_t width = planes_.map.shape()[2];
    for (const ObjectPass& pass : options_.passes) {
      TEGULA_ASSIGN_OR_RETURN(objects::Classifier classifier,
                              objects::Classifier::Bind(pass.rule, planes_.map.shape()[0]));
      TEGULA_ASSIGN_OR_RETURN(objects::RegionTracer tracer,
                              objects::RegionTracer::Create({.width = width,
                                                             .connectivity = options_.connectivity,
                                                             .labels = pass.labels,
                                                             .filter = options_.filter}));
      TEGULA_ASSIGN_OR_RETURN(Tensor classes,
                              Tensor::Allocate(DType::kU8, {window_.band_rows(), width}, context_.limits));
      passes_.push_back({std::move(classifier), std::move(tracer), std::move(classes), pass.relabel});
    }
    return Ok();
  }

  Status ReadAndClassify(Interval band) {
    const Shape& map = planes_.map.shape();
    const View rows = window_.Begin(band);
    const View of_map = rows.Slice(0, 0, map[0]), of_image = rows.Slice(0, map[0], rows.shape()[0] - map[0]);
    const std::int64_t edge = planes_.map.chunk_columns();
    const std::int64_t columns = CeilDiv(kPieceColumns, edge) * edge;
    const auto piece = [&](std::int64_t number, int) -> Status {
      const Interval x = Intersect(Interval{number * columns, (number + 1) * columns}, Interval{0, map[2]});
      const View values = of_map.Slice(2, x.begin, x.size());
      const bool is_asked = options_.asked == nullptr || options_.asked->Touches({band, x});
      if (is_asked) TEGULA_TRY(planes_.map.Read({band, x}, values));
      for (Pass& pass : passes_) {
        const View classes = pass.classes_yx.view().Slice(0, 0, band.size()).Slice(1, x.begin, x.size());
        if (is_asked) pass.classifier.Classify(values, classes);
        if (options_.asked != nullptr) TEGULA_TRY(options_.asked->ClearOutside({band, x}, classes));
      }
      if (!is_asked) return Ok();
      return planes_.image == nullptr ? Ok() : planes_.image->Read({band, x}, of_image.Slice(2, x.begin, x.size()));
    };
    return ForEach(context_.executor, CeilDiv(map[2], columns), context_.stop, piece);
  }

  Status Keep(const Pass& pass, objects::Region region) {
    region.label = pass.relabel.value_or(region.label);
    found_.push_back(std::move(region));
    return Ok();
  }

  Status Trace(Interval band) {
    for (Pass& pass : passes_) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(pass.tracer.Add(std::as_const(pass.classes_yx).view().Slice(0, 0, band.size()), keep));
    }
    return Ok();
  }

  // Those that lie within the rows at hand; the others wait.
  Status MeasureFound() {
    const auto tall = std::stable_partition(found_.begin(), found_.end(), [&](const objects::Region& region) {
      return region.bounds.y.begin >= window_.held().begin || window_.channels() == 0;
    });
    for (auto region = tall; region != found_.end(); ++region) {
      waiting_corners_ += Corners(*region);
      waiting_.push_back(std::move(*region));
    }
    found_.erase(tall, found_.end());
    const auto count = static_cast<std::int64_t>(found_.size());
    std::vector<double> values(found_.size() * plan_.columns());
    const auto measure = [&](std::int64_t batch, int) -> Status {
      for (std::int64_t i = batch * kBatch; i < std::min(count, (batch + 1) * kBatch); ++i) {
        const auto at = static_cast<std::size_t>(i);
        Measure(found_[at], std::span(values).subspan(at * plan_.columns(), plan_.columns()));
      }
      return Ok();
    };
    TEGULA_TRY(ForEach(context_.executor, CeilDiv(count, kBatch), context_.stop, measure));
    for (std::size_t i = 0; i < found_.size(); ++i)
      TEGULA_TRY(spool_.Add(found_[i], std::span(values).subspan(i * plan_.columns(), plan_.columns())));
    found_.clear();
    if (waiting_.size() < kTallRegions && waiting_corners_ < kTallCorners) return Ok();
    return MeasureWaiting();
  }

  void Measure(const objects::Region& region, std::span<double> values) const {
    std::vector<objects::ChannelStatistics> statistics;
    std::vector<float> numbers;
    for (std::int64_t c = 0; c < window_.channels(); ++c) {
      numbers.clear();
      for (objects::RegionRows rows(region.polygons); rows.Next();) {
        const std::span<const float> row = window_.Row(c, rows.y());
        for (const objects::PixelRun run : rows.runs())
          AppendNumbers(row.subspan(static_cast<std::size_t>(run.begin), static_cast<std::size_t>(run.end - run.begin)),
                        numbers);
      }
      statistics.push_back(StatisticsOf(numbers, plan_.percentiles()));
    }
    plan_.Fill(region, statistics, values);
  }

  Status MeasureWaiting() {
    const auto keep = [&](const objects::Region& region, std::span<const double> values) {
      return spool_.Add(region, values);
    };
    TEGULA_TRY(MeasureTall(context_, planes_, plan_, waiting_, keep));
    waiting_.clear();
    waiting_corners_ = 0;
    return Ok();
  }

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  const objects::MeasurementPlan& plan_;
  objects::RegionSpool spool_;
  RowWindow window_;
  std::vector<Pass> passes_;
  std::vector<objects::Region> found_, waiting_;
  std::int64_t waiting_corners_ = 0;
};

}  // namespace

Result<FoundObjects> FindObjects(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                                 const objects::MeasurementPlan& plan, const Path& path) {
  const Shape& map = planes.map.shape();
  const std::int64_t channels = planes.channels();
  const std::int64_t row_bytes = map[2] * channels * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t rows = std::min(map[1], BandRows(row_bytes, planes.map.chunk_rows()));
  TEGULA_ASSIGN_OR_RETURN(RowWindow window, RowWindow::Create(channels, map[2], rows, kBands, context.limits));
  TEGULA_ASSIGN_OR_RETURN(objects::RegionSpool spool, objects::RegionSpool::Create(path));
  ObjectsRun run(context, planes, options, plan, std::move(spool), std::move(window));
  TEGULA_TRY(run.Run());
  objects::RegionSpool found = std::move(run).TakeSpool();
  TEGULA_TRY(found.Finish());
  return FoundObjects::Create(context, std::move(found), plan);
}

}  // namespace tegula::pipeline
