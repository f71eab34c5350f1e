#include "tegula/app/stored_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "tegula/app/image_access.h"
#include "tegula/app/make_objects.h"
#include "tegula/app/prediction_classes.h"
#include "tegula/app/run_key.h"
#include "tegula/app/run_objects.h"
#include "tegula/app/run_qupath.h"
#include "tegula/app/staging.h"
#include "tegula/app/stored_prediction.h"
#include "tegula/app/summary.h"
#include "tegula/image/binding.h"
#include "tegula/image/open.h"

namespace tegula::app {
namespace {

objects::MapFrame FrameOf(const StoredPrediction& prediction) {
  const outputs::PlacementRecord& place = prediction.placement;
  objects::MapFrame frame{place.origin_y, place.origin_x, place.scale_y, place.scale_x};
  if (prediction.knows_um())
    frame.pixel_size = {prediction.record.image.pixel_size_y_um, prediction.record.image.pixel_size_x_um};
  return frame;
}

// The image on the pixels of a prediction.
class PredictedImage {
 public:
  static Result<PredictedImage> Open(const std::string& name, const StoredPrediction& prediction,
                                     const image::Access& access) {
    PredictedImage image;
    TEGULA_ASSIGN_OR_RETURN(image.source_, image::Open(name, access).Context("measuring intensities"));
    TEGULA_TRY(CheckSame(name, image.source_->info(), prediction.record.image));
    image::BindingRequest request;
    const outputs::PlacementRecord& place = prediction.placement;
    const auto& levels = prediction.record.image.levels;
    const auto level = std::ranges::find(levels, place.scale_y, &outputs::LevelRecord::downsample);
    if (level != levels.end()) {
      request.level = static_cast<int>(level - levels.begin());
    } else {
      request.downsample = place.scale_y;
    }
    TEGULA_ASSIGN_OR_RETURN(const image::BoundImage bound, image::Bind(*image.source_, request, {.channels = 0}));
    const Shape plane = outputs::PlaneShape(prediction.store, 0);
    image.plane_ = pipeline::PlaneOfImage(bound, std::llround(place.origin_y / place.scale_y),
                                          std::llround(place.origin_x / place.scale_x), plane[1], plane[2]);
    for (const image::Channel& channel : bound.info().channel_list) image.channels_.push_back(channel.name);
    return image;
  }

  const pipeline::PlaneReader& plane() const noexcept { return *plane_; }
  const std::vector<std::string>& channels() const noexcept { return channels_; }

 private:
  static Status CheckSame(const std::string& name, const image::ImageInfo& info, const outputs::ImageRecord& record) {
    const image::Level& level = info.levels.front();
    if (record.levels.empty() || record.levels.front().height != level.height ||
        record.levels.front().width != level.width)
      return InvalidError(
          fmt::format("{} is not the image that was predicted: it has {} x {} pixels; name that one with "
                      "--image",
                      name, level.height, level.width));
    if (info.size_t > 1 || info.size_z > 1)
      return UnsupportedError(
          "the image has several planes and the record does not say which was predicted: measure intensities with "
          "`tegula predict --objects`");
    return Ok();
  }

  std::unique_ptr<image::Source> source_;
  std::unique_ptr<pipeline::PlaneReader> plane_;
  std::vector<std::string> channels_;
};

MapKind KindOf(const outputs::StoreOptions& store) {
  if (!store.classes.empty()) return MapKind::kClasses;
  return store.is_label ? MapKind::kNumbers : MapKind::kValues;
}

Result<StoredObjects> MakeOf(const StoredObjectsRequest& request, const Path& path, const Path& folder,
                             const image::Access& access, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const StoredPrediction prediction,
                          OpenStoredPrediction(path, OutputMeant(request.output, request.classifier), context.limits));
  TEGULA_TRY(CheckSinglePlane(prediction, "objects are made"));
  const std::unique_ptr<pipeline::PlaneReader> map = pipeline::PlaneOfStore(prediction.store);
  ObjectSource source{.map = *map,
                      .kind = KindOf(prediction.store.options()),
                      .frame = FrameOf(prediction),
                      .seed = SeedOfIds(prediction.record)};
  const bool is_numbered = source.kind == MapKind::kNumbers;
  TEGULA_ASSIGN_OR_RETURN(const ClassReading reading,
                          ClassesOfPrediction(prediction, request.classes, request.classifier));
  for (const ClassReading::Class& each : reading.classes)
    source.channels.push_back(each.name), source.colours.push_back(each.colour);
  if (is_numbered) source.numbers = &prediction.store;
  if (request.qupath) TEGULA_TRY(CheckQuPath(request.objects));
  ObjectRequest wanted = request.objects;
  if (request.classifier) wanted.thresholds = ThresholdsOf(*request.classifier);
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int32_t> labels, LabelsOf(wanted.classes, source.channels));
  TEGULA_TRY(CheckObjects(wanted, labels, source.channels, source.frame, source.kind));
  std::optional<PredictedImage> image;
  if (wanted.measure.intensity) {
    const std::string name = request.image.empty() ? prediction.record.image.path : request.image;
    TEGULA_ASSIGN_OR_RETURN(image, PredictedImage::Open(name, prediction, access));
    source.image = &image->plane(), source.image_channels = image->channels();
  }

  std::vector<std::string> names, all;
  for (const ObjectFile file : FilesOf(wanted)) names.emplace_back(NameOf(file));
  for (const ObjectFileRow& row : ObjectFiles()) all.emplace_back(row.name);
  all.emplace_back(kQuPathFolder);
  if (request.qupath) names.emplace_back(kQuPathFolder);
  RunKey key;
  key.Add("objects", fmt::format("{}: {}", fmt::join(labels, ","), ToText(wanted)));
  key.Add("prediction", path.string());
  TEGULA_ASSIGN_OR_RETURN(Staging staging, Staging::Open(folder, names, request.overwrite, key));
  TEGULA_TRY(MakeFolders(staging.scratch()));
  TEGULA_ASSIGN_OR_RETURN(const MadeObjects made,
                          MakeObjects(wanted, source, labels, staging.folder(), staging.scratch(), nullptr, context));
  if (request.qupath)
    TEGULA_TRY(WriteQuPathOf(prediction.record.image, ClassesOf(source.channels, source.colours), staging.folder()));
  TEGULA_TRY(staging.Commit(request.overwrite ? all : std::vector<std::string>()));
  StoredObjects objects{
      prediction.record.image.path, path.string(), folder, made.classes, made.areas_in_um2, made.notes};
  if (prediction.record.region && !is_numbered)
    objects.notes.emplace_back("the prediction covers a region only: objects may be cut by its edge");
  return objects;
}

Path WithoutSlash(const Path& path) { return path.has_filename() ? path : path.parent_path(); }

// A folder for each, named like the prediction's.
std::vector<Path> FoldersOf(const StoredObjectsRequest& request) {
  if (request.predictions.size() == 1) return {request.out};
  std::vector<Path> folders;
  for (const Path& prediction : request.predictions) {
    const std::string name = WithoutSlash(prediction).filename().string();
    Path folder = request.out / name;
    for (int n = 2; std::ranges::find(folders, folder) != folders.end(); ++n)
      folder = request.out / fmt::format("{}-{}", name, n);
    folders.push_back(std::move(folder));
  }
  return folders;
}

}  // namespace

Result<std::vector<StoredObjects>> ObjectsOfPredictions(const StoredObjectsRequest& request,
                                                        const RunContext& context) {
  if (request.predictions.empty()) return InvalidError("no prediction is named to make objects of");
  if (!request.image.empty() && request.predictions.size() > 1)
    return InvalidError("--image is one image and there are several predictions: make their objects one by one");
  std::error_code ignored;
  if (!request.overwrite && std::filesystem::exists(request.out / kSummaryFile, ignored))
    return InvalidError(fmt::format("{} is there already; choose another folder or replace it with --overwrite",
                                    (request.out / kSummaryFile).string()));
  const image::Access access = AccessTo(context);
  const std::vector<Path> folders = FoldersOf(request);
  std::vector<StoredObjects> images;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Path& prediction = request.predictions[i];
    Result<StoredObjects> made = MakeOf(request, prediction, folders[i], access, context).Context(prediction.string());
    if (made.ok()) {
      images.push_back(std::move(*made));
      continue;
    }
    if (folders.size() == 1 || made.error().code == Code::kCancelled) return made.error();
    images.push_back({.image = "", .prediction = prediction.string(), .folder = {}, .error = ToString(made.error())});
  }
  TEGULA_TRY(MakeFolders(request.out));
  std::vector<SummarizedImage> rows;
  for (const StoredObjects& image : images)
    rows.push_back({.image = image.error.empty() ? image.image : image.prediction,
                    .folder = image.folder.string(),
                    .result = image.error.empty() ? "done" : "failed",
                    .reason = image.error,
                    .classes = image.classes,
                    .knows_um = image.knows_um});
  TEGULA_TRY(WriteSummary(rows, request.out / kSummaryFile));
  return images;
}

}  // namespace tegula::app
