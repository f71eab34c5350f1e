#include "tegula/app/normalisation.h"

#include <fmt/format.h>

#include "tegula/app/areas.h"
#include "tegula/app/feeds.h"
#include "tegula/app/image_access.h"
#include "tegula/core/files.h"
#include "tegula/ops/statistics_file.h"
#include "tegula/pipeline/statistics_pass.h"

namespace tegula::app {
namespace {

constexpr std::string_view kImage = "image", kPadded = "padded", kRoi = "roi";
constexpr std::int64_t kLargestFile = 64 << 20;

Result<objects::PolygonMask> ReadRoi(std::string_view text) {
  const std::optional<Box> box = text.starts_with('=') ? ParseRectangle(text.substr(1)) : std::nullopt;
  if (!box)
    return InvalidError(fmt::format(
        "roi{} is no region: write roi=X,Y,WIDTH,HEIGHT in pixels of the full resolution, as roi=1000,2000,512,512",
        text));
  return objects::PolygonMask::Rectangle(*box);
}

Result<objects::PolygonMask> ReadMask(const Path& file) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<objects::PointPolygon> areas, ReadAreas(file));
  return objects::PolygonMask::Create(areas);
}

}  // namespace

Result<Normalisation> Normalisation::Open(const std::string& from, const spec::ModelDescription& model,
                                          std::size_t images) {
  Normalisation normalisation(model);
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  for (const spec::TensorDescription& input : model.inputs)
    for (ops::StatisticRequest& request : ops::RequestsOf(input.id, requests))
      normalisation.wanted_.push_back(std::move(request));
  if (from == kImage) return normalisation;
  if (from == kPadded) {
    normalisation.padded_ = true;
    normalisation.note_ = "the statistics for normalisation are those of the image with the halo around it";
  } else if (from.starts_with(kRoi) && (from.size() == kRoi.size() || from[kRoi.size()] == '=')) {
    TEGULA_ASSIGN_OR_RETURN(normalisation.mask_, ReadRoi(std::string_view(from).substr(kRoi.size())));
    normalisation.note_ = fmt::format("the statistics for normalisation are those of the region {}", from);
  } else if (IsGeoJsonName(from)) {
    TEGULA_ASSIGN_OR_RETURN(normalisation.mask_, ReadMask(from));
    if (images > 1)
      return InvalidError(fmt::format("the outlines of {} belong to one image: give one image with them", from));
    normalisation.note_ = fmt::format("the statistics for normalisation are those of the pixels inside {}", from);
  } else {
    TEGULA_TRY(normalisation.ReadStatistics(from));
  }
  if (requests.empty()) normalisation.note_ = fmt::format("{} was not needed: the model wants no statistics", from);
  return normalisation;
}

Status Normalisation::ReadStatistics(const std::string& file) {
  from_file_ = true;
  note_ = fmt::format("the statistics for normalisation come from {}, not from this image", file);
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kLargestFile));
  TEGULA_ASSIGN_OR_RETURN(known_, FromJson(text).Context(file));
  return Ok();
}

Result<ops::Statistics> Normalisation::FromJson(std::string_view text) const {
  TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, ops::StatisticsFromJson(text, wanted_));
  // Those of outputs are taken if they are there; else they are computed when the output is.
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(*model_));
  for (const ops::StatisticRequest& request : requests) {
    const Result<ops::Statistics> found = ops::StatisticsFromJson(text, {request});
    if (found.ok()) statistics.Set(found->all().front());
  }
  return statistics;
}

Status Normalisation::TakeDataset(const RunContext& context, const spec::TensorDescription& input,
                                  const std::vector<std::string>& images, const image::BindingRequest& binding) {
  std::vector<ops::StatisticRequest> of_dataset = ops::RequestsOf(input.id, wanted_);
  std::erase_if(of_dataset, [](const ops::StatisticRequest& request) { return !request.of_dataset; });
  if (images.size() < 2 || from_file_ || of_dataset.empty()) return Ok();
  std::vector<OpenImage> open;
  const image::Access access = AccessTo(context);
  for (const std::string& name : images) {
    TEGULA_ASSIGN_OR_RETURN(OpenImage image, OpenFor(input, name, binding, access).Context(ShownName(name)));
    open.push_back(std::move(image));
  }
  std::vector<pipeline::StatisticsSource> sources;
  for (const OpenImage& image : open) sources.push_back({&image.bound, padded_, mask_ ? &*mask_ : nullptr});
  TEGULA_ASSIGN_OR_RETURN(known_, pipeline::ComputeStatistics(context, *model_, input, std::move(of_dataset), sources));
  if (note_.empty())
    note_ = fmt::format("the statistics of the dataset are those of all {} images together", images.size());
  return Ok();
}

Result<ops::Statistics> Normalisation::Of(const RunContext& context, std::span<const pipeline::InputFeed> feeds,
                                          bool of_patches) const {
  const bool leaves_samples = of_patches && !padded_ && !mask_;
  ops::Statistics statistics;
  const pipeline::InputFeed* main = nullptr;
  for (const pipeline::InputFeed& feed : feeds)
    if (main == nullptr && feed.image != nullptr) main = &feed;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const spec::TensorDescription& input = model_->inputs[i];
    std::vector<ops::StatisticRequest> missing = ops::RequestsOf(input.id, wanted_);
    std::erase_if(missing, [&](const ops::StatisticRequest& request) {
      return known_.Find(request).ok() || (leaves_samples && !request.of_dataset);
    });
    if (missing.empty()) continue;
    if (feeds[i].image == nullptr)
      return UnsupportedError(fmt::format(
          "input {} is normalised by statistics of its image, so it needs an image and not a constant", input.id));
    const pipeline::StatisticsSource source{feeds[i].image, padded_, mask_ && &feeds[i] == main ? &*mask_ : nullptr};
    TEGULA_ASSIGN_OR_RETURN(const ops::Statistics of_input,
                            pipeline::ComputeStatistics(context, *model_, input, std::move(missing), {&source, 1}));
    for (const ops::Statistic& statistic : of_input.all()) statistics.Set(statistic);
  }
  for (const ops::Statistic& statistic : known_.all()) statistics.Set(statistic);
  return statistics;
}

}  // namespace tegula::app
