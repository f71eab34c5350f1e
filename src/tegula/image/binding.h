// image/binding.h — what a model gets of an image: which channels, which pixel grid, which planes.
//
// Every choice is either asked for, or follows from what image and model state, or is refused with the possibilities:
//
//   channels    those named in the request; else all, in order, if the image has as many as the model wants
//   z, t        those of the request; else all if the model's input has such an axis; else the only one there is
//   pixel grid  --level: that level as it is. --pixel-size: resampled to exactly that. Else the model's own pixel size:
//               a level within 5 % of it as it is, otherwise the best level resampled to it. If the model or the image
//               does not state one: level 0 as it is.
//
// What was decided is kept as sentences for the run record and the report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/image/planes.h"
#include "tegula/image/resample.h"
#include "tegula/image/source.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {

/// What the user asks for; nothing is asked by default.
struct BindingRequest {
  std::vector<std::string> channels;  ///< names, or indices from 0
  std::optional<int> level;
  std::optional<double> pixel_size_um;
  std::optional<PlaneRange> z, t;
};

/// What the model's input wants.
struct ModelInput {
  std::int64_t channels = 1;               ///< 0: any number
  std::vector<std::string> channel_names;  ///< for messages; may be empty
  std::optional<PixelSize> pixel_size;     ///< if its description states one in a unit of length
  bool has_z = false;                      ///< its input has such an axis: it wants a stack, else single planes
  bool has_t = false;
};

/// Levels within this share of the wanted pixel size are used as they are.
inline constexpr double kPixelSizeTolerance = 0.05;

/// What is bound: the image as the model's input sees it.
struct BoundInfo {
  PerAxis<std::int64_t> size = {{1, 1, 0, 0}};
  PerAxis<std::int64_t> first = {};  ///< what of the image is bound plane 0 of t and z; 0 for y and x
  std::int64_t channels = 0;
  DType dtype = DType::kU8;
  std::vector<Channel> channel_list;          ///< of the bound channels, in their order
  std::vector<std::int64_t> source_channels;  ///< their indices in the image
  bool is_rgb = false;                        ///< they are red, green and blue of one colour image, in this order
  int level = 0;                              ///< that is read
  bool resampled = false;
  double downsample_y = 1;  ///< pixels of level 0 per bound pixel
  double downsample_x = 1;
  std::optional<PixelSize> pixel_size;  ///< of the bound grid
  std::vector<std::string> decisions;   ///< sentences without a full stop, in the order channels, planes, pixel grid

  std::int64_t height() const noexcept { return size[GridAxis::kY]; }
  std::int64_t width() const noexcept { return size[GridAxis::kX]; }
};

/// An image bound to a model's input. Borrows the source. Immutable and thread-safe.
class BoundImage {
 public:
  const BoundInfo& info() const noexcept { return info_; }

  /// The same image with these of its bound planes only.
  BoundImage Planes(Interval t, Interval z) const;

  /// Fills `out_tczyx` (info().channels) with a block that lies inside. Errors are those of the source.
  Status Read(const Block& block, const View& out_tczyx) const;

  /// The same for a block that may leave the image on any side of any axis, by any distance: what lies outside is made
  /// up as numpy.pad does with `mode`; `constant` is used by kConstant and converted to the element type. What is
  /// needed of the image is read once. The block must not be empty.
  Status ReadPadded(const Block& block, PadMode mode, double constant, const View& out_tczyx) const;

 private:
  friend Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted);
  explicit BoundImage(const Source& source) : source_(&source) {}

  const Source* source_;
  BoundInfo info_;
  AxisGrid grid_y_, grid_x_;  // only if resampled
};

/// Decides as said above. kInvalid or kNotFound name what there is and how to choose; kUnsupported where a size cannot
/// be had. Reads no pixels.
Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted);

}  // namespace tegula::image
