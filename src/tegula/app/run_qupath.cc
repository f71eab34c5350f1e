#include "tegula/app/run_qupath.h"

#include <algorithm>

#include "tegula/app/image_access.h"
#include "tegula/app/make_objects.h"
#include "tegula/outputs/qupath.h"

namespace tegula::app {

Status WriteQuPathOf(const Feeds& feeds, const std::string& image, const pipeline::OutputInfo& output,
                     const Path& folder) {
  const image::Level& full = feeds.leading().source->info().levels.front();
  return outputs::WriteQuPathFolder(
      folder / NameOf(ObjectFile::kGeoJson),
      {image, full.height, full.width, ClassesOf(output.channel_names, output.channel_colours)},
      folder / kQuPathFolder);
}

Status WriteQuPathOf(const outputs::ImageRecord& image, std::vector<outputs::GeoJsonClass> classes,
                     const Path& folder) {
  const outputs::LevelRecord full = image.levels.empty() ? outputs::LevelRecord() : image.levels.front();
  return outputs::WriteQuPathFolder(folder / NameOf(ObjectFile::kGeoJson),
                                    {ShortName(image.path), full.height, full.width, std::move(classes)},
                                    folder / kQuPathFolder);
}

Status CheckQuPath(const ObjectRequest& objects) {
  if (std::ranges::find(objects.files, ObjectFile::kGeoJson) != objects.files.end()) return Ok();
  return InvalidError("--qupath needs the objects as GeoJSON: add geojson to --object-files");
}

}  // namespace tegula::app
