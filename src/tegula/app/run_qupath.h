// app/run_qupath.h — the folder of a prediction's objects for QuPath.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/feeds.h"
#include "tegula/app/object_request.h"
#include "tegula/core/files.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

inline constexpr const char* kQuPathFolder = "qupath";

/// Makes kQuPathFolder in `folder`, where the objects of `output` are already. Errors of WriteQuPathFolder.
Status WriteQuPathOf(const Feeds& feeds, const std::string& image, const pipeline::OutputInfo& output,
                     const Path& folder);

/// The same of the objects of a stored prediction's `classes`.
Status WriteQuPathOf(const outputs::ImageRecord& image, std::vector<outputs::GeoJsonClass> classes, const Path& folder);

/// Whether the objects are written as what that folder is made of. kInvalid.
Status CheckQuPath(const ObjectRequest& objects);

}  // namespace tegula::app
