#include "tegula/app/run_qupath.h"

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

}  // namespace tegula::app
