// app/run_qupath.h — the folder of a prediction's objects for QuPath.
#pragma once

#include <string>

#include "tegula/app/feeds.h"
#include "tegula/core/files.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

inline constexpr const char* kQuPathFolder = "qupath";

/// Makes kQuPathFolder in `folder`, where the objects of `output` are already. Errors of WriteQuPathFolder.
Status WriteQuPathOf(const Feeds& feeds, const std::string& image, const pipeline::OutputInfo& output,
                     const Path& folder);

}  // namespace tegula::app
