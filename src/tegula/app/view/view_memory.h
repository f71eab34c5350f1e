// app/view/view_memory.h — what a viewer may keep, and of what.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tegula::app {

/// Shares of what `tegula view --memory` allows. What keeps nothing does not count: the program itself, the networks of
/// the predictions that are open, and what is in work at the moment.
struct ViewMemory {
  std::int64_t windows = 0;  ///< predictions that were made: half of it
  std::int64_t tiles = 0;    ///< decoded tiles of one open image

  /// Images that may be open at once: those that are looked at and those that are predicted.
  static constexpr std::int64_t kImages = 12;

  static ViewMemory Of(std::int64_t bytes) {
    constexpr std::int64_t kMostTiles = 256 << 20;  // as for `predict`
    return {bytes / 2, std::min(kMostTiles, bytes / 4 / kImages)};
  }
};

}  // namespace tegula::app
