// outputs/tiff_writer.h — inside the module: a tiled BigTIFF that is written from front to back.
//
// The tiles come compressed from many workers, so what is left of TIFF is a header, tiles one after the other, and the
// directories that say where they lie. libtiff would compress on one thread, or, given compressed tiles, would still
// want a file that it can read and seek in; this writer only appends, and goes back once for the header's pointer to
// the first directory. All directories stand together at the end of the file, so that a reader finds the pages of a
// large file in one place.
//
// Layout: TIFF 6.0, https://www.awaresystems.be/imaging/tiff/bigtiff.html for 64-bit offsets, and Adobe's TIFF
// Technical Note 1 for SubIFDs. Out of scope: strips, several samples per pixel, colours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/tensor/dtype.h"

namespace tegula::outputs {

/// How the bytes of a tile were made before Deflate (zlib) compressed them.
enum class TiffPredictor : std::uint16_t {
  kNone = 1,
  kHorizontal = 2,  ///< each number but the first of a row is its difference to the one before it
};

/// One directory: an image of one sample per pixel.
struct TiffPage {
  std::int64_t height = 0, width = 0;  ///< both below 2^32
  std::int64_t tile_height = 0, tile_width = 0;
  DType dtype = DType::kU8;  ///< bool is not a type of TIFF
  TiffPredictor predictor = TiffPredictor::kNone;
  double y_um = 0, x_um = 0;  ///< size of a pixel; 0: not stated
  std::string description;    ///< ImageDescription; empty: none
  std::string software;       ///< empty: none

  std::int64_t tiles_down() const noexcept { return (height + tile_height - 1) / tile_height; }
  std::int64_t tiles_across() const noexcept { return (width + tile_width - 1) / tile_width; }
};

/// Writes pages in order: a page, its tiles, each of its reduced pages and their tiles, the next page. Nothing stands
/// under the file's name before Commit. Memory: 12 bytes per tile. One thread at a time.
class TiffWriter {
 public:
  /// kIo, kNotFound or kExhausted, as AtomicFile.
  static Result<TiffWriter> Create(const Path& path);
  TiffWriter(TiffWriter&&) noexcept = default;

  /// Begins a page, or a smaller version of the last page that was begun (a SubIFD). All tiles of what was begun before
  /// have been added.
  void BeginPage(TiffPage page);
  void BeginReduced(TiffPage page);
  /// The next tile, row by row; a zlib stream of tile_height x tile_width numbers, little-endian, at the edges too.
  Status AddTile(std::string_view compressed);
  Status Commit();

 private:
  struct Directory {
    TiffPage page;
    bool reduced = false;
    std::int64_t reduced_pages = 0;  ///< how many of the directories behind this one belong to it
    std::vector<std::uint64_t> offsets;
    std::vector<std::uint32_t> sizes;
  };
  explicit TiffWriter(AtomicFile file) : file_(std::move(file)) {}
  void Begin(TiffPage page, bool reduced);
  Status Append(std::string_view bytes);
  static std::string Encode(const Directory& directory, std::uint64_t offset,
                            const std::vector<std::uint64_t>& reduced_pages, std::uint64_t next);

  AtomicFile file_;
  std::uint64_t size_ = 0;
  std::vector<Directory> directories_;
  std::size_t last_page_ = 0;
};

}  // namespace tegula::outputs
