// image/tissue.h — where on a slide there is tissue, from a coarse look at it.
//
// One plane is read with pixels of about 8 µm, each smoothed with its neighbours (Gaussian, sigma of one pixel), and
// turned into a signal that is near its smallest value where there is only glass and larger where there is tissue:
//
//   brightfield   RGB images that are mostly bright. The signal is the optical density, log10(W / v), of the colour
//                 that is absorbed most (Beer and Lambert; any stain absorbs some colour), where white W is the 99th
//                 percentile of the brightest colour, but at least 200 of 255. What is black (below 8) is where the
//                 scanner has not been, and counts as glass. Dark images of RGB are taken as:
//   fluorescence  all others. Each channel is a signal of its own, cut off at its 99.9th percentile; tissue is where
//                 any of them says so.
//
// The threshold is that of the triangle method (threshold.h). A slide of which all or nothing is tissue has no such
// threshold, so for densities, whose scale is absolute, it is kept between 0.04 and 0.08: what absorbs less than 9 % of
// the light is never tissue, what absorbs more than 17 % always is. A channel of fluorescence has no scale: it counts
// only if a minority of its pixels is brighter than most, by at least four deviations of the others. Then gaps are
// closed (radius of two pixels) and threads opened (one pixel). What is too small is left to whoever makes outlines.
//
// Out of scope: pen marks, folds, dirt; the mask can be corrected by hand where it is wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/image/pixel_grid.h"
#include "tegula/image/source.h"

namespace tegula::image {

struct TissueRequest {
  std::int64_t t = 0, z = 0;  ///< the plane that is looked at
  /// Instead of the method's: optical density from 0 to 1 for brightfield, the image's own values for fluorescence.
  std::optional<double> threshold;
};

struct TissueChannel {
  std::string name;
  double threshold = 0;    ///< tissue has more
  bool is_counted = true;  ///< else it has no dark background with something brighter on it
};

struct TissueMask {
  Tensor mask_yx;  ///< uint8: 1 where there is tissue
  PixelGrid grid;  ///< of the mask
  bool is_brightfield = false;
  double white = 0;                     ///< of brightfield
  std::vector<TissueChannel> channels;  ///< one, called "optical density", for brightfield
};

/// Cost: the coarsest level with enough pixels is read once; memory of a few planes of at most 2048 x 2048. kInvalid
/// for a density outside its range, kUnsupported for RGB of element types that have no white, kCancelled; errors of the
/// source.
Result<TissueMask> FindTissue(const RunContext& context, const Source& source, const TissueRequest& request);

}  // namespace tegula::image
