#include "tegula/app/label_files.h"

#include <algorithm>
#include <limits>

#include "tegula/app/version.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/pipeline/label_image.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kChunkColumns = 512;

outputs::StoreOptions StoreOptionsFor(const pipeline::FoundObjects& objects, const objects::MapFrame& frame,
                                      std::int64_t height, std::int64_t width) {
  outputs::StoreOptions options;
  options.name = "objects";
  options.is_label = true;
  options.reduction = outputs::Reduction::kMode;
  options.dtype = objects.size() <= std::numeric_limits<std::uint16_t>::max() ? DType::kU16 : DType::kU32;
  const auto axis = [&](char name, std::int64_t size, std::int64_t chunk, double scale, double origin, double um) {
    const double first = origin + 0.5 * scale - 0.5;  // of the first pixel's centre, from that of the slide's
    return outputs::StoreAxis{name, size, chunk, um * scale, first * (um > 0 ? um : 1.0)};
  };
  const double y_um = frame.pixel_size ? frame.pixel_size->y_um : 0,
               x_um = frame.pixel_size ? frame.pixel_size->x_um : 0;
  options.axes = {axis('y', height, pipeline::LabelRows(height, width), frame.scale_y, frame.origin_y, y_um),
                  axis('x', width, std::min(kChunkColumns, width), frame.scale_x, frame.origin_x, x_um)};
  return options;
}

}  // namespace

Status WriteLabelFiles(const std::vector<ObjectFile>& files, const pipeline::FoundObjects& objects,
                       const objects::MapFrame& frame, std::int64_t height, std::int64_t width, const Path& folder,
                       const Path& scratch, const RunContext& context) {
  const auto wants = [&](ObjectFile file) { return std::ranges::find(files, file) != files.end(); };
  const bool wants_zarr = wants(ObjectFile::kLabels), wants_tiff = wants(ObjectFile::kLabelsTiff);
  if (!wants_zarr && !wants_tiff) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<outputs::ChosenFormat> stores, outputs::ChooseFormats({}));
  outputs::StoreOptions options = StoreOptionsFor(objects, frame, height, width);
  outputs::SetWorkingStore(stores, 0, options);
  const Path path = wants_zarr ? folder / NameOf(ObjectFile::kLabels) : scratch / "labels.ome.zarr";
  TEGULA_ASSIGN_OR_RETURN(const outputs::ChunkStore store, outputs::ChunkStore::Create(path, options, context.limits));
  TEGULA_TRY(pipeline::WriteLabels(context, objects, store));
  TEGULA_TRY(outputs::FinishPyramid(context, store));
  if (!wants_tiff) return Ok();
  outputs::FormatRequest request;
  request.names = {"ome-tiff"};
  TEGULA_ASSIGN_OR_RETURN(const std::vector<outputs::ChosenFormat> chosen, outputs::ChooseFormats(request));
  TEGULA_TRY(chosen.front().format->check(store.options(), chosen.front().compression));
  return chosen.front().format->write(context, store, folder / NameOf(ObjectFile::kLabelsTiff),
                                      {"Tegula " + std::string(Version()), chosen.front().compression});
}

}  // namespace tegula::app
