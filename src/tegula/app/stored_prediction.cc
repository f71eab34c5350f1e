#include "tegula/app/stored_prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace tegula::app {
namespace {

Result<outputs::PlacementRecord> PlacementOf(const outputs::RunRecord& record, const std::string& output,
                                             const std::string& store) {
  std::vector<std::string> ids;
  for (const outputs::PlacementRecord& placement : record.placements) {
    if (store.empty() ? output.empty() || output == placement.output : store == placement.path) return placement;
    ids.push_back(placement.output);
  }
  if (ids.empty()) return NotFoundError("the run has left no OME-Zarr store: predict again with --format ome-zarr");
  if (store.empty())
    return NotFoundError(fmt::format("the run has no output {}; it has {}", output, fmt::join(ids, ", ")));
  return NotFoundError(fmt::format("{} is not one of the run's stores; name its folder instead", store));
}

// Whether what a run with a region has left out can be told from class 0.
Status CheckOutside(const outputs::StoreOptions& store) {
  if (!store.classes.empty()) {
    if (store.fill >= static_cast<double>(store.classes.size())) return Ok();
    return UnsupportedError(
        "the prediction covers a region, and an older version of Tegula has given the pixels outside the first class: "
        "predict again");
  }
  if (store.is_label || IsFloat(store.dtype)) return Ok();
  return UnsupportedError(fmt::format(
      "the prediction covers a region, and its {} do not tell what lies outside: make objects with `tegula predict "
      "--objects`, or predict all of the image",
      DTypeName(store.dtype)));
}

}  // namespace

double StoredPrediction::PixelArea() const noexcept {
  const double slide_px = placement.scale_y * placement.scale_x;
  return knows_um() ? slide_px * record.image.pixel_size_y_um * record.image.pixel_size_x_um : slide_px;
}

Result<StoredPrediction> OpenStoredPrediction(const Path& path, const std::string& output, const Limits& limits) {
  const Path clean = path.has_filename() ? path : path.parent_path();
  std::error_code ignored;
  const bool is_run = std::filesystem::exists(clean / outputs::kRunRecordName, ignored);
  const Path folder = is_run ? clean : clean.parent_path();
  Result<outputs::RunRecord> read = outputs::ReadRunRecord(folder);
  if (!read.ok() && read.error().code == Code::kNotFound)
    return NotFoundError(fmt::format(
        "{} is no result of `tegula predict`: it has no run.json; name the folder given with -o then", path.string()));
  TEGULA_TRY(read);
  outputs::RunRecord record = std::move(*read);
  TEGULA_ASSIGN_OR_RETURN(const outputs::PlacementRecord placement,
                          PlacementOf(record, output, is_run ? "" : clean.filename().string()).Context(path.string()));
  for (const outputs::StoredRecord& stored : record.stored)
    if (stored.output == placement.output && stored.values != "own" && !stored.values.starts_with("float") &&
        stored.values != "argmax")
      return UnsupportedError(fmt::format(
          "output {} is stored as {}, and what is read here are the model's own values; predict it without --values",
          stored.output, stored.values));
  const Path store_path = folder / placement.path;
  TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore store,
                          outputs::ChunkStore::Open(store_path, limits).Context(store_path.string()));
  if (record.region) TEGULA_TRY(CheckOutside(store.options()));
  objects::PixelGrid grid;
  TEGULA_ASSIGN_OR_RETURN(grid.y, objects::PixelAxis::Create(placement.scale_y, placement.origin_y));
  TEGULA_ASSIGN_OR_RETURN(grid.x, objects::PixelAxis::Create(placement.scale_x, placement.origin_x));
  return StoredPrediction{folder, std::move(record), placement, std::move(store), grid};
}

std::vector<Path> RunsIn(const Path& path) {
  std::error_code ignored;
  std::vector<Path> runs;
  if (!std::filesystem::exists(path / outputs::kRunRecordName, ignored))
    for (const auto& entry : std::filesystem::directory_iterator(path, ignored))
      if (std::filesystem::exists(entry.path() / outputs::kRunRecordName, ignored)) runs.push_back(entry.path());
  if (runs.empty()) runs.push_back(path);
  std::sort(runs.begin(), runs.end());
  return runs;
}

std::string NameOfAnnotations(const Path& prediction) {
  const Path clean = prediction.has_filename() ? prediction : prediction.parent_path();
  return clean.filename().string() + ".geojson";
}

Status CheckNamesDiffer(const std::vector<Path>& predictions) {
  std::map<std::string, Path> named;
  for (const Path& prediction : predictions)
    if (const auto [first, is_new] = named.try_emplace(NameOfAnnotations(prediction), prediction); !is_new)
      return InvalidError(fmt::format("both {} and {} belong to a file {}; give them to a call each",
                                      first->second.string(), prediction.string(), first->first));
  return Ok();
}

Result<Path> AnnotationsFor(const Path& annotations, const Path& prediction, std::size_t predictions) {
  std::error_code ignored;
  if (std::filesystem::is_directory(annotations, ignored)) return annotations / NameOfAnnotations(prediction);
  if (predictions > 1)
    return InvalidError(fmt::format(
        "{} belongs to one image: for several predictions name a folder with one file each, called like the "
        "predictions' folders",
        annotations.string()));
  return annotations;
}

Status CheckSinglePlane(const StoredPrediction& prediction, std::string_view what) {
  for (const outputs::StoreAxis& axis : prediction.store.options().axes)
    if ((axis.name == 't' || axis.name == 'z') && axis.size > 1)
      return UnsupportedError(fmt::format("{} on single planes; predict one with --z and --t", what));
  return Ok();
}

}  // namespace tegula::app
