// image/tiff_file.h — inside the module: libtiff behind values. Pages (directories) as plain structs, and the decoding
// of single blocks (tiles or strips) from any thread.
//
// libtiff's handle is for one thread and one page at a time, and reading a page anew costs. So a pool keeps handles and
// hands out, if it can, one that stands at the wanted page. All share one file descriptor; nothing is mapped into
// memory, so a file that shrinks or a disk that fails is an error and not a signal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// What the colour numbers of a page mean (the values of the TIFF standard that are told apart here).
enum class Photometric : std::uint16_t {
  kMinIsWhite = 0,
  kMinIsBlack = 1,
  kRgb = 2,
  kPalette = 3,
  kMask = 4,
  kSeparated = 5,
  kYCbCr = 6
};

/// One directory of a TIFF, as it stands in the file: not yet checked whether it can be read as an image.
struct TiffPage {
  std::uint64_t offset = 0;  ///< of the directory in the file: its name
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t block_height = 0;  ///< of a tile, or of a strip over the whole width
  std::int64_t block_width = 0;
  bool tiled = false;
  bool planar = false;  ///< each sample has blocks of its own
  std::int64_t samples = 1;
  int bits = 1;
  int sample_format = 1;  ///< 1 unsigned, 2 signed, 3 floating point
  int compression = 1;
  Photometric photometric = Photometric::kMinIsBlack;
  std::vector<std::uint16_t> extra_samples;  ///< 0 unspecified, 1 premultiplied alpha, 2 alpha
  bool reduced = false;                      ///< marked as a smaller version of another page
  bool mask = false;                         ///< marked as a transparency mask
  std::vector<std::uint64_t> sub_pages;      ///< offsets of SubIFDs
  double x_resolution = 0;                   ///< pixels per unit; 0: not stated
  double y_resolution = 0;
  int resolution_unit = 2;  ///< 1 none, 2 inch, 3 centimetre
  std::string description;  ///< ImageDescription; ReadPages keeps that of the first page only

  /// kUnsupported, with one sentence, if the page's pixels cannot be read; `palette_is_display`: a palette does not
  /// change what the numbers mean (ImageJ's look-up tables).
  Status CheckReadable(const Limits& limits, bool palette_is_display) const;
  /// The element type; only after CheckReadable.
  DType dtype() const;
  bool is_colour() const noexcept { return photometric == Photometric::kRgb || photometric == Photometric::kYCbCr; }
  /// Samples that are not alpha.
  std::int64_t colour_samples() const noexcept;

  std::int64_t blocks_down() const noexcept { return (height + block_height - 1) / block_height; }
  std::int64_t blocks_across() const noexcept { return (width + block_width - 1) / block_width; }
  std::int64_t samples_per_block() const noexcept { return planar ? 1 : samples; }
  /// Rows that block row `y` holds: the last strip is cut at the image's edge, tiles are whole.
  std::int64_t rows_of(std::int64_t block_y) const noexcept {
    return tiled ? block_height : std::min(block_height, height - block_y * block_height);
  }
};

/// An open TIFF. Immutable and thread-safe.
class TiffFile {
 public:
  /// kNotFound or kIo; what the file holds is looked at by the reading functions. Messages do not name the file: the
  /// caller adds that.
  static Result<TiffFile> Open(const Path& path);
  TiffFile(TiffFile&&) noexcept;
  ~TiffFile();

  /// All top-level pages in order. kCorrupt if the chain is broken, kExhausted if it is too long.
  Result<std::vector<TiffPage>> ReadPages() const;
  /// The directory at an offset (a SubIFD).
  Result<TiffPage> ReadPageAt(std::uint64_t offset) const;
  /// One decoded block as (row, column, sample); `sample` matters for planar pages only. JPEG in YCbCr comes as RGB.
  /// kCorrupt with the block's place.
  Result<Tensor> DecodeBlock(const TiffPage& page, std::int64_t block_y, std::int64_t block_x,
                             std::int64_t sample) const;

 private:
  class Handle;
  class Lease;
  struct Pool;
  explicit TiffFile(RandomAccessFile file);
  Result<Lease> Borrow(std::uint64_t wanted_page) const;
  std::unique_ptr<Pool> pool_;
};

}  // namespace tegula::image
