// app/make_objects.h — from a map to the files of its objects: what `predict` and `objects` have in common.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/object_request.h"
#include "tegula/app/pictures.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/map_frame.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/plane_reader.h"

namespace tegula::app {

inline constexpr const char* kObjectsFile = "objects.geojson";

/// What objects are made of. Borrows.
struct ObjectSource {
  const pipeline::PlaneReader& map;
  std::vector<std::string> channels;             ///< of the map: the names of classes
  std::vector<outputs::Rgb> colours = {};        ///< of the channels; empty: the palette's
  const pipeline::PlaneReader* image = nullptr;  ///< on the map's pixels, if intensities are wanted
  std::vector<std::string> image_channels = {};
  objects::MapFrame frame;
  std::uint64_t seed = 0;  ///< stands for what decided the map: the same seed and object give the same id
  const pipeline::RegionOfInterest* asked = nullptr;  ///< of which part objects are made; null: of all
  const outputs::ChunkStore* numbers = nullptr;       ///< if objects are numbered already: the map's store
};

/// The channels that become objects. kInvalid, with the names there are, for one that is not there.
Result<std::vector<std::int32_t>> LabelsOf(const std::vector<std::string>& classes,
                                           const std::vector<std::string>& channels);

/// What was made.
struct MadeObjects {
  std::vector<outputs::ObjectsRecord> classes;  ///< in the order of the labels
  std::vector<double> areas;                    ///< of each object, in µm² or slide pixels
  bool areas_in_um2 = false;
  std::int64_t touching = 0;  ///< of all of them, those that touch the edge of what is asked for
};

/// What is wrong with the request for any map in this frame, before there is one. kInvalid.
Status CheckObjects(const ObjectRequest& request, const objects::MapFrame& frame);

/// Makes the objects of the channels `labels`, writes them into `folder` and shows them to `pictures`; `scratch` is a
/// folder for what is needed on the way. Errors of the planes, the request and the files; kCancelled.
Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures& pictures, const RunContext& context);

/// Several channels compete unless a threshold is given, which is then applied to each.
std::vector<pipeline::ObjectPass> PassesOf(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                                           std::size_t channels);

}  // namespace tegula::app
