// image/recognise.h — which of many files are images, without opening them.
#pragma once

#include <string>

namespace tegula::image {

/// Whether a file or folder begins like an image of a format that is read. It may still turn out to be damaged, or of a
/// kind that is not read. Cost: reading 4 KiB.
bool LooksLikeImage(const std::string& name);

}  // namespace tegula::image
