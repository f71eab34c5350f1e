#include "tegula/app/label_files.h"

#include <algorithm>
#include <limits>

#include "tegula/app/version.h"
#include "tegula/core/folders.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/pipeline/label_image.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kChunkColumns = 512;

outputs::StoreOptions StoreOptionsFor(const LabelPlace& place, const std::string& name, std::int64_t largest) {
  const objects::MapFrame& frame = place.frame;
  outputs::StoreOptions options;
  options.name = name;
  options.is_label = true;
  options.reduction = outputs::Reduction::kMode;
  options.dtype = largest <= std::numeric_limits<std::uint16_t>::max() ? DType::kU16 : DType::kU32;
  const auto axis = [&](char id, std::int64_t size, std::int64_t chunk, double scale, double origin, double um) {
    const double first = origin + 0.5 * scale - 0.5;  // of the first pixel's centre, from that of the slide's
    return outputs::StoreAxis{id, size, chunk, um * scale, first * (um > 0 ? um : 1.0)};
  };
  const double y_um = frame.pixel_size ? frame.pixel_size->y_um : 0,
               x_um = frame.pixel_size ? frame.pixel_size->x_um : 0;
  options.axes = {
      axis('y', place.height, pipeline::LabelRows(place.height, place.width), frame.scale_y, frame.origin_y, y_um),
      axis('x', place.width, std::min(kChunkColumns, place.width), frame.scale_x, frame.origin_x, x_um)};
  return options;
}

}  // namespace

bool LabelPlace::wants(ObjectFile file) const { return std::ranges::find(files, file) != files.end(); }

Result<outputs::ChunkStore> MakeLabelStore(const LabelPlace& place, ObjectFile zarr, std::int64_t largest,
                                           const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<outputs::ChosenFormat> stores, outputs::ChooseFormats({}));
  const std::string name = NameOf(zarr);
  outputs::StoreOptions options = StoreOptionsFor(place, name.substr(0, name.find('.')), largest);
  outputs::SetWorkingStore(stores, 0, options);
  const Path path = (place.wants(zarr) ? place.folder : place.scratch) / name;
  TEGULA_TRY(Remove(path));
  return outputs::ChunkStore::Create(path, options, limits);
}

Status FinishLabels(const LabelPlace& place, const LabelFiles& files, const outputs::ChunkStore& store,
                    const RunContext& context) {
  const bool wants_tiff = place.wants(files.tiff);
  if (place.wants(files.zarr) || wants_tiff) TEGULA_TRY(outputs::FinishPyramid(context, store));
  if (!wants_tiff) return Ok();
  outputs::FormatRequest request;
  request.names = {"ome-tiff"};
  TEGULA_ASSIGN_OR_RETURN(const std::vector<outputs::ChosenFormat> chosen, outputs::ChooseFormats(request));
  TEGULA_TRY(chosen.front().format->check(store.options(), chosen.front().compression));
  return chosen.front().format->write(context, store, place.folder / NameOf(files.tiff),
                                      {"Tegula " + std::string(Version()), chosen.front().compression});
}

Status WriteLabelFiles(const LabelPlace& place, const pipeline::FoundObjects& objects, const RunContext& context) {
  if (!place.wants(kObjectLabels.zarr) && !place.wants(kObjectLabels.tiff)) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const outputs::ChunkStore store,
                          MakeLabelStore(place, kObjectLabels.zarr, objects.largest_number(), context.limits));
  TEGULA_TRY(pipeline::WriteLabels(context, objects, store));
  return FinishLabels(place, kObjectLabels, store, context);
}

}  // namespace tegula::app
