// outputs/tiff_writer.h — inside the module: a tiled TIFF or BigTIFF that is written from front to back.
//
// The tiles come compressed from many workers, so what is left of TIFF is a header, tiles one after the other, and the
// directories that say where they lie. libtiff would compress on one thread, or, given compressed tiles, would still
// want a file that it can read and seek in; this writer only appends, and goes back once for the header's pointer to
// the first directory. All directories stand together at the end of the file, so that a reader finds the pages of a
// large file in one place.
//
// Layout: TIFF 6.0, https://www.awaresystems.be/imaging/tiff/bigtiff.html for 64-bit offsets, and Adobe's TIFF
// Technical Note 1 for SubIFDs. Colours are RGB as JPEG keeps it (YCbCr, Technical Note 2). Out of scope: strips,
// palettes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/outputs/chunk_coding.h"
#include "tegula/tensor/dtype.h"

namespace tegula::outputs {

/// How tiles are compressed; by the numbers of the tag Compression.
enum class TiffCompression : std::uint16_t { kNone = 1, kJpeg = 7, kDeflate = 8, kZstd = 50000 };

/// One directory.
struct TiffPage {
  std::int64_t height = 0, width = 0;  ///< both below 2^32
  std::int64_t tile_height = 0, tile_width = 0;
  DType dtype = DType::kU8;  ///< bool is not a type of TIFF
  TiffCompression compression = TiffCompression::kDeflate;
  Filter predictor = Filter::kNone;
  bool is_rgb = false;  ///< three samples of uint8 per pixel, as YCbCr in JPEG with half the colours along y and x
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
  /// `is_big`: BigTIFF, without which everything must lie below 4 GiB. kIo, kNotFound or kExhausted, as AtomicFile.
  static Result<TiffWriter> Create(const Path& path, bool is_big);
  TiffWriter(TiffWriter&&) noexcept = default;

  /// Begins a page, or a smaller version of the last page that was begun (a SubIFD). All tiles of what was begun before
  /// have been added.
  void BeginPage(TiffPage page);
  void BeginReduced(TiffPage page);
  /// The next tile, row by row, compressed; tile_height x tile_width numbers, little-endian, at the edges too.
  /// kExhausted if it does not fit into a TIFF that is not big.
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
  TiffWriter(AtomicFile file, bool is_big) : file_(std::move(file)), is_big_(is_big) {}
  void Begin(TiffPage page, bool reduced);
  Status Append(std::string_view bytes);
  std::string Encode(const Directory& directory, std::uint64_t offset, const std::vector<std::uint64_t>& reduced_pages,
                     std::uint64_t next) const;

  AtomicFile file_;
  bool is_big_;
  std::uint64_t size_ = 0;
  std::vector<Directory> directories_;
  std::size_t last_page_ = 0;
};

}  // namespace tegula::outputs
