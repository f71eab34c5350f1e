// objects/stardist/stardist.h — objects from what a StarDist network says of every pixel: how likely it is the centre
// of an object, and how far away the object's edge is along each of a fixed set of rays.
//
// This is `stardist_postprocessing` of the bioimage.io format, in three steps that tiles of a large image can take
// apart: candidates from a part of the network's output, non-maximum suppression among all candidates
// (star_suppression.h takes them part by part), and a picture of a part of the image (star_picture.h). Source: Schmidt
// et al., MICCAI 2018 (polygons); Weigert et al., WACV 2020 (polyhedra); and, where these leave a choice, the code of
// stardist 0.9.2, whose label images are reproduced pixel by pixel (in 3D but for voxels that are exactly corners,
// which it takes or leaves by the rounding of Qhull).
//
// That code leaves the order of equal scores to an unstable sort, which differs from processor to processor. Here the
// candidate with the longest shortest ray comes first, which is the deepest in its object, and then the one above and
// to the left.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// Lists have one entry per axis of (z,) y, x.
struct StarDistOptions {
  double prob_threshold = 0.5;                      ///< candidates have a probability above it, compared as float32
  double nms_threshold = 0.4;                       ///< common part / smaller of both above which the lower score goes
  std::int64_t n_rays = 0;                          ///< at least 3; 4 in 3D
  std::vector<std::int64_t> grid;                   ///< pixels of the image per pixel of the network's output
  std::vector<std::array<std::int64_t, 2>> border;  ///< output pixels at either end that are no centres
  std::vector<double> anisotropy;                   ///< 3D only: size of a pixel along each axis, in any unit
  std::optional<std::int32_t> overlap_label;        ///< 3D only: label of pixels of several objects, before renumbering
};

/// Star-shaped objects, one after another.
struct Stars {
  std::vector<std::array<std::int32_t, 3>> centres;  ///< z (0 in 2D), y, x in pixels of the image
  std::vector<float> scores;
  std::vector<float> distances;  ///< n_rays of each, in pixels

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(centres.size()); }
};

/// Where a part of the network's output lies in the whole; (z,) y, x in output pixels.
struct StarDistPart {
  std::vector<std::int64_t> origin;
  std::vector<std::int64_t> whole;
};

class StarShapes;

/// The operation for one description. Immutable and thread-safe.
class StarDist {
 public:
  /// Pixels of the image along one axis, and the longest distance: the reference computes positions in float32.
  static constexpr std::int64_t kLargestCoordinate = std::int64_t{1} << 24;
  /// The longest distance in 3D, where the voxels of an object are counted.
  static constexpr std::int64_t kLongestRay3d = 500;

  /// kInvalid for lists of the wrong length and numbers that cannot be, naming them.
  static Result<StarDist> Create(StarDistOptions options, const Limits& limits = {});

  int axes() const noexcept { return static_cast<int>(options_.grid.size()); }
  const StarDistOptions& options() const noexcept { return options_; }
  const StarShapes& shapes() const noexcept { return *shapes_; }
  /// What a candidate costs in memory while it is decided.
  std::int64_t bytes_per_star() const noexcept;

  /// Makes nothing of what is no candidate, in place: `output_yxc` as for AddCandidates, which finds the same
  /// afterwards. What is left of a network's output is mostly zeros, which cost next to nothing to store.
  Status Thin(const View& output_yxc) const;

  /// Adds the candidates of a part of the network's output to `stars`: `output_yxc` of float32, axes ((z,) y, x,
  /// 1 + n_rays), channel 0 the probability. Parts may come in any order. kInvalid if shapes do not fit, or if a
  /// candidate has a distance that is not finite or too long; kExhausted if the image is larger than
  /// that along an axis. Cost: one look at every probability.
  Status AddCandidates(const ConstView& output_yxc, const StarDistPart& part, Stars& stars) const;

  /// The objects that remain, the highest score first: an object goes if one with a higher score that remains covers
  /// more than nms_threshold of the smaller of both. Independent of the order of `candidates` and of the workers.
  /// kInvalid in 3D if a distance of one that remains is not positive. Cost: 2D, a few µs per pair of neighbours with
  /// one that remains; 3D, up to a few ms.
  Result<Stars> Suppress(const Stars& candidates, const Executor& executor) const;

  /// Whether there are as many scores and distances as centres, and not too many. kInvalid, kExhausted.
  Status Check(const Stars& stars) const;

  /// All steps for a whole network output in memory (star_labels.h); gives int32 labels of axes ((z,) y, x). In 3D
  /// labels that no pixel has are left out and the others renumbered, as the reference does; it fails in 3D where
  /// nothing was found, here that is an image of zeros.
  Result<Tensor> Label(const ConstView& output_yxc, const Executor& executor, const Limits& limits = {}) const;

 private:
  Status CheckOutput(const ConstView& output_yxc) const;
  Status CheckPart(const ConstView& output_yxc, const StarDistPart& part) const;
  StarDist(StarDistOptions options, std::shared_ptr<const StarShapes> shapes)
      : options_(std::move(options)), shapes_(std::move(shapes)) {}

  StarDistOptions options_;
  std::shared_ptr<const StarShapes> shapes_;
};

}  // namespace tegula::objects
