// image/binding.h — what a model gets of an image: which channels, which planes, which pixel grid.
//
// Every choice is either asked for, or follows from what image and model state, or is refused with the possibilities:
//
//   channels    those named in the request, of the image or made of it (channels.h); else all, in order, if the image
//   has
//               as many as the model wants
//   z, t        those of the request; else all if the model's input has such an axis; else the only one there is. With
//   a
//               projection the planes along z become one.
//   pixel grid  --level: that level as it is. --pixel-size, --downsample: resampled to exactly that. Else the model's
//   own
//               pixel size: a level within 5 % of it as it is, otherwise the best level resampled to it. If the model
//               or the image does not state one: level 0 as it is.
//
// Planes are put on the grid first, then projected, then channels are made of them: what a model gets is what it would
// get of a file with such pixels. What was decided is kept as sentences for the run record and the report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/image/channels.h"
#include "tegula/image/pixel_grid.h"
#include "tegula/image/planes.h"
#include "tegula/image/projection.h"
#include "tegula/image/source.h"
#include "tegula/image/stains.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {

/// What the user asks for; nothing is asked by default.
struct BindingRequest {
  std::vector<std::string> channels;  ///< as channels.h says
  std::optional<StainSet> stains;     ///< else StainSet::Hed()
  std::optional<PlaneRange> z, t;
  std::optional<Projection> z_projection;
  /// The pixel grid: at most one of these.
  std::optional<int> level;
  std::optional<double> pixel_size_um;
  std::optional<double> downsample;  ///< pixels of level 0 per pixel
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
  /// The image's first plane along t and z that is bound or, with a projection, goes into it; 0 for y and x.
  PerAxis<std::int64_t> first = {};
  std::int64_t channels = 0;
  DType dtype = DType::kU8;
  std::vector<Channel> channel_list;          ///< of the bound channels, in their order
  std::vector<std::int64_t> source_channels;  ///< the image's channels that are read for them
  bool is_rgb = false;                        ///< they are red, green and blue of one colour image, in this order
  int level = 0;                              ///< that is read
  bool resampled = false;
  double downsample_y = 1;  ///< pixels of level 0 per bound pixel
  double downsample_x = 1;
  std::optional<PixelSize> pixel_size;  ///< of the bound grid
  std::int64_t held_bytes = 0;          ///< ImageInfo::held_bytes
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

  /// Fills `out_tczyx` (info().channels) with a block that lies inside: the same pixels whatever blocks they are read
  /// in. A projection reads its planes one after the other. `overlap`: see ReadRequest. Memory: one plane of the block
  /// for each image channel that is computed with. Errors are those of the source, and kExhausted.
  Status Read(const Block& block, const View& out_tczyx, Overlap overlap = {}) const;

  /// The same for a block that may leave the image on any side of any axis, by any distance: what lies outside is made
  /// up as numpy.pad does with `mode`; `constant` is used by kConstant and converted to the element type. What is
  /// needed of the image is read once. The block must not be empty.
  Status ReadPadded(const Block& block, PadMode mode, double constant, const View& out_tczyx,
                    Overlap overlap = {}) const;

  /// The same channels and planes of the whole image on the grid of PixelGrid::WithEdge: for small pictures.
  BoundImage Shrunk(std::int64_t max_edge) const;

 private:
  friend Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted);
  BoundImage(const Source& source, ChannelMix channels) : source_(&source), channels_(std::move(channels)) {}
  void Use(const PixelGrid& grid);
  Status ReadPlane(ReadRequest request, const View& out_cyx) const;
  Status ReadProjection(ReadRequest request, const View& out_cyx) const;

  const Source* source_;
  BoundInfo info_;
  PixelGrid grid_;
  ChannelMix channels_;
  std::optional<Projection> projection_;
  Interval projected_z_;  // the image's planes that go into it
};

/// Decides as said above. kInvalid or kNotFound name what there is and how to choose; kUnsupported where a size cannot
/// be had. Reads no pixels.
Result<BoundImage> Bind(const Source& source, const BindingRequest& request, const ModelInput& wanted);

}  // namespace tegula::image
