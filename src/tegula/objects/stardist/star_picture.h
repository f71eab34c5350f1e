// objects/stardist/star_picture.h — the numbered objects of an image, painted part by part.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/objects/box_index.h"
#include "tegula/objects/stardist/stardist.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// Immutable and thread-safe.
class StarPicture {
 public:
  /// Of what StarDist::Suppress has left: object i of `kept` is number i + 1.
  StarPicture(const StarDist& stardist, Stars kept);

  std::int64_t objects() const noexcept { return kept_.size(); }
  const Stars& stars() const noexcept { return kept_; }

  /// Paints what lies in the part of the image that begins at `origin` ((z,) y, x) and has the shape of `labels_yx`,
  /// int32 of axes ((z,) y, x). Background is 0. Where objects overlap the first one wins, or in 3D the overlap label.
  /// Cost: pixels of the objects' boxes in the part. kInvalid if shapes do not fit.
  Status Render(const std::vector<std::int64_t>& origin, const View& labels_yx) const;

 private:
  StarDist stardist_;
  Stars kept_;
  BoxIndex index_;
};

}  // namespace tegula::objects
