// app/run_objects.h — the objects of a run: which passes over the prediction make them, and the file they go to.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/image_run.h"
#include "tegula/app/pictures.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/region_of_interest.h"

namespace tegula::app {

/// Several channels compete unless a threshold is given, which is then applied to each. None if the output's pixels are
/// numbers of objects already.
std::vector<ObjectPass> PassesOf(const PredictJob& job, const pipeline::OutputInfo& output);

/// What was made.
struct MadeObjects {
  std::vector<outputs::ObjectsRecord> classes;  ///< in the order of the job's labels
  std::vector<double> areas;                    ///< of each object, in µm² or slide pixels
  bool areas_in_um2 = false;
  std::int64_t touching = 0;  ///< of all of them, those that touch the edge of the region
};

/// Traces the objects of what is `asked` for (null: all) of the first output's finished `store`, writes them to `file`
/// and shows them to `pictures`. `image` is the leading image's name. Errors of store and file; kCancelled.
Result<MadeObjects> MakeObjects(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                const pipeline::OutputInfo& output, const outputs::ChunkStore& store,
                                const pipeline::RegionOfInterest* asked, const Path& file, Pictures& pictures,
                                const RunContext& context);

}  // namespace tegula::app
