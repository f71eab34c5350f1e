#include "tegula/app/object_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/outputs/html.h"
#include "tegula/tiling/seams.h"

namespace tegula::app {
namespace {

constexpr std::size_t kMostShown = 8;
// Which measurements people look at first; of channels their means.
constexpr std::string_view kShown[] = {"Area",         "Circularity",       "Solidity",
                                       "Eccentricity", "Class probability", "Nearest neighbour distance"};

}  // namespace

std::vector<std::int64_t> SeamsOnMap(const tiling::AxisPlan& plan, std::size_t output, std::int64_t size) {
  std::vector<std::int64_t> seams = tiling::SeamStarts(plan, output);
  const std::int64_t finer = CeilDiv(size, std::max<std::int64_t>(1, plan.outputs[output].size));
  for (std::int64_t& seam : seams) seam *= finer;
  std::erase_if(seams, [&](std::int64_t seam) { return seam >= size; });
  return seams;
}

ObjectReport::ObjectReport(const pipeline::OutputInfo& output, const tiling::TilePlan& plan)
    : output_(output),
      density_(output.height(), output.width()),
      seams_(output.height(), output.width(), SeamsOnMap(plan.axes[GridAxis::kY], 0, output.height()),
             SeamsOnMap(plan.axes[GridAxis::kX], 0, output.width())) {}

void ObjectReport::Begin(const objects::MeasurementPlan& measured, std::string_view part, std::uint64_t seed) {
  gallery_ = ObjectGallery(seed);
  const auto is_of = [](std::string_view name, std::string_view what) {
    return name.starts_with(what) && (name.size() == what.size() || name[what.size()] == ' ');
  };
  const auto show = [&](std::size_t column) {
    if (columns_.size() == kMostShown) return;
    columns_.push_back(column);
    measured_.push_back({measured.Name(column, part)});
  };
  for (const std::string_view what : kShown)
    for (std::size_t i = 0; i < measured.columns(); ++i)
      if (is_of(measured.Name(i), what)) show(i);
  // Those of the map come first; a single one is the class probability.
  std::vector<std::size_t> means;
  for (std::size_t i = 0; i < measured.columns(); ++i)
    if (measured.Name(i).ends_with(": Mean")) means.push_back(i);
  const auto of_image = means.begin() + static_cast<std::ptrdiff_t>(std::min(measured.map_channels(), means.size()));
  for (auto mean = of_image; mean != means.end(); ++mean) show(*mean);
  if (measured.map_channels() > 1) std::for_each(means.begin(), of_image, show);
}

void ObjectReport::Add(const objects::Region& region, std::span<const double> values, bool may_be_cut) {
  for (std::size_t i = 0; i < columns_.size(); ++i) measured_[i].values.push_back(values[columns_[i]]);
  density_.Add(region);
  if (!may_be_cut) seams_.Add(region);
  if (!gallery_.IsDrawn(region)) return;
  const auto area =
      std::ranges::find(measured_, true, [](const auto& m) { return m.name.find("Area ") != std::string::npos; });
  std::string caption = output_.channel_names[static_cast<std::size_t>(region.label)];
  if (area != measured_.end())
    caption += fmt::format(", {} {}", outputs::ReadableNumber(area->values.back()),
                           area->name.ends_with("Area µm^2") ? "µm²" : "px");
  gallery_.Add(region, std::move(caption));
}

Result<outputs::ObjectFigures> ObjectReport::Figures(const image::BoundImage& image, const Tensor& slide_yxc,
                                                     const objects::MapFrame& frame,
                                                     const pipeline::RegionOfInterest* asked) const {
  outputs::ObjectFigures figures{.measured = measured_};
  const double scale_y = output_.scale[GridAxis::kY], scale_x = output_.scale[GridAxis::kX];
  const ObjectDensity::OnMap on_map{
      .step_y = static_cast<double>(image.info().height()) / static_cast<double>(slide_yxc.shape()[0]) * scale_y,
      .step_x = static_cast<double>(image.info().width()) / static_cast<double>(slide_yxc.shape()[1]) * scale_x,
      .origin_y = -output_.origin[GridAxis::kY] * scale_y,
      .origin_x = -output_.origin[GridAxis::kX] * scale_x};
  TEGULA_ASSIGN_OR_RETURN(figures.density, density_.Over(slide_yxc, on_map, frame, asked));
  TEGULA_ASSIGN_OR_RETURN(figures.gallery, gallery_.Pictures(image, output_));
  figures.seams = SeamSentence(seams());
  return figures;
}

void DescribeSeams(const std::optional<objects::SeamEdgeFinding>& finding, outputs::RunRecord& record) {
  if (!finding) return;
  record.notes.push_back(SeamSentence(finding));
  if (finding->excess > 0)
    record.warnings.push_back(
        fmt::format("Outlines of objects run straight along seams of tiles for {} pixels more than chance explains: "
                    "tiles do not see enough of their surroundings. See --verify and --context.",
                    finding->excess));
}

std::string SeamSentence(const std::optional<objects::SeamEdgeFinding>& finding) {
  if (!finding) return {};
  return fmt::format(
      "Straight edges along seams of tiles, beyond chance: {} pixels ({} lie on seams, {} would by chance).",
      finding->excess, finding->on_seams, outputs::ReadableNumber(finding->by_chance));
}

}  // namespace tegula::app
