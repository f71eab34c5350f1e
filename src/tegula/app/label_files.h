// app/label_files.h — objects as images of their numbers, in the formats that are asked for.
#pragma once

#include "tegula/app/object_request.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/map_frame.h"
#include "tegula/pipeline/found_objects.h"

namespace tegula::app {

/// Writes those of `files` that are images of labels, of a map of this height and width, into `folder`; a store that is
/// only needed on the way goes to `scratch`. Errors of the stores and formats; kCancelled.
Status WriteLabelFiles(const std::vector<ObjectFile>& files, const pipeline::FoundObjects& objects,
                       const objects::MapFrame& frame, std::int64_t height, std::int64_t width, const Path& folder,
                       const Path& scratch, const RunContext& context);

}  // namespace tegula::app
