// pipeline/label_parts.h — objects of a label map that are in several parts.
#pragma once

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/objects_pass.h"

namespace tegula::pipeline {

/// Makes one object of all regions with the same label, measured as a whole, and then applies what the options say
/// about areas and the map's edge, of which `summary` is told. Takes a finished spool and returns one; `path` is its
/// file. Errors of MeasureTall and of the files.
Result<objects::RegionSpool> JoinLabelParts(const RunContext& context, const MeasuredPlanes& planes,
                                            const ObjectsOptions& options, const objects::MeasurementPlan& plan,
                                            objects::RegionSpool found, const Path& path, ObjectsSummary& summary);

}  // namespace tegula::pipeline
