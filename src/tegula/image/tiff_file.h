// image/tiff_file.h — inside the module: libtiff behind values. Pages (tiff_page.h) as plain structs, and the decoding
// of single blocks (tiles or strips) from any thread.
//
// libtiff's handle is for one thread and one page at a time, and reading a page anew costs. So a pool keeps handles and
// hands out, if it can, one that stands at the wanted page. All share one file descriptor; nothing is mapped into
// memory, so a file that shrinks or a disk that fails is an error and not a signal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"
#include "tegula/image/jpeg_block.h"
#include "tegula/image/tiff_page.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

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
  /// The first of them, which says what the file is.
  Result<TiffPage> ReadFirstPage() const;
  /// The directory at an offset (a SubIFD).
  Result<TiffPage> ReadPageAt(std::uint64_t offset) const;
  /// Whether all tiles of a tiled page have data: scanners leave some out.
  Result<bool> HasAllTiles(const TiffPage& page) const;
  /// One decoded block as (row, column, sample), in a tensor that `allocate` gives; `sample` matters for planar pages
  /// only. JPEG in YCbCr comes as RGB. kCorrupt with the block's place.
  using Allocate = FunctionRef<Result<Tensor>(DType dtype, const Shape& shape)>;
  Result<Tensor> DecodeBlock(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t sample,
                             Allocate allocate) const;
  /// The first rows of a JPEG tile (TiffPage::has_jpeg_tiles), as JpegBlockDecoder shows them: without libtiff, which
  /// decodes tiles whole.
  Status DecodeTileRows(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t rows,
                        TakeRows take) const;

 private:
  class Handle;
  class Lease;
  struct Pool;
  explicit TiffFile(RandomAccessFile file);
  Result<Lease> Borrow(std::uint64_t wanted_page) const;
  std::unique_ptr<Pool> pool_;
};

}  // namespace tegula::image
