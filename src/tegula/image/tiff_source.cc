// TIFF in all its kinds: reads go block by block (tile or strip) through a cache of decoded blocks.
#include "tegula/image/tiff_source.h"

#include <algorithm>

#include "tegula/image/formats.h"
#include "tegula/image/tile_cache.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kBesideRows = 2048;  // of pixels that a window has beside its last two rows of tiles
constexpr std::int64_t kOverlap = 512;      // of windows, at most as a rule

// Where one row of windows ends and the next begins both want the same tiles: two rows of them at most, unless windows
// overlap by more than a tile; of tall JPEG tiles, which are kept in bands, no more of the second than windows overlap.
// All channels of one plane of the first level. Strips are read once. What a window shares with those beside it, two
// columns of tiles, comes on top: with a tile too little, each pushes out the one that is wanted next, and all are
// decoded twice.
std::int64_t BytesWorthKeeping(const TiffLayout& layout) noexcept {
  std::int64_t pixels = 0;
  for (std::size_t c = 0; c < layout.info.channels.size(); ++c) {
    const TiffPage& page = layout.pages[static_cast<std::size_t>(layout.planes[c].page)];
    if (!page.tiled) continue;
    const std::int64_t second = page.has_jpeg_tiles() ? std::min(kOverlap, page.block_height) : page.block_height,
                       rows = (page.block_height + second) * page.blocks_across() * page.block_width,
                       columns = 2 * (kBesideRows + page.block_height) * page.block_width;
    pixels += rows + columns;
  }
  return std::max(pixels * DTypeSize(layout.info.dtype), TileCache::kDefaultBytes);
}

// Narrower blocks are put together to about this width before their samples are told apart: each sample's rows go to
// another place, and memory is slow where pieces are as short as one block's. What is gathered stays in a core's cache.
constexpr std::int64_t kGatheredWidth = 512;
constexpr std::int64_t kGatheredBytes = 2 << 20;

std::int64_t BlocksTogether(const TiffPage& page) noexcept {
  const std::int64_t row_bytes = kGatheredWidth * page.samples * page.bits / 8;
  const bool pays = page.samples > 1 && !page.planar && page.block_height <= kGatheredBytes / row_bytes;
  return pays ? std::max<std::int64_t>(1, kGatheredWidth / page.block_width) : 1;
}

// Rows of a JPEG tile that are kept, or go, together.
constexpr std::int64_t kBandHeight = 4 * JpegBlockDecoder::kRowsAtOnce;

Interval BlocksOf(Interval pixels, std::int64_t block) noexcept {
  return {pixels.begin / block, CeilDiv(pixels.end, block)};
}

/// Holds a pool of libtiff handles and a bounded cache. Immutable and thread-safe.
class TiffSource final : public Source {
 public:
  TiffSource(std::string name, TiffFile file, TiffLayout layout, std::int64_t cache_bytes)
      : name_(std::move(name)),
        file_(std::move(file)),
        layout_(std::move(layout)),
        cache_(std::min(BytesWorthKeeping(layout_), std::max(TileCache::kDefaultBytes, cache_bytes))) {
    layout_.info.held_bytes = cache_.budget();
  }
  const ImageInfo& info() const noexcept override { return layout_.info; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info(), request, out_cyx);
    if (request.box.empty()) return Ok();
    for (std::int64_t i = 0; i < request.planes(info()); ++i) {
      std::int64_t first = 0;  // of the planes that lie in the same blocks
      while (!ShareBlocks(PlaneOf(request, first), PlaneOf(request, i))) ++first;
      if (first == i) TEGULA_TRY(ReadPlanesWith(i, request, out_cyx).Context(name_));
    }
    return Ok();
  }

 private:
  const TiffPage& PageOf(PlaneRef plane) const noexcept { return layout_.pages[static_cast<std::size_t>(plane.page)]; }
  PlaneRef PlaneOf(const ReadRequest& request, std::int64_t i) const noexcept {
    return layout_.At(request.level, request.t, request.z, request.channel(i));
  }
  bool ShareBlocks(PlaneRef a, PlaneRef b) const noexcept {
    return a.page == b.page && (a.sample == b.sample || !PageOf(a).planar);
  }

  // Of a level that fits into the cache everything stays: it may be read again.
  TileShare ShareOf(const Box& tile, const ReadRequest& request) const noexcept {
    const Level& level = info().levels[static_cast<std::size_t>(request.level)];
    const std::int64_t pixel_bytes = DTypeSize(info().dtype) * static_cast<std::int64_t>(info().channels.size());
    if (level.height <= cache_.budget() / pixel_bytes / level.width) return {.rest = {0, tile.width()}};
    return TileShare::Of(tile, request.box, request.overlap, {{0, level.height}, {0, level.width}});
  }

  // Plane `i` of the output and all later ones that lie in its blocks.
  Status ReadPlanesWith(std::int64_t i, const ReadRequest& request, const View& out_cyx) const {
    const TiffPage& page = PageOf(PlaneOf(request, i));
    const Interval ys = BlocksOf(request.box.y, page.block_height), xs = BlocksOf(request.box.x, page.block_width);
    const std::int64_t together = BlocksTogether(page);
    for (std::int64_t y = ys.begin; y < ys.end; ++y)
      for (std::int64_t x = xs.begin; x < xs.end; x += together)
        TEGULA_TRY(ReadBlocks(i, y, {x, std::min(x + together, xs.end)}, request, out_cyx));
    return Ok();
  }

  // Blocks side by side. Of several, the rows are put together before their samples are told apart.
  Status ReadBlocks(std::int64_t i, std::int64_t by, Interval bxs, const ReadRequest& request,
                    const View& out_cyx) const {
    const auto to_place = [&](std::int64_t y, std::int64_t x, const ConstView& rows_yxs) {
      CopyRows(i, y, x, rows_yxs, request, out_cyx);
    };
    if (bxs.size() == 1) return TakeBlock(i, by, bxs.begin, request, to_place);
    const TiffPage& page = PageOf(PlaneOf(request, i));
    TEGULA_ASSIGN_OR_RETURN(Tensor held,
                            cache_.Allocate(info().dtype, {page.block_height, kGatheredWidth, page.samples}));
    const View gathered(held.view().data(), held.dtype(),
                        {page.block_height, bxs.size() * page.block_width, page.samples});
    const std::int64_t y0 = by * page.block_height, x0 = bxs.begin * page.block_width;
    const auto gather = [&](std::int64_t y, std::int64_t x, const ConstView& rows_yxs) {
      const View place = gathered.Slice(0, y - y0, rows_yxs.shape()[0]).Slice(1, x - x0, rows_yxs.shape()[1]);
      ConvertCopy(rows_yxs, place);
    };
    for (std::int64_t bx = bxs.begin; bx < bxs.end; ++bx) TEGULA_TRY(TakeBlock(i, by, bx, request, gather));
    to_place(y0, x0, gathered);
    cache_.Recycle(std::move(held));
    return Ok();
  }

  // Shows `take` a block, and where its first pixel lies: all rows at once, or a few at a time.
  Status TakeBlock(std::int64_t i, std::int64_t by, std::int64_t bx, const ReadRequest& request,
                   TakePixels take) const {
    const PlaneRef plane = PlaneOf(request, i);
    const TiffPage& page = PageOf(plane);
    const std::int64_t sample_block = page.planar ? plane.sample : 0;
    const std::int64_t index = (sample_block * page.blocks_down() + by) * page.blocks_across() + bx;
    const TileCache::Key key{page.offset, static_cast<std::uint64_t>(index)};
    const std::int64_t y0 = by * page.block_height, x0 = bx * page.block_width;
    const Box whole{{y0, y0 + page.rows_inside(by)}, {x0, std::min(x0 + page.block_width, page.width)}};
    const auto share = [&](Interval rows) { return ShareOf({rows.Shifted(y0), whole.x}, request); };
    const auto decode = [&](std::int64_t rows, TakeRows show) -> Result<std::optional<Tensor>> {
      if (page.has_jpeg_tiles()) {
        TEGULA_TRY(file_.DecodeTileRows(page, by, bx, rows, show));
        return std::optional<Tensor>();
      }
      const auto allocate = [&](DType dtype, const Shape& shape) { return cache_.Allocate(dtype, shape); };
      TEGULA_ASSIGN_OR_RETURN(Tensor block, file_.DecodeBlock(page, by, bx, sample_block, allocate));
      return std::optional(std::move(block));
    };
    const TileRead read{
        .dtype = info().dtype,
        .shape_yxs = {whole.height(), page.block_width, page.samples_per_block()},
        .band_height = page.has_jpeg_tiles() ? kBandHeight : page.block_height,
        .box = {Intersect(request.box.y, whole.y).Shifted(-y0), Intersect(request.box.x, whole.x).Shifted(-x0)},
        .share = share};
    return cache_.Read(key, read, decode, [&](std::int64_t y, std::int64_t x, const ConstView& pixels_yxs) {
      take(y0 + y, x0 + x, pixels_yxs);
    });
  }

  // As TakePixels gives them.
  void CopyRows(std::int64_t i, std::int64_t y, std::int64_t x, const ConstView& rows_yxs, const ReadRequest& request,
                const View& out_cyx) const noexcept {
    const Shape& yxs = rows_yxs.shape();
    const Box part = Intersect(request.box, {{y, y + yxs[0]}, {x, x + yxs[1]}});
    if (part.empty()) return;
    const ConstView samples_syx(rows_yxs.data(), rows_yxs.dtype(), {yxs[2], yxs[0], yxs[1]},
                                {1, yxs[1] * yxs[2], yxs[2]});
    const ConstView from =
        samples_syx.Slice(1, part.y.begin - y, part.height()).Slice(2, part.x.begin - x, part.width());
    const View to = out_cyx.Slice(1, part.y.begin - request.box.y.begin, part.height())
                        .Slice(2, part.x.begin - request.box.x.begin, part.width());
    const PlaneRef plane = PlaneOf(request, i);
    const bool is_planar = PageOf(plane).planar;
    for (std::int64_t k = i; k < request.planes(info()); ++k) {
      const PlaneRef next = PlaneOf(request, k);
      if (!ShareBlocks(plane, next)) continue;
      // Samples that are asked for in their order are copied together.
      std::int64_t count = 1;
      while (k + count < request.planes(info()) && !is_planar &&
             PlaneOf(request, k + count) == PlaneRef{next.page, next.sample + static_cast<std::int32_t>(count)})
        ++count;
      ConvertCopy(from.Slice(0, is_planar ? 0 : next.sample, count), to.Slice(0, k, count));
      k += count - 1;
    }
  }

  std::string name_;
  TiffFile file_;
  TiffLayout layout_;
  mutable TileCache cache_;
};

}  // namespace

std::unique_ptr<Source> NewTiffSource(std::string name, TiffFile file, TiffLayout layout, std::int64_t cache_bytes) {
  return std::make_unique<TiffSource>(std::move(name), std::move(file), std::move(layout), cache_bytes);
}

bool ProbeTiff(const ProbeInput& input) {
  using namespace std::string_view_literals;  // lint-allow: literals with zeros in them
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (input.text().starts_with(magic)) return true;
  return false;
}

Result<std::unique_ptr<Source>> OpenTiff(const std::string& name, const Access& access) {
  TEGULA_ASSIGN_OR_RETURN(TiffFile file, TiffFile::Open(name));
  TEGULA_ASSIGN_OR_RETURN(TiffLayout layout, ReadTiffLayout(file, access.limits).Context(name));
  return NewTiffSource(name, std::move(file), std::move(layout), access.cache_bytes);
}

}  // namespace tegula::image
