// image/companions.h — the files of slides that consist of several: who asks for one of them must watch all.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::image {

/// Files and folders beside the image `name` that hold parts of it, sorted; none for most formats. kIo.
Result<std::vector<Path>> CompanionsOf(const std::string& name);

}  // namespace tegula::image
