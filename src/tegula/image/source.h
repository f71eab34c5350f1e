// image/source.h — an image of any size that is read by region: the one interface behind all formats.
//
// A source never holds more than what it decodes for the current reads. Pixels come as (channel, y, x) in the
// file's own element type; nothing is scaled, blended or converted, except that alpha is dropped from RGBA
// slides (over the slide's background colour). What surrounds the image is not the source's business: regions lie
// inside.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Height before width, in pixels of the level; tile is what the file stores (a hint for efficient reads).
struct Level {
  std::int64_t height = 0;
  std::int64_t width = 0;
  double downsample_y = 1.0;  ///< pixels of level 0 per pixel of this level
  double downsample_x = 1.0;
  std::int64_t tile_height = 0;  ///< 0: no tiles
  std::int64_t tile_width = 0;
};

struct Rgb {
  std::uint8_t r = 255, g = 255, b = 255;
  friend constexpr bool operator==(Rgb, Rgb) = default;
};

struct Channel {
  std::string name;  ///< never empty: "red", "DAPI", or "channel0"
  std::optional<Rgb> colour;
};

/// Size of a level-0 pixel in µm.
struct PixelSize {
  double y_um = 0;
  double x_um = 0;
};

/// What a source is; never changes while it is open.
struct ImageInfo {
  std::string format;  ///< reader and container: "openslide (aperio)", "tiff", "png", ...
  DType dtype = DType::kU8;
  std::vector<Level> levels;  ///< at least one, largest first
  std::vector<Channel> channels;
  bool is_rgb = false;  ///< channels are red, green, blue of one colour image
  std::int64_t size_z = 1;
  std::int64_t size_t = 1;
  std::optional<PixelSize> pixel_size;
  std::optional<double> objective;     ///< magnification of a slide's scanner: 20 or 40, if the file says so
  std::int64_t held_bytes = 32 << 20;  ///< memory of what reads keep for each other and have on its way, at most
  std::string state;  ///< by what the content is recognised if it lies where the file system does not reach
  std::vector<std::string> notes;  ///< what the file says and reads do not show: sentences without a full stop
};

/// Pixels along an edge of a region that are asked for with the neighbouring region too.
struct Overlap {
  std::int64_t y = 0;
  std::int64_t x = 0;
};

/// A region of one plane. `box` lies inside the level.
struct ReadRequest {
  int level = 0;
  std::int64_t t = 0;
  std::int64_t z = 0;
  Box box = {};
  std::span<const std::int64_t> channels = {};  ///< indices, in the order wanted; empty: all, in the image's order
  /// A hint for caches, if the image is read region by region: of the neighbours on all four sides.
  Overlap overlap = {};

  /// How many planes the output has, and the image's channel that fills plane `i` of it.
  std::int64_t planes(const ImageInfo& info) const noexcept {
    return static_cast<std::int64_t>(channels.empty() ? info.channels.size() : channels.size());
  }
  std::int64_t channel(std::int64_t i) const noexcept {
    return channels.empty() ? i : channels[static_cast<std::size_t>(i)];
  }
};

/// Asserts what Source::Read asks of its callers.
void AssertReadable(const ImageInfo& info, const ReadRequest& request, const View& out_cyx) noexcept;

/// Names where a file gives none: red, green, blue (and so coloured) or channel0, channel1, ...
std::vector<Channel> DefaultChannels(std::int64_t count, bool is_rgb);

/// Immutable and thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual const ImageInfo& info() const noexcept = 0;
  /// Fills `out_cyx`: the asked channels of the region, dtype info().dtype, any strides. kIo or kCorrupt with
  /// the place in the file; then the content of `out_cyx` is unspecified.
  virtual Status Read(const ReadRequest& request, const View& out_cyx) const = 0;
};

}  // namespace tegula::image
