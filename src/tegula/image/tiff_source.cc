// TIFF in all its kinds: reads go block by block (tile or strip) through a cache of decoded blocks.
#include <fmt/format.h>

#include "tegula/image/formats.h"
#include "tegula/image/tiff_layout.h"
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
      const PlaneRef plane = layout_.At(request.level, request.t, request.z, request.channel(i));
      TEGULA_TRY(ReadPlane(plane, request.box, out_cyx.Slice(0, i, 1)).Context(name_));
    }
    return Ok();
  }

 private:
  Status ReadPlane(PlaneRef plane, const Box& box, const View& out_1yx) const {
    const TiffPage& page = layout_.pages[static_cast<std::size_t>(plane.page)];
    for (std::int64_t by = box.y.begin / page.block_height; by * page.block_height < box.y.end; ++by)
      for (std::int64_t bx = box.x.begin / page.block_width; bx * page.block_width < box.x.end; ++bx)
        TEGULA_TRY(CopyBlock(plane, page, by, bx, box, out_1yx));
    return Ok();
  }

  Status CopyBlock(PlaneRef plane, const TiffPage& page, std::int64_t by, std::int64_t bx, const Box& box,
                   const View& out_1yx) const {
    const std::int64_t sample_block = page.planar ? plane.sample : 0;
    const std::int64_t index = (sample_block * page.blocks_down() + by) * page.blocks_across() + bx;
    TEGULA_ASSIGN_OR_RETURN(const TileCache::Tile block,
                            cache_.Get({page.offset, static_cast<std::uint64_t>(index)},
                                       [&]() { return file_.DecodeBlock(page, by, bx, sample_block); }));
    const Shape& yxs = block->shape();
    const Interval rows{by * page.block_height, by * page.block_height + yxs[0]},
        columns{bx * page.block_width, bx * page.block_width + yxs[1]};
    const Box part{Intersect(box.y, rows), Intersect(box.x, columns)};
    const ConstView samples(block->view().data(), block->dtype(), {yxs[2], yxs[0], yxs[1]},
                            {1, yxs[1] * yxs[2], yxs[2]});
    ConvertCopy(
        samples.Slice(0, page.planar ? 0 : plane.sample, 1)
            .Slice(1, part.y.begin - rows.begin, part.height())
            .Slice(2, part.x.begin - columns.begin, part.width()),
        out_1yx.Slice(1, part.y.begin - box.y.begin, part.height()).Slice(2, part.x.begin - box.x.begin, part.width()));
    return Ok();
  }

  std::string name_;
  TiffFile file_;
  TiffLayout layout_;
  mutable TileCache cache_;
};

}  // namespace

bool ProbeTiff(const ProbeInput& input) {
  using namespace std::string_view_literals;  // lint-allow: literals with zeros in them
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (input.text().starts_with(magic)) return true;
  return false;
}

Result<std::unique_ptr<Source>> OpenTiff(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(TiffFile file, TiffFile::Open(name));
  TEGULA_ASSIGN_OR_RETURN(TiffLayout layout, ReadTiffLayout(file, limits).Context(name));
  return std::unique_ptr<Source>(new TiffSource(name, std::move(file), std::move(layout)));
}

}  // namespace tegula::image
