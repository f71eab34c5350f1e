// TIFF in all its kinds: reads go block by block (tile or strip) through a cache of decoded blocks.
#include <fmt/format.h>

#include "tegula/image/tiff_source.h"

#include "tegula/image/formats.h"
#include "tegula/image/tile_cache.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

/// Holds a pool of libtiff handles and a bounded cache. Immutable and thread-safe.
class TiffSource final : public Source {
 public:
  TiffSource(std::string name, TiffFile file, TiffLayout layout)
      : name_(std::move(name)), file_(std::move(file)), layout_(std::move(layout)) {}
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

  // Of an image that fits into the cache everything stays: it may be read again.
  TileCache::Share ShareOf(const Box& tile, const ReadRequest& request) const noexcept {
    const Level& level = info().levels[static_cast<std::size_t>(request.level)];
    const std::int64_t pixel_bytes = DTypeSize(info().dtype) * static_cast<std::int64_t>(info().channels.size());
    if (level.height <= TileCache::kDefaultBytes / pixel_bytes / level.width) return {};
    return TileCache::Share::Of(tile, request.box, request.overlap, {{0, level.height}, {0, level.width}});
  }

  // Plane `i` of the output and all later ones that lie in its blocks.
  Status ReadPlanesWith(std::int64_t i, const ReadRequest& request, const View& out_cyx) const {
    const TiffPage& page = PageOf(PlaneOf(request, i));
    const Box& box = request.box;
    for (std::int64_t by = box.y.begin / page.block_height; by * page.block_height < box.y.end; ++by)
      for (std::int64_t bx = box.x.begin / page.block_width; bx * page.block_width < box.x.end; ++bx)
        TEGULA_TRY(CopyBlock(i, by, bx, request, out_cyx));
    return Ok();
  }

  Status CopyBlock(std::int64_t i, std::int64_t by, std::int64_t bx, const ReadRequest& request,
                   const View& out_cyx) const {
    const PlaneRef plane = PlaneOf(request, i);
    const TiffPage& page = PageOf(plane);
    const std::int64_t sample_block = page.planar ? plane.sample : 0;
    const std::int64_t index = (sample_block * page.blocks_down() + by) * page.blocks_across() + bx;
    const Level& level = info().levels[static_cast<std::size_t>(request.level)];
    const Box whole{{by * page.block_height, std::min((by + 1) * page.block_height, level.height)},
                    {bx * page.block_width, std::min((bx + 1) * page.block_width, level.width)}};
    const Box part = Intersect(request.box, whole);
    const auto allocate = [&](DType dtype, const Shape& shape) { return cache_.Allocate(dtype, shape); };
    TEGULA_ASSIGN_OR_RETURN(
        const TileCache::Tile block,
        cache_.Get(
            {page.offset, static_cast<std::uint64_t>(index)},
            [&]() { return file_.DecodeBlock(page, by, bx, sample_block, allocate); }, ShareOf(whole, request)));
    const Shape& yxs = block->shape();
    const ConstView samples_syx(block->view().data(), block->dtype(), {yxs[2], yxs[0], yxs[1]},
                                {1, yxs[1] * yxs[2], yxs[2]});
    const ConstView from = samples_syx.Slice(1, part.y.begin - whole.y.begin, part.height())
                               .Slice(2, part.x.begin - whole.x.begin, part.width());
    const View to = out_cyx.Slice(1, part.y.begin - request.box.y.begin, part.height())
                        .Slice(2, part.x.begin - request.box.x.begin, part.width());
    for (std::int64_t k = i; k < request.planes(info()); ++k) {
      const PlaneRef next = PlaneOf(request, k);
      if (!ShareBlocks(plane, next)) continue;
      // Samples that are asked for in their order are copied together.
      std::int64_t count = 1;
      while (k + count < request.planes(info()) && !page.planar &&
             PlaneOf(request, k + count) == PlaneRef{next.page, next.sample + static_cast<std::int32_t>(count)})
        ++count;
      ConvertCopy(from.Slice(0, page.planar ? 0 : next.sample, count), to.Slice(0, k, count));
      k += count - 1;
    }
    return Ok();
  }

  std::string name_;
  TiffFile file_;
  TiffLayout layout_;
  mutable TileCache cache_;
};

}  // namespace

std::unique_ptr<Source> NewTiffSource(std::string name, TiffFile file, TiffLayout layout) {
  return std::make_unique<TiffSource>(std::move(name), std::move(file), std::move(layout));
}

bool ProbeTiff(const ProbeInput& input) {
  using namespace std::string_view_literals;  // lint-allow: literals with zeros in them
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (input.text().starts_with(magic)) return true;
  return false;
}

Result<std::unique_ptr<Source>> OpenTiff(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(TiffFile file, TiffFile::Open(name));
  TEGULA_ASSIGN_OR_RETURN(TiffLayout layout, ReadTiffLayout(file, limits).Context(name));
  return NewTiffSource(name, std::move(file), std::move(layout));
}

}  // namespace tegula::image
