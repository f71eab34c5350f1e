#include "tegula/image/tiff_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tegula/image/ome_xml.h"
#include "tegula/image/tiff_metadata.h"

namespace tegula::image {
namespace {

// What a description says: the pages of the full-size planes and what the channels are.
struct Stack {
  std::int64_t size_z = 1, size_t = 1;
  std::int64_t channel_pages = 1;   // pages per z and t; each holds all its samples as channels
  std::vector<std::int64_t> pages;  // by t, z, channel page
  std::vector<Channel> channels;    // empty: default names
  bool is_rgb = false;
  bool palette_is_display = false;
  bool reduced_pages_follow = false;  // levels may be pages of their own right after the full-size page
  std::optional<PixelSize> pixel_size;
  std::string format;
};

bool SameKind(const TiffPage& a, const TiffPage& b) {
  return a.samples == b.samples && a.bits == b.bits && a.sample_format == b.sample_format &&
         a.colour_samples() == b.colour_samples();
}

// ---------------------------------------------------------------------------------------------------------- OME-TIFF

// All planes must be in one file: this one.
Status CheckOneFile(const OmeDocument& document, const OmeImage& image) {
  std::set<std::string> files;
  const OmeTiffData* elsewhere = nullptr;
  for (const OmeTiffData& data : image.tiff_data) {
    files.insert(data.uuid.empty() ? data.file_name : data.uuid);
    if (!data.uuid.empty() && !document.uuid.empty() && data.uuid != document.uuid) elsewhere = &data;
  }
  if (elsewhere == nullptr && files.size() <= 1) return Ok();
  return UnsupportedError(fmt::format(
      "its planes are spread over several files{}; convert it to one OME-TIFF (bfconvert does)",
      elsewhere == nullptr || elsewhere->file_name.empty() ? "" : fmt::format(" ('{}' is one)", elsewhere->file_name)));
}

// Runs through the planes in the order of the file: DimensionOrder without X and Y.
class PlaneOrder {
 public:
  static Result<PlaneOrder> Make(const OmeImage& image, std::int64_t channel_pages) {
    PlaneOrder order;
    const std::string& text = image.dimension_order;
    std::string sorted = text.size() == 5 ? text.substr(2) : "";
    std::sort(sorted.begin(), sorted.end());
    if (sorted != "CTZ" || !text.starts_with("XY"))
      return CorruptError(fmt::format("DimensionOrder \"{}\" in its OME-XML is none", text));
    for (std::size_t i = 0; i < 3; ++i) {
      order.letter_[i] = text[i + 2];
      order.size_[i] = text[i + 2] == 'C' ? channel_pages : text[i + 2] == 'Z' ? image.size_z : image.size_t;
    }
    order.size_z_ = image.size_z, order.channel_pages_ = channel_pages;
    return order;
  }
  std::int64_t count() const noexcept { return size_[0] * size_[1] * size_[2]; }
  /// The position of a plane in the file's order; -1 if it lies outside.
  std::int64_t Rank(std::int64_t c, std::int64_t z, std::int64_t t) const noexcept {
    std::int64_t rank = 0, step = 1;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t at = letter_[i] == 'C' ? c : letter_[i] == 'Z' ? z : t;
      if (at >= size_[i]) return -1;
      rank += at * step;
      step *= size_[i];
    }
    return rank;
  }
  /// The position in Stack::pages of the plane of a rank.
  std::int64_t IndexOf(std::int64_t rank) const noexcept {
    std::int64_t c = 0, z = 0, t = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      (letter_[i] == 'C' ? c : letter_[i] == 'Z' ? z : t) = rank % size_[i];
      rank /= size_[i];
    }
    return (t * size_z_ + z) * channel_pages_ + c;
  }

 private:
  char letter_[3] = {};
  std::int64_t size_[3] = {};
  std::int64_t size_z_ = 1, channel_pages_ = 1;
};

Status PlacePlanes(const OmeImage& image, const PlaneOrder& order, std::int64_t page_count,
                   std::vector<std::int64_t>& pages) {
  pages.assign(static_cast<std::size_t>(order.count()), -1);
  std::vector<OmeTiffData> blocks = image.tiff_data;
  if (blocks.empty()) blocks.emplace_back();
  for (const OmeTiffData& block : blocks) {
    const std::int64_t first_page = block.page.value_or(0),
                       rank = order.Rank(block.first_c, block.first_z, block.first_t);
    if (rank < 0)
      return CorruptError(fmt::format("its OME-XML places a plane at c={} z={} t={}, outside the image", block.first_c,
                                      block.first_z, block.first_t));
    const std::int64_t planes = block.planes ? *block.planes : block.page ? 1 : order.count() - rank;
    if (planes > order.count() - rank || planes > page_count - first_page)
      return CorruptError(
          fmt::format("its OME-XML places {} planes from page {} on, but the file has {} pages and the image {} planes",
                      planes, first_page, page_count, order.count()));
    for (std::int64_t i = 0; i < planes; ++i) pages[static_cast<std::size_t>(order.IndexOf(rank + i))] = first_page + i;
  }
  for (const std::int64_t page : pages)
    if (page < 0) return CorruptError("its OME-XML does not say where all planes are");
  return Ok();
}

// One name per channel, or one for all samples of a colour page, which then says nothing about them.
Result<std::vector<Channel>> OmeChannels(const OmeImage& image, std::int64_t channels, std::int64_t channel_pages,
                                         bool is_rgb) {
  std::vector<Channel> result = DefaultChannels(channels, is_rgb);
  const auto named = static_cast<std::int64_t>(image.channels.size());
  if (named == channels && !is_rgb) {
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!image.channels[i].name.empty()) result[i].name = image.channels[i].name;
      result[i].colour = image.channels[i].colour;
    }
  } else if (named != 0 && named != channels && named != channel_pages) {
    return CorruptError(fmt::format("its OME-XML names {} channels where {} are", named, channels));
  }
  return result;
}

Result<Stack> OmeStack(const std::vector<TiffPage>& pages) {
  TEGULA_ASSIGN_OR_RETURN(const OmeDocument document, ParseOmeXml(pages.front().description));
  const OmeImage& image = document.images.front();
  TEGULA_TRY(CheckOneFile(document, image));
  // The product of the sizes must be small before it is used; there cannot be more planes than pages.
  const auto page_count = static_cast<std::int64_t>(pages.size());
  std::size_t first = 0;
  if (!image.tiff_data.empty() && image.tiff_data.front().page)
    first = static_cast<std::size_t>(*image.tiff_data.front().page);
  if (first >= pages.size())
    return CorruptError(fmt::format("its OME-XML begins at page {}, but the file has {}", first, page_count));
  const TiffPage& page = pages[first];
  if (page.width != image.size_x || page.height != image.size_y)
    return CorruptError(fmt::format("its OME-XML says {} x {} pixels (height, width), its page {} x {}", image.size_y,
                                    image.size_x, page.height, page.width));
  if (image.size_c % page.samples != 0)
    return CorruptError(
        fmt::format("its OME-XML says {} channels, but its pages have {} samples each", image.size_c, page.samples));
  const std::int64_t channel_pages = image.size_c / page.samples;
  if (page.samples > 1 && channel_pages > 1)
    return UnsupportedError(
        "it has several channels of several samples each; save every channel as a plane of its own");
  if (channel_pages > page_count || image.size_z > page_count / channel_pages ||
      image.size_t > page_count / channel_pages / image.size_z)
    return CorruptError(fmt::format("its OME-XML describes {} channels x {} z x {} t, but the file has only {} pages",
                                    channel_pages, image.size_z, image.size_t, page_count));

  Stack stack;
  stack.size_z = image.size_z, stack.size_t = image.size_t, stack.channel_pages = channel_pages;
  TEGULA_ASSIGN_OR_RETURN(const PlaneOrder order, PlaneOrder::Make(image, channel_pages));
  TEGULA_TRY(PlacePlanes(image, order, page_count, stack.pages));
  stack.is_rgb = page.is_colour() && channel_pages == 1 && page.colour_samples() == 3;
  TEGULA_ASSIGN_OR_RETURN(stack.channels,
                          OmeChannels(image, channel_pages * page.colour_samples(), channel_pages, stack.is_rgb));
  if (image.pixel_x_um && image.pixel_y_um) stack.pixel_size = PixelSize{*image.pixel_y_um, *image.pixel_x_um};
  stack.format = document.images.size() == 1
                     ? "tiff (OME)"
                     : fmt::format("tiff (OME, the first of {} images)", document.images.size());
  return stack;
}

// ------------------------------------------------------------------------------------------------------------- ImageJ

Result<Stack> ImageJStack(const std::vector<TiffPage>& pages) {
  const TiffPage& page = pages.front();
  TEGULA_ASSIGN_OR_RETURN(const ImageJDescription description, ParseImageJ(page.description));
  const auto page_count = static_cast<std::int64_t>(pages.size());
  const std::int64_t channels = description.channels.value_or(1), frames = description.frames.value_or(1);
  // Samples of a page are channels too: a composite of three 16-bit channels, or RGB.
  const std::int64_t channel_pages = channels % page.samples == 0 ? channels / page.samples : channels;
  if (page_count == 1 && description.images > 1 && description.images != page.samples)
    return UnsupportedError(
        fmt::format("it holds {} planes behind one page (ImageJ's form for more than 4 GB); save it as OME-TIFF",
                    description.images));
  if (channel_pages > page_count || frames > page_count)
    return CorruptError("its ImageJ description counts more planes than the file has pages");
  std::int64_t slices = description.slices.value_or(1);
  if (!description.slices) slices = std::max<std::int64_t>(1, description.images / channel_pages / frames);
  if (slices > page_count || channel_pages * slices * frames != page_count)
    return CorruptError(
        fmt::format("its ImageJ description counts {} channels x {} slices x {} frames, but the file has {} pages",
                    channels, slices, frames, page_count));

  Stack stack;
  stack.size_z = slices, stack.size_t = frames, stack.channel_pages = channel_pages;
  for (std::int64_t i = 0; i < page_count; ++i) stack.pages.push_back(i);  // channels fastest, then slices, then frames
  stack.is_rgb = page.is_colour() && channel_pages == 1 && page.colour_samples() == 3 && !description.composite;
  stack.palette_is_display = true;
  stack.pixel_size = description.unit.empty() ? ResolutionPixelSize(page) : ImageJPixelSize(page, description.unit);
  stack.format = "tiff (ImageJ)";
  return stack;
}

// -------------------------------------------------------------------------------------------------------------- plain

Result<Stack> PlainStack(const std::vector<TiffPage>& pages) {
  Stack stack;
  const TiffPage& first = pages.front();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const TiffPage& page = pages[i];
    if (page.reduced && i > 0) continue;  // a level; checked there
    if (page.mask) return UnsupportedError(fmt::format("page {} is a transparency mask; save the image without it", i));
    if (page.height != first.height || page.width != first.width || !SameKind(page, first))
      return UnsupportedError(fmt::format(
          "page {} ({} x {}, {} samples of {} bits) is of another size or kind than page 0 ({} x {}, {} samples of {} "
          "bits), and nothing in the "
          "file says what it is; save the page that you want as a file of its own",
          i, page.height, page.width, page.samples, page.bits, first.height, first.width, first.samples, first.bits));
    stack.pages.push_back(static_cast<std::int64_t>(i));
  }
  stack.size_z = static_cast<std::int64_t>(stack.pages.size());
  stack.is_rgb = first.is_colour() && first.colour_samples() == 3;
  stack.reduced_pages_follow = true;
  stack.pixel_size = ResolutionPixelSize(first);
  stack.format = "tiff";
  return stack;
}

// ------------------------------------------------------------------------------------------------------------- levels

Status CheckLevel(const TiffPage& full, const TiffPage& before, const TiffPage& level) {
  const bool smaller = level.height <= before.height && level.width <= before.width &&
                       (level.height < before.height || level.width < before.width);
  // Rounding may cost two pixels of the smaller page.
  const bool same_shape =
      std::abs(level.width * full.height - level.height * full.width) <= 2 * std::max(full.height, full.width);
  if (smaller && same_shape && SameKind(full, level)) return Ok();
  return UnsupportedError(
      fmt::format("a reduced page of {} x {} pixels is no smaller version of the page of {} x {}; save the image as a "
                  "pyramidal OME-TIFF",
                  level.height, level.width, full.height, full.width));
}

// The pages of all levels of one full-size page, largest first, as indices; pages of SubIFDs are added to `pages`.
Result<std::vector<std::int64_t>> LevelsOf(const TiffFile& file, std::vector<TiffPage>& pages,
                                           std::int64_t top_level_pages, std::int64_t page, const Stack& stack,
                                           const Limits& limits) {
  std::vector<std::int64_t> levels = {page};
  const std::vector<std::uint64_t> sub_pages = pages[static_cast<std::size_t>(page)].sub_pages;
  for (const std::uint64_t offset : sub_pages) {
    TEGULA_ASSIGN_OR_RETURN(TiffPage level, file.ReadPageAt(offset));
    level.description = {};
    levels.push_back(static_cast<std::int64_t>(pages.size()));
    pages.push_back(std::move(level));
  }
  for (std::int64_t next = page + 1;
       stack.reduced_pages_follow && next < top_level_pages && pages[static_cast<std::size_t>(next)].reduced; ++next)
    levels.push_back(next);
  for (const std::int64_t index : levels)
    TEGULA_TRY(pages[static_cast<std::size_t>(index)]
                   .CheckReadable(limits, stack.palette_is_display)
                   .Context(fmt::format("page {}", index)));
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const auto at = [&](std::size_t k) -> const TiffPage& { return pages[static_cast<std::size_t>(levels[k])]; };
    TEGULA_TRY(CheckLevel(at(0), at(i - 1), at(i)));
  }
  return levels;
}

Level DescribeLevel(const TiffPage& full, const TiffPage& page) {
  Level level{.height = page.height, .width = page.width};
  level.downsample_y = static_cast<double>(full.height) / static_cast<double>(page.height);
  level.downsample_x = static_cast<double>(full.width) / static_cast<double>(page.width);
  level.tile_height = page.tiled ? page.block_height : 0;
  level.tile_width = page.tiled ? page.block_width : 0;
  return level;
}

// Spreads the levels' pages over channels: every page gives one channel per colour sample.
Result<TiffLayout> Assemble(const TiffFile& file, std::vector<TiffPage> pages, const Stack& stack,
                            const Limits& limits) {
  const auto top_level_pages = static_cast<std::int64_t>(pages.size());
  std::vector<std::vector<std::int64_t>> levels;  // of each full-size page
  for (const std::int64_t page : stack.pages) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<std::int64_t> own, LevelsOf(file, pages, top_level_pages, page, stack, limits));
    levels.push_back(std::move(own));
  }
  const std::vector<std::int64_t>& reference = levels.front();
  const TiffPage& full = pages[static_cast<std::size_t>(reference.front())];
  const std::int64_t samples = full.colour_samples();
  if (samples < 1) return CorruptError("its pages have transparency and no colour");

  TiffLayout layout;
  for (std::size_t level = 0; level < reference.size(); ++level) {
    const TiffPage& model = pages[static_cast<std::size_t>(reference[level])];
    layout.info.levels.push_back(DescribeLevel(full, model));
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i].size() != reference.size())
        return CorruptError(fmt::format("page {} has {} levels, page {} has {}", stack.pages[i], levels[i].size(),
                                        stack.pages[0], reference.size()));
      const TiffPage& page = pages[static_cast<std::size_t>(levels[i][level])];
      if (page.height != model.height || page.width != model.width || !SameKind(page, model))
        return CorruptError(fmt::format("level {} of page {} is of another size or kind than that of page {}", level,
                                        stack.pages[i], stack.pages[0]));
      for (std::int64_t s = 0; s < samples; ++s)
        layout.planes.push_back({static_cast<std::int32_t>(levels[i][level]), static_cast<std::int32_t>(s)});
    }
  }
  layout.info.format = stack.format;
  layout.info.dtype = full.dtype();
  layout.info.is_rgb = stack.is_rgb;
  const std::int64_t channels = stack.channel_pages * samples;
  layout.info.channels = stack.channels.empty() ? DefaultChannels(channels, stack.is_rgb) : stack.channels;
  if (static_cast<std::int64_t>(layout.info.channels.size()) != channels)
    return CorruptError(fmt::format("it names {} channels where {} are", layout.info.channels.size(), channels));
  if (channels > limits.channels) return ExhaustedError(fmt::format("its {} channels are more than allowed", channels));
  layout.info.size_z = stack.size_z;
  layout.info.size_t = stack.size_t;
  layout.info.pixel_size = stack.pixel_size;
  layout.pages = std::move(pages);
  return layout;
}

}  // namespace

Result<TiffLayout> ReadTiffLayout(const TiffFile& file, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<TiffPage> pages, file.ReadPages());
  const std::string& description = pages.front().description;
  TEGULA_ASSIGN_OR_RETURN(const Stack stack, LooksLikeOmeXml(description)   ? OmeStack(pages)
                                             : LooksLikeImageJ(description) ? ImageJStack(pages)
                                                                            : PlainStack(pages));
  return Assemble(file, std::move(pages), stack, limits);
}

}  // namespace tegula::image
