// tiling/axis_plan.h — how one axis of an image is cut into windows so that the pieces together are the answer
// the network would give for the whole axis at once.
//
// Pure arithmetic, one axis at a time; t, z, y and x follow the same rules. A model may have several outputs, each on a
// pixel grid of its own; windows are cut on the grid of its leading input. Four pixel grids meet here, the last two
// once per output:
//
//   image      [0, image)            pixels of the bound image
//   padded     [0, padded)           image + padding before and after; padded is a size the network accepts
//   network    [0, padded*scale + offset)   what the network would return for all of `padded`
//   output     [0, output)           network output without declared halo and without far-end padding
//
//                 |<pad_before>|<------------- image ------------->|<pad_after>|
//   padded        |=============================================================|
//   window 0      |--------------------|
//   window 1              |--------------------|          starts are multiples of `grid`
//   window 2                                   |--------------------|   the last ends exactly at the end
//   write boxes         [      0      )[   1   )[     2        )          partition the output
//
// Models whose outputs have no such axis (patch classifiers) are applied to patches, whose results are the pixels of a
// map. There a window holds several patches, which are what the network sees:
//
//   window        |--patch--|      patches are `stride` apart
//                      |--patch--|
//                           |--patch--|
//   map pixels      [ 0 ][ 1 ][ 2 ]    around the middle of their patches, one stride wide
//
// A window that is open on a side gives only output pixels at least `context` input pixels away from that side; at the
// ends of `padded` the network sees the same edge as in the whole, so everything there counts. The definition this
// implements is "the whole-image answer" of docs/exactness.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/rational.h"
#include "tegula/core/status.h"

namespace tegula::tiling {

/// Whether the image is extended by the declared halo first (what `bioimageio predict` does), or the network meets the
/// image's edge itself (what `bioimageio test` does).
enum class Border : std::uint8_t { kPad, kNetwork };

/// Sizes an axis of the network's input accepts: min + n * step, or exactly min if step is 0.
struct SizeRule {
  std::int64_t min = 1;
  std::int64_t step = 1;
  bool is_fixed() const noexcept { return step == 0; }
  bool Accepts(std::int64_t size) const noexcept {
    return is_fixed() ? size == min : size >= min && (size - min) % step == 0;
  }
};

/// How an output follows the axis that is cut.
struct OutputRule {
  Rational scale = {};      ///< network size = input size * scale + offset
  std::int64_t offset = 0;  ///< output pixels; negative: valid convolutions
  std::int64_t halo = 0;    ///< declared, in output pixels
  /// Finer pixels that each of these becomes when the whole output is finished (objects of a StarDist network). All
  /// else speaks of the pixels that the network gives.
  std::int64_t finished = 1;
  /// The output has no such axis: it is one position, and right only if one window sees all.
  bool collapses = false;
};

/// What model and network demand of an axis. Input pixels unless said otherwise.
struct AxisRules {
  SizeRule sizes;
  std::int64_t grid = 1;     ///< windows may start at multiples of this without changing the phase of pooling
  std::int64_t context = 0;  ///< how far away an input pixel can matter to an output pixel
  std::int64_t unit = 1;     ///< so many pixels are whole pixels of all other inputs
  std::vector<OutputRule> outputs = {{}};

  /// By how much the image is padded on each side with Border::kPad: what the largest halo is in input pixels.
  std::int64_t halo() const noexcept;
  /// How far from an output pixel's place in the input its description says that pixels matter: the halo, and what
  /// valid convolutions lose before it.
  std::int64_t declared_context() const noexcept;
};

/// Chunks of an output along the axis, in its pixels.
struct ChunkRule {
  std::int64_t unit = 16;   ///< chunks are multiples of this where that is possible: what TIFF tiles and loops like
  std::int64_t most = 512;  ///< a longer one is not wanted
  std::int64_t good = 192;  ///< smaller ones cost more files than they save
};

/// What is asked for.
struct AxisRequest {
  std::int64_t image = 0;  ///< size of the bound image
  Border border = Border::kPad;
  std::int64_t window = 0;         ///< wanted window, 0: the planner's choice within `max_window`
  std::int64_t max_window = 1024;  ///< upper bound for the planner's choice
  /// Patches are so far apart; 0: as long as they are themselves if the size is fixed and the image is longer, else one
  /// window is to see all. Not 0 only where all outputs collapse.
  std::int64_t stride = 0;
  ChunkRule chunks = {};
};

/// What an output gets of a window.
struct Piece {
  Interval use;    ///< pixels of the window's own network output that are written
  Interval write;  ///< output pixels, as many; empty where the output has ended before others have
};

struct Window {
  Interval input;             ///< padded pixels
  std::vector<Piece> pieces;  ///< one per output
};

/// An output along the axis, in its own pixels.
struct OutputAxis {
  std::int64_t size = 0;
  std::int64_t window = 0;      ///< what the network gives for a window
  std::int64_t write_step = 0;  ///< every write begins at a multiple of this
  std::int64_t chunk = 0;       ///< divides write_step
  double scale = 1;             ///< output pixels per image pixel
  double origin = 0;            ///< image position (pixel edges) where output pixel 0 begins
};

struct AxisPlan {
  std::int64_t image = 0;
  std::int64_t pad_before = 0;
  std::int64_t pad_after = 0;
  std::int64_t padded = 0;
  std::int64_t window = 0;  ///< all windows have this size
  std::int64_t patch = 0;   ///< what the network sees of a window, `stride` apart; 0: all of it
  std::int64_t stride = 0;
  std::vector<OutputAxis> outputs;
  std::vector<Window> windows;  ///< ascending

  bool is_patches() const noexcept { return patch > 0; }
  /// Pixels that the network sees at once.
  std::int64_t network_size() const noexcept { return is_patches() ? patch : window; }
};

/// The smallest size >= `at_least` that the network accepts for a whole padded axis: min + n * step, or for a fixed
/// size s + k * grid.
std::int64_t PaddedSize(const AxisRules& rules, std::int64_t at_least);

/// Plans one axis. kInvalid if the image is too small to give an output pixel, if `request.window` is not a size the
/// network accepts or leaves nothing to write beside the context (the sentence names the nearest sizes that do), if
/// an output that collapses would need several windows beside one that does not, or if the rules contradict themselves.
Result<AxisPlan> PlanAxis(const AxisRules& rules, const AxisRequest& request);

}  // namespace tegula::tiling
