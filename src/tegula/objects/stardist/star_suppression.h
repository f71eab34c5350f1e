// objects/stardist/star_suppression.h — non-maximum suppression of candidates that come part by part.
//
// Whether a candidate stays depends on the better ones whose boxes meet its own, and on nothing else. So if it is known
// in which box the candidates of each part lie, most candidates can be decided as soon as the parts around them are
// here, with the result that all of them together would have had; what is decided and meets nothing that is yet to come
// is put aside. Memory follows the objects that remain and the candidates of a few parts, not all candidates.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/objects/box_index.h"
#include "tegula/objects/stardist/star_shapes.h"
#include "tegula/objects/stardist/stardist.h"

namespace tegula::objects {

/// What must be known of a part before any candidate is decided.
struct StarReach {
  std::int64_t candidates = 0;
  float best = 0;  ///< the highest score
  PixelBox box;    ///< around all of them, see StarShapes::BoxOf
  /// By how many pixels the box of one candidate reaches along (z, y, x), and what ranks it.
  struct Extent {
    float score = 0, shortest = 0;
    std::array<std::int32_t, 3> centre{}, pixels{};
  };
  std::vector<Extent> extents;  ///< 3D only, where the average shape of all decides
};

/// Of all candidates of a part. `stars` are those of StarDist::Check.
StarReach ReachOf(const StarDist& stardist, const Stars& stars);

/// Positions of the stars, the best first.
std::vector<std::int32_t> Ranked(const Stars& stars, std::size_t n_rays);

/// One thread at a time.
class StarSuppression {
 public:
  /// `parts` are all that will come.
  StarSuppression(const StarDist& stardist, std::vector<StarReach> parts);

  /// The candidates of these parts, in any order; a part comes once. Decides what can be decided.
  void Add(std::span<const std::int64_t> parts, Stars candidates, const Executor& executor);
  const std::vector<StarReach>& parts() const noexcept { return parts_; }
  /// What is held for candidates that are not put aside yet, and in all.
  std::int64_t working_bytes() const noexcept;
  std::int64_t bytes() const noexcept;
  /// What remains, the highest score first, after all parts. kInvalid in 3D if one of them has a distance that is not
  /// positive.
  Result<Stars> Take() &&;

 private:
  bool WaitsFor(const PixelBox& box, float score) const;
  void PutAside(const std::vector<std::int32_t>& order, std::span<const Fate> fates,
                const std::vector<PixelBox>& boxes);

  StarDist stardist_;
  StarStretch stretch_;
  std::vector<StarReach> parts_;
  std::vector<bool> is_here_;  // by part
  std::int64_t coming_ = 0;    // parts
  BoxIndex reaches_;           // of the parts
  Stars working_;              // open, or kept and near to what is open or yet to come
  std::vector<bool> is_kept_;  // of these
  Stars kept_;                 // all that are decided and kept
};

}  // namespace tegula::objects
