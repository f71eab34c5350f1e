#include "tegula/pipeline/objects_pass.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/pipeline/region_measuring.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kPieceColumns = 2048;  // read and classified by one worker

class ObjectsRun {
 public:
  ObjectsRun(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
             RegionMeasuring measuring)
      : context_(context), planes_(planes), options_(options), measuring_(std::move(measuring)) {}

  Result<FoundObjects> Run() && {
    TEGULA_TRY(OpenPasses());
    const std::int64_t height = planes_.map.shape()[1];
    for (std::int64_t y = 0; y < height; y += measuring_.window().band_rows()) {
      const Interval band{y, std::min(y + measuring_.window().band_rows(), height)};
      TEGULA_TRY(ReadAndClassify(band));
      TEGULA_TRY(Trace(band));
      TEGULA_TRY(measuring_.MeasureFound());
      context_.progress.Update("tracing objects", band.end, height, "rows");
    }
    for (Pass& pass : passes_) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(pass.tracer.Finish(keep));
    }
    return std::move(measuring_).Finish();
  }

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
                              Tensor::Allocate(DType::kU8, {measuring_.window().band_rows(), width}, context_.limits));
      passes_.push_back({std::move(classifier), std::move(tracer), std::move(classes), pass.relabel});
    }
    return Ok();
  }

  Status ReadAndClassify(Interval band) {
    const Shape& map = planes_.map.shape();
    const View rows = measuring_.window().Begin(band);
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
    measuring_.Add(std::move(region));
    return Ok();
  }

  Status Trace(Interval band) {
    for (Pass& pass : passes_) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(pass.tracer.Add(std::as_const(pass.classes_yx).view().Slice(0, 0, band.size()), keep));
    }
    return Ok();
  }

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  RegionMeasuring measuring_;
  std::vector<Pass> passes_;
};

}  // namespace

Result<FoundObjects> FindObjects(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                                 const objects::MeasurementPlan& plan, const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(RowWindow window, WindowFor(planes.map, planes.channels(), context.limits));
  TEGULA_ASSIGN_OR_RETURN(objects::RegionSpool spool, objects::RegionSpool::Create(path));
  RegionMeasuring measuring(context, planes, plan, std::move(window), std::move(spool));
  return ObjectsRun(context, planes, options, std::move(measuring)).Run();
}

}  // namespace tegula::pipeline
