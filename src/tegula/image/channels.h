// image/channels.h — the channels that a model gets: those of the image, or made of them.
//
//   DAPI, 2            a channel of the image by name, else by index from 0
//   mean, max, min     of all channels of the image, pixel by pixel
//   mean(DAPI,2)       of those named
//   hematoxylin, ...   the amount of a stain in an RGB image (stains.h): the names in the set of stains
//
// A name of the image goes before a word of this list, and a word before an index.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tegula/image/projection.h"
#include "tegula/image/source.h"
#include "tegula/image/stains.h"

namespace tegula::image {

/// "the image has 3 channels (red, green, blue)", for messages.
std::string ChannelsText(const ImageInfo& info);
/// "choose with --channels by name, ...", for messages.
std::string HowToChoose(const ImageInfo& info);
/// "red, green, blue"; of many names the first.
std::string NamesText(const std::vector<std::string>& names);
std::vector<std::string> NamesOf(const std::vector<Channel>& channels);

/// Immutable and thread-safe.
class ChannelMix {
 public:
  /// All channels of the image, in order.
  static ChannelMix All(const ImageInfo& info, DType planes);
  /// Those asked for, made of planes of type `planes`. kNotFound and kInvalid say what there is; kUnsupported for
  /// stains of images without colours.
  static Result<ChannelMix> Of(const ImageInfo& info, std::span<const std::string> words, const StainSet& stains,
                               DType planes);

  /// The image's channels that are to be read, in this order.
  const std::vector<std::int64_t>& sources() const noexcept { return sources_; }
  /// What is made has nothing computed: it is what is read.
  bool is_plain() const noexcept { return is_plain_; }
  /// The channels that are made.
  const std::vector<Channel>& list() const noexcept { return list_; }
  std::int64_t count() const noexcept { return static_cast<std::int64_t>(list_.size()); }
  /// float32 for means and stains, else that of the planes. If they differ, the smallest float that holds all.
  DType dtype() const noexcept { return dtype_; }
  bool has_stains() const noexcept;
  /// What stands for white when stains are told apart.
  double white() const noexcept { return white_; }

  /// Fills `out_cyx` from the planes of sources(). kExhausted.
  Status Make(const ConstView& sources_cyx, const View& out_cyx) const;

 private:
  enum class Kind : std::uint8_t { kOne, kProjection, kStain };
  struct Recipe {
    Kind kind = Kind::kOne;
    Projection projection = Projection::kMax;
    std::size_t stain = 0;
    std::vector<std::int64_t> from;  // positions in sources_
  };

  ChannelMix(StainSet stains, DType planes) : stains_(std::move(stains)), dtype_(planes) {}
  Result<Recipe> Find(const ImageInfo& info, const std::string& word);
  std::vector<std::int64_t> Use(std::span<const std::int64_t> channels);
  DType TypeOf(const Recipe& recipe, DType planes) const noexcept;
  Status MakeOne(const Recipe& recipe, const ConstView& sources_cyx, const View& out_1yx) const;

  StainSet stains_;
  DType dtype_;
  double white_ = 1;
  bool is_plain_ = true;
  std::vector<std::int64_t> sources_;
  std::vector<Recipe> recipes_;
  std::vector<Channel> list_;
};

}  // namespace tegula::image
