// pipeline/objects_pass.h — objects from a map and their measurements: one pass over its rows.
//
// Chunks of a band of rows are read and classified in parallel, then the band is traced; finished regions are measured
// on the rows at hand, again in parallel, and wait on disk until all are known (objects/region_spool.h). Memory is that
// of a few bands, of the outlines the current row touches, and of a line per object, whatever the size of the map.
// Objects, their numbers and measurements do not depend on bands, chunks or workers.
#pragma once

#include <optional>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/classify.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_tracer.h"
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
  std::vector<ObjectPass> passes;  ///< objects of different passes may overlap
  objects::Connectivity connectivity = objects::Connectivity::kEdges;
  objects::FilterOptions filter;
  const RegionOfInterest* asked = nullptr;  ///< what nobody asked for has no class; null: all is
};

/// Finds the objects of a map and measures them as `plan` says, neighbours included, into a file `spool`. Errors of the
/// planes, the rules and the file; kCancelled.
Result<FoundObjects> FindObjects(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                                 const objects::MeasurementPlan& plan, const Path& spool);

}  // namespace tegula::pipeline
