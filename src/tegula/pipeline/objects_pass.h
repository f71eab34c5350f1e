// pipeline/objects_pass.h — objects from a map and their measurements: one pass over its rows.
//
// Chunks of a band of rows are read and classified in parallel, then the band is traced; finished regions are split and
// measured on the rows at hand, again in parallel, and wait on disk until all are known (objects/region_spool.h).
// Memory is that of a few bands, of the outlines the current row touches, and of a line per object, whatever the size
// of the map. Objects, their numbers and measurements do not depend on bands, chunks or workers.
#pragma once

#include <optional>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/classify.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/objects/split/split_region.h"
#include "tegula/pipeline/found_objects.h"
#include "tegula/pipeline/plane_reader.h"
#include "tegula/pipeline/region_of_interest.h"
#include "tegula/pipeline/tall_regions.h"

namespace tegula::pipeline {

/// One way to make classes of the map's channels: the classes of a rule, or its one class under another label.
struct ObjectPass {
  objects::ClassRule rule;
  std::vector<std::int32_t> labels;          ///< classes of the rule that become objects; empty: all
  std::optional<std::int32_t> relabel = {};  ///< for a threshold, whose only class is 0
};

struct ObjectsOptions {
  std::vector<ObjectPass> passes = {};  ///< objects of different passes may overlap
  objects::Connectivity connectivity = objects::Connectivity::kEdges;
  objects::FilterOptions filter = {};
  double smooth_y = 0, smooth_x = 0;  ///< a Gaussian before classes are made, in pixels; 0: none
  bool drops_border = false;          ///< leave out what touches the edge of the map, or of what is asked for
  objects::SplitOptions split = {};
  std::int64_t split_channel = -1;          ///< whose values are the landscape; -1: the channel that made the object
  const RegionOfInterest* asked = nullptr;  ///< what nobody asked for has no class; null: all is
};

/// What happened on the way.
struct ObjectsSummary {
  std::int64_t at_edge = 0;        ///< objects that touch the map's edge, kept or dropped
  std::int64_t at_asked_edge = 0;  ///< that touch the edge of what is asked for
  std::int64_t dropped = 0;        ///< that were left out because they touch one of them
  std::int64_t split = 0;          ///< regions that were split
  std::int64_t too_large = 0;      ///< regions that were not looked at, because of their size

  ObjectsSummary& operator+=(const ObjectsSummary& other) noexcept {
    at_edge += other.at_edge, at_asked_edge += other.at_asked_edge, dropped += other.dropped;
    split += other.split, too_large += other.too_large;
    return *this;
  }
};
struct FindResult {
  FoundObjects objects;
  ObjectsSummary summary;
};

/// Finds the objects of a map and measures them as `plan` says, neighbours included, into a file `spool`. kInvalid for
/// options that do not go together; errors of the planes, the rules and the file; kCancelled.
Result<FindResult> FindObjects(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                               const objects::MeasurementPlan& plan, const Path& spool);

}  // namespace tegula::pipeline
