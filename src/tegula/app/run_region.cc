#include "tegula/app/run_region.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/areas.h"
#include "tegula/app/run_tissue.h"
#include "tegula/core/text.h"
#include "tegula/ops/statistics.h"
#include "tegula/spec/object_output.h"

namespace tegula::app {
namespace {

constexpr std::string_view kTissue = "tissue";
constexpr double kPictureSteps = 2000;  // what pictures show of the longer edge at most

// Corners closer than `step` to the one before are left out.
objects::PointRing Thinned(const objects::PointRing& ring, double step) {
  objects::PointRing thinned;
  for (const objects::Point& point : ring)
    if (thinned.empty() || std::hypot(point.y - thinned.back().y, point.x - thinned.back().x) >= step)
      thinned.push_back(point);
  return thinned;
}

std::vector<objects::PointRing> OutlinesOf(const std::vector<objects::PointPolygon>& areas, double step) {
  std::vector<objects::PointRing> rings;
  for (const objects::PointPolygon& area : areas) {
    rings.push_back(Thinned(area.outer, step));
    for (const objects::PointRing& hole : area.holes) rings.push_back(Thinned(hole, step));
  }
  return rings;
}

Result<pipeline::RegionOfInterest> OnOutput(const objects::PolygonMask& mask, const image::BoundInfo& leading,
                                            const tiling::TilePlan& plan, std::size_t output,
                                            const PerAxis<std::int64_t>& finer) {
  PerAxis<double> scale, origin;
  for (const GridAxis axis : kGridAxes) {
    scale[axis] = plan.axes[axis].outputs[output].scale * static_cast<double>(finer[axis]);
    origin[axis] = plan.axes[axis].outputs[output].origin;
  }
  return pipeline::RegionOfInterest::Create(mask, pipeline::PlaceOnSlide(leading, scale, origin));
}

outputs::RegionRecord RecordOf(const RegionRequest& request, const objects::PolygonMask& mask,
                               const image::ImageInfo& info) {
  const image::Level& full = info.levels.front();
  const auto area = static_cast<double>(mask.Area({}, {{0, full.height}, {0, full.width}}));
  outputs::RegionRecord record{.asked = request.words(), .area_px = area};
  if (info.pixel_size) record.area_um2 = area * info.pixel_size->y_um * info.pixel_size->x_um;
  record.share = area / (static_cast<double>(full.height) * static_cast<double>(full.width));
  return record;
}

}  // namespace

Result<RegionRequest> RegionRequest::Parse(const std::vector<std::string>& words, std::size_t images) {
  RegionRequest request;
  request.words_ = words;
  std::vector<std::string> keys;
  for (const std::string& word : words) {
    keys.push_back(word);
    if (word == kTissue) {
      request.wants_tissue_ = true;
    } else if (word.starts_with(kTissue) && word[kTissue.size()] == '=') {
      request.wants_tissue_ = true;
      request.tissue_threshold_ = ParseDouble(word.substr(kTissue.size() + 1));
      if (!request.tissue_threshold_ || !std::isfinite(*request.tissue_threshold_))
        return InvalidError(
            fmt::format("--region {} names no threshold for tissue: write a number, as tissue=0.06", word));
    } else if (IsGeoJsonName(word)) {
      if (images > 1)
        return InvalidError(fmt::format("the outlines of {} belong to one image: give one image with them", word));
      TEGULA_ASSIGN_OR_RETURN(std::vector<objects::PointPolygon> areas, ReadAreas(word));
      std::move(areas.begin(), areas.end(), std::back_inserter(request.areas_));
      request.files_.emplace_back(word);
      TEGULA_ASSIGN_OR_RETURN(const std::string hash, Sha256OfFile(word));
      keys.back() += fmt::format(" ({})", hash.substr(0, 16));
    } else if (const std::optional<Box> box = ParseRectangle(word)) {
      request.areas_.push_back(objects::PolygonOf(*box));
    } else {
      return InvalidError(
          fmt::format("--region {} is no region: write X,Y,WIDTH,HEIGHT in pixels of the full resolution, as "
                      "1000,2000,512,512, a FILE.geojson, or tissue",
                      word));
    }
  }
  if (!words.empty()) request.key_ = fmt::format("{}", fmt::join(keys, " and "));
  return request;
}

bool RegionRequest::Reads(const Path& file) const {
  std::error_code ignored;
  return std::any_of(files_.begin(), files_.end(),
                     [&](const Path& read) { return std::filesystem::equivalent(read, file, ignored); });
}

Result<RunRegion> RunRegion::Create(const RegionRequest& request, const std::string& image, const Feeds& feeds,
                                    const spec::ModelDescription& model, const std::vector<std::size_t>& outputs,
                                    const image::BindingRequest& planes, const tiling::TilePlan& plan,
                                    const Path& folder, const RunContext& context) {
  RunRegion region;
  if (request.is_all()) return region;
  const image::Source& source = *feeds.leading().source;
  std::vector<objects::PointPolygon> areas = request.areas();
  std::optional<outputs::TissueRecord> tissue;
  if (request.wants_tissue()) {
    TEGULA_ASSIGN_OR_RETURN(FoundTissue found, FindTissueAreas(context, source, planes, request.tissue_threshold(),
                                                               image, folder / kTissueFile));
    std::move(found.areas.begin(), found.areas.end(), std::back_inserter(areas));
    tissue = std::move(found.record);
  }
  TEGULA_ASSIGN_OR_RETURN(const objects::PolygonMask mask, objects::PolygonMask::Create(areas));
  bool is_empty = true;
  for (std::size_t output = 0; output < plan.outputs(); ++output) {
    const image::BoundInfo& leading = feeds.leading().bound.info();
    // Numbered objects may be finer than what the network gives.
    PerAxis<std::int64_t> finer, size = plan.size_of(output);
    for (const GridAxis axis : kGridAxes) {
      finer[axis] = spec::PixelsPerNetworkPixel(model.outputs[outputs[output]], std::string(1, GridAxisName(axis)));
      size[axis] *= finer[axis];
    }
    TEGULA_ASSIGN_OR_RETURN(pipeline::RegionOfInterest on, OnOutput(mask, leading, plan, output, finer));
    region.areas_.push_back(on.Area({{0, size[GridAxis::kY]}, {0, size[GridAxis::kX]}}));
    is_empty = is_empty && region.areas_.back() == 0;
    region.on_.push_back(std::move(on));
  }
  const image::ImageInfo& info = source.info();
  if (is_empty)
    return InvalidError(
        fmt::format("no pixel of the prediction lies in the region {}; the image has {} x {} pixels (width x height)",
                    fmt::join(request.words(), " and "), info.levels.front().width, info.levels.front().height));
  const std::int64_t edge = std::max(info.levels.front().height, info.levels.front().width);
  region.outlines_ = OutlinesOf(areas, static_cast<double>(edge) / kPictureSteps);
  region.record_ = RecordOf(request, mask, info);
  region.record_->tissue = std::move(tissue);
  return region;
}

Status CheckRegionApplies(const spec::ModelDescription& model, const std::vector<std::size_t>& outputs,
                          const ops::Statistics& known) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  for (const std::size_t output : outputs) {
    for (const ops::StatisticRequest& request : ops::RequestsOf(model.outputs[output].id, requests))
      if (!known.Find(request).ok())
        return UnsupportedError(fmt::format(
            "output {} is postprocessed with the {} of all of it, so a part cannot be made alone: leave out "
            "--region, or take the numbers of a run without it by --statistics-from (see --save-statistics)",
            model.outputs[output].id, ops::MeasureName(request.measure)));
  }
  return Ok();
}

}  // namespace tegula::app
