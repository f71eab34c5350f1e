#include "tegula/app/run_tissue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/areas.h"
#include "tegula/app/run_key.h"
#include "tegula/image/tissue.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/outputs/geojson.h"

namespace tegula::app {
namespace {

constexpr double kSpeckMm2 = 0.01, kSpeckShare = 0.001;
constexpr outputs::Rgb kTissueColour = {200, 0, 0};

Result<std::int64_t> MiddlePlane(const std::optional<image::PlaneRange>& asked, std::int64_t size) {
  TEGULA_ASSIGN_OR_RETURN(const Interval planes, asked.value_or(image::PlaneRange::All()).Within(size));
  return planes.begin + (planes.size() - 1) / 2;
}

// In pixels of the mask.
std::int64_t SpeckOf(const image::TissueMask& found, const image::ImageInfo& info) {
  double speck = kSpeckShare * static_cast<double>(found.mask_yx.elements());
  if (info.pixel_size) {
    const image::Downsample& step = found.grid.downsample;
    speck = std::min(speck, kSpeckMm2 * 1e6 / (step.y * info.pixel_size->y_um * step.x * info.pixel_size->x_um));
  }
  return static_cast<std::int64_t>(std::ceil(speck));
}

std::string HowFound(const image::TissueMask& found, bool is_asked) {
  if (!found.is_brightfield)
    return fmt::format("tissue is where a channel is brighter than {}", is_asked ? "asked for" : "its threshold");
  return fmt::format(
      "tissue is where one of the colours has an optical density above {:.3g}{}, that is where it lets through less "
      "than "
      "{:.0f} % of white, which is {:.4g}",
      found.channels.front().threshold, is_asked ? ", as asked for" : "",
      100 * std::pow(10, -found.channels.front().threshold), found.white);
}

Error NoTissue(const image::TissueMask& found, const image::ImageInfo& info) {
  std::string thresholds;
  for (const image::TissueChannel& channel : found.channels)
    if (channel.is_counted)
      thresholds += fmt::format("{}{} above {:.4g}", thresholds.empty() ? "" : ", ", channel.name, channel.threshold);
  if (thresholds.empty()) thresholds = "no channel has a dark background with something brighter on it";
  const double largest = found.is_brightfield ? 1 : info.dtype == DType::kU8 ? 255 : 1000;
  return InvalidError(
      fmt::format("no tissue was found in the image ({}); name a region as X,Y,WIDTH,HEIGHT or FILE.geojson, choose a "
                  "threshold, as --region tissue={:.2g}, or leave out --region for all of it",
                  thresholds, largest / 20));
}

// 0 where there is tissue, no class elsewhere.
Tensor ClassesOf(Tensor mask_yx) {
  for (std::uint8_t& pixel : mask_yx.values<std::uint8_t>()) pixel = pixel != 0 ? 0 : objects::kNoClass8;
  return mask_yx;
}

}  // namespace

Result<FoundTissue> FindTissueAreas(const RunContext& context, const image::Source& source,
                                    const image::BindingRequest& planes, const std::optional<double>& threshold,
                                    const std::string& name, const Path& file) {
  const image::ImageInfo& info = source.info();
  image::TissueRequest request{.threshold = threshold};
  TEGULA_ASSIGN_OR_RETURN(request.z, MiddlePlane(planes.z, info.size_z));
  TEGULA_ASSIGN_OR_RETURN(request.t, MiddlePlane(planes.t, info.size_t));
  TEGULA_ASSIGN_OR_RETURN(image::TissueMask found, image::FindTissue(context, source, request));

  const std::int64_t speck = SpeckOf(found, info);
  const Tensor classes = ClassesOf(std::move(found.mask_yx));
  TEGULA_ASSIGN_OR_RETURN(
      const std::vector<objects::Region> regions,
      objects::TraceRegions(classes.view(),
                            {.labels = {0}, .filter = {.min_area_px = speck, .fill_holes_below_px = speck}}));
  objects::MapFrame frame{.scale_y = found.grid.downsample.y, .scale_x = found.grid.downsample.x};
  if (info.pixel_size) frame.pixel_size = {.y_um = info.pixel_size->y_um, .x_um = info.pixel_size->x_um};
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasurementPlan plan, objects::MeasurementPlan::Create({}, {}, frame));
  outputs::GeoJsonOptions options{.type = outputs::ObjectType::kAnnotation,
                                  .frame = frame,
                                  .classes = {{"Tissue", kTissueColour}},
                                  .seed = SeedOf(Sha256OfBytes("tissue of " + name))};
  for (std::size_t column = 0; column < plan.columns(); ++column) options.measurements.push_back(plan.Name(column));
  TEGULA_ASSIGN_OR_RETURN(const outputs::GeoJsonFormat format, outputs::GeoJsonFormat::Create(options));
  std::int64_t area = 0;
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter writer, outputs::GeoJsonWriter::Create(file));
  std::vector<double> measured(plan.columns());
  for (const objects::Region& region : regions) {
    area += region.area_px;
    plan.Fill(region, {}, measured);
    std::string feature;
    TEGULA_TRY(format.Append(region, measured, feature));
    TEGULA_TRY(writer.Add(feature));
  }
  if (regions.empty()) return NoTissue(found, info);
  TEGULA_TRY(writer.Commit());

  FoundTissue tissue;
  TEGULA_ASSIGN_OR_RETURN(tissue.areas, ReadAreas(file));
  const double pixels = static_cast<double>(classes.elements());
  tissue.record = {
      .method = fmt::format("{}; parts and holes of less than {} pixels of the mask are left out and filled",
                            HowFound(found, threshold.has_value()), speck),
      .height = found.grid.height(),
      .width = found.grid.width(),
      .downsample = found.grid.downsample.y,
      .share = static_cast<double>(area) / pixels};
  for (const image::TissueChannel& channel : found.channels)
    tissue.record.thresholds.push_back({channel.name, channel.threshold, channel.is_counted});
  return tissue;
}

}  // namespace tegula::app
