// app/view/channel_ranges.h — what the values of each channel are, for choosing its contrast.
#pragma once

#include <vector>

#include "tegula/image/source.h"

namespace tegula::app {

struct ChannelRange {
  std::string name;
  image::Rgb colour;
  double min = 0, max = 0;           ///< of what was looked at
  double low = 0, high = 0;          ///< between which it is shown at first
  std::vector<std::int64_t> counts;  ///< pixels in 128 equal steps from `min` to `max`; not of what is no number
};

/// Of one plane as a small picture of it has them: extreme values of single pixels may be missing. Reads the coarsest
/// level that is large enough. Errors of reading; kInvalid for a plane that is not there.
Result<std::vector<ChannelRange>> ChannelRangesOf(const image::Source& source, std::int64_t z, std::int64_t t);

}  // namespace tegula::app
