// app/make_objects.h — from a map to the files of its objects: what `predict` and `objects` have in common.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tegula/app/object_report.h"
#include "tegula/app/object_request.h"
#include "tegula/app/pictures.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/map_frame.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/plane_reader.h"

namespace tegula::app {

/// What objects are made of. Borrows.
struct ObjectSource {
  const pipeline::PlaneReader& map;
  MapKind kind = MapKind::kValues;
  std::vector<std::string> channels = {};        ///< the names of classes, for values those of the map's channels
  std::vector<outputs::Rgb> colours = {};        ///< of the channels; empty: the palette's
  const pipeline::PlaneReader* image = nullptr;  ///< on the map's pixels, if intensities are wanted
  std::vector<std::string> image_channels = {};
  objects::MapFrame frame;
  std::uint64_t seed = 0;  ///< stands for what decided the map: the same seed and object give the same id
  const pipeline::RegionOfInterest* asked = nullptr;  ///< of which part objects are made; null: of all
  const outputs::ChunkStore* numbers = nullptr;       ///< if objects are numbered already: the map's store
  std::span<const float> scores = {};                 ///< of their numbers from 1 on; none if they have none
  ObjectReport* report = nullptr;                     ///< is told of each object
};

/// Channels as classes, in their colours or, where they have none, the palette's.
std::vector<outputs::GeoJsonClass> ClassesOf(const std::vector<std::string>& channels,
                                             std::span<const outputs::Rgb> colours);

/// What was made.
struct MadeObjects {
  std::vector<outputs::ObjectsRecord> classes;  ///< in the order of the labels
  std::int64_t total = 0;                       ///< objects
  bool areas_in_um2 = false;
  std::int64_t touching = 0;       ///< of all of them, those that touch the edge of what is asked for
  std::vector<std::string> notes;  ///< sentences without a full stop: what was left out, split, cut off
};

/// What is wrong with the request for objects of the channels `labels` of a map with these channels in this frame,
/// before there is one; `kind`: what that will hold. kInvalid, kUnsupported.
Status CheckObjects(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                    const std::vector<std::string>& channels, const objects::MapFrame& frame, MapKind kind);

/// Makes the objects of the channels `labels`, writes them into `folder` and shows them to `pictures` (which may be
/// null); `scratch` is a folder for what is needed on the way. Errors of the planes, the request and the files;
/// kCancelled.
Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures* pictures, const RunContext& context);

}  // namespace tegula::app
