// app/run_objects.h — the objects of a prediction: the map, the image and their place on the slide, as MakeObjects
// wants them.
#pragma once

#include <string>

#include "tegula/app/image_run.h"
#include "tegula/app/make_objects.h"

namespace tegula::app {

/// Where an output's pixels lie on the slide.
objects::MapFrame FrameOf(const Feeds& feeds, const pipeline::OutputInfo& output);

/// Where numbered objects of an output and a frame are made.
Path InstancesScratch(const Path& scratch, std::size_t output, std::int64_t frame);

/// Stands for a prediction: the same model, image and channels give the same ids to objects.
std::uint64_t SeedOfIds(const outputs::RunRecord& record);

/// Whether the request can be met for this image, before anything is predicted. Errors as MakeObjects.
Status CheckObjectsOf(const PredictJob& job, const Feeds& feeds);

/// Makes the objects of the first output's finished `store`, of what is `asked` for (null: all), into `folder`, and
/// tells `report` of each. `image` is the leading image's name. Errors as MakeObjects.
Result<MadeObjects> MakeObjectsOf(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                  const pipeline::OutputInfo& output, const outputs::ChunkStore& store,
                                  const pipeline::RegionOfInterest* asked, const Path& folder, const Path& scratch,
                                  Pictures& pictures, ObjectReport& report, const RunContext& context);

}  // namespace tegula::app
