#include "tegula/image/tiff_file.h"

#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <optional>

namespace tegula::image {
namespace {

constexpr std::size_t kMaxPages = 200'000;
constexpr std::size_t kMaxIdleHandles = 8;

// What one libtiff handle reads from and where its complaints go.
struct Client {
  const RandomAccessFile* file = nullptr;
  std::int64_t position = 0;
  std::optional<Error> failure;  // of the system; what libtiff makes of it is beside the point
  std::string error;
  std::string jpeg_warning;
};

tmsize_t ReadProc(thandle_t handle, void* out, tmsize_t size) {
  auto& client = *static_cast<Client*>(handle);
  const std::int64_t left = client.file->size() - client.position;
  const std::int64_t count = std::clamp<std::int64_t>(size, 0, std::max<std::int64_t>(left, 0));
  if (count == 0) return 0;
  Status read = client.file->Read(client.position, {static_cast<std::byte*>(out), static_cast<std::size_t>(count)});
  if (!read.ok()) {
    client.failure = std::move(read).error();
    return -1;
  }
  client.position += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t WriteProc(thandle_t, void*, tmsize_t) { return -1; }

toff_t SeekProc(thandle_t handle, toff_t offset, int whence) {
  auto& client = *static_cast<Client*>(handle);
  std::int64_t base = 0;
  if (whence == SEEK_CUR) base = client.position;
  if (whence == SEEK_END) base = client.file->size();
  client.position = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + offset);
  if (client.position < 0) client.position = client.file->size();
  return static_cast<toff_t>(client.position);
}

int CloseProc(thandle_t) { return 0; }
toff_t SizeProc(thandle_t handle) { return static_cast<toff_t>(static_cast<Client*>(handle)->file->size()); }

std::string Format(const char* format, std::va_list arguments) {
  char text[512];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  return std::string(text, static_cast<std::size_t>(std::clamp<int>(length, 0, static_cast<int>(sizeof text) - 1)));
}

// The first complaint is the cause; what follows are its consequences.
int OnError(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
  std::string& error = static_cast<Client*>(user)->error;
  if (error.empty()) error = Format(format, arguments);
  return 1;
}

// Most warnings are of tags nobody needs. libjpeg, however, only warns when data are damaged and goes on with grey.
int OnWarning(TIFF*, void* user, const char* module, const char* format, std::va_list arguments) {
  std::string& warning = static_cast<Client*>(user)->jpeg_warning;
  if (module != nullptr && std::string_view(module) == "JPEGLib" && warning.empty())
    warning = Format(format, arguments);
  return 1;
}

template <class T>
T Defaulted(TIFF* tiff, std::uint32_t tag) {
  T value{};
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

double Resolution(TIFF* tiff, std::uint32_t tag) {
  float value = 0;
  return TIFFGetField(tiff, tag, &value) == 1 && std::isfinite(value) && value > 0 ? static_cast<double>(value) : 0.0;
}

std::string PlaceOf(const TiffPage& page, std::int64_t block_y, std::int64_t block_x) {
  return page.tiled ? fmt::format("tile at y={} x={}", block_y * page.block_height, block_x * page.block_width)
                    : fmt::format("strip at y={}", block_y * page.block_height);
}

}  // namespace

/// A libtiff handle. One thread at a time.
class TiffFile::Handle {
 public:
  static Result<std::unique_ptr<Handle>> Open(const RandomAccessFile& file) {
    std::unique_ptr<Handle> handle(new Handle);
    handle->client_.file = &file;
    TIFFOpenOptions* const options = TIFFOpenOptionsAlloc();
    if (options == nullptr) return ExhaustedError("no memory for libtiff");
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMaxBlockBytes + (1 << 20));
    TIFFOpenOptionsSetErrorHandlerExtR(options, &OnError, &handle->client_);
    TIFFOpenOptionsSetWarningHandlerExtR(options, &OnWarning, &handle->client_);
    // O: offsets of blocks are read when they are needed, which is what makes slides of a million tiles open at once.
    handle->tiff_ = TIFFClientOpenExt("TIFF", "rOm", &handle->client_, &ReadProc, &WriteProc, &SeekProc, &CloseProc,
                                      &SizeProc, nullptr, nullptr, options);
    TIFFOpenOptionsFree(options);
    TEGULA_TRY(handle->Read());
    if (handle->tiff_ == nullptr) return CorruptError(handle->Complaint("it is damaged or cut off"));
    handle->page_ = TIFFCurrentDirOffset(handle->tiff_);
    return handle;
  }
  ~Handle() {
    if (tiff_ != nullptr) TIFFClose(tiff_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  std::uint64_t page() const noexcept { return page_; }
  bool is_sound() const noexcept { return !client_.failure; }

  Status Select(std::uint64_t offset) {
    if (page_ == offset) return Ok();
    client_.error.clear();
    page_ = 0;
    const bool is_there = TIFFSetSubDirectory(tiff_, offset) != 0;
    TEGULA_TRY(Read());
    if (!is_there) return CorruptError(Complaint(fmt::format("there is no readable page at byte {}", offset)));
    page_ = offset;
    return Ok();
  }

  /// False at the end of the chain.
  Result<bool> Next() {
    client_.error.clear();
    const bool is_there = TIFFReadDirectory(tiff_) != 0;
    TEGULA_TRY(Read());
    if (!is_there) {
      page_ = 0;
      if (!client_.error.empty()) return CorruptError(client_.error);
      return false;
    }
    page_ = TIFFCurrentDirOffset(tiff_);
    return true;
  }

  TiffPage Describe() const {
    TiffPage page;
    page.offset = page_;
    page.height = Defaulted<std::uint32_t>(tiff_, TIFFTAG_IMAGELENGTH);
    page.width = Defaulted<std::uint32_t>(tiff_, TIFFTAG_IMAGEWIDTH);
    page.tiled = TIFFIsTiled(tiff_) != 0;
    page.block_height =
        page.tiled ? Defaulted<std::uint32_t>(tiff_, TIFFTAG_TILELENGTH)
                   : std::min<std::int64_t>(Defaulted<std::uint32_t>(tiff_, TIFFTAG_ROWSPERSTRIP), page.height);
    page.block_width = page.tiled ? Defaulted<std::uint32_t>(tiff_, TIFFTAG_TILEWIDTH) : page.width;
    page.depth = Defaulted<std::uint32_t>(tiff_, TIFFTAG_IMAGEDEPTH);
    page.planar = Defaulted<std::uint16_t>(tiff_, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
    page.samples = Defaulted<std::uint16_t>(tiff_, TIFFTAG_SAMPLESPERPIXEL);
    page.bits = Defaulted<std::uint16_t>(tiff_, TIFFTAG_BITSPERSAMPLE);
    page.sample_format = Defaulted<std::uint16_t>(tiff_, TIFFTAG_SAMPLEFORMAT);
    page.compression = Defaulted<std::uint16_t>(tiff_, TIFFTAG_COMPRESSION);
    std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(tiff_, TIFFTAG_PHOTOMETRIC, &photometric);
    page.photometric = static_cast<Photometric>(photometric);
    std::uint16_t count = 0;
    std::uint16_t* extra = nullptr;
    if (TIFFGetField(tiff_, TIFFTAG_EXTRASAMPLES, &count, &extra) == 1 && extra != nullptr)
      page.extra_samples.assign(extra, extra + count);
    const auto kind = Defaulted<std::uint32_t>(tiff_, TIFFTAG_SUBFILETYPE);
    page.reduced = (kind & FILETYPE_REDUCEDIMAGE) != 0;
    page.mask = (kind & FILETYPE_MASK) != 0;
    std::uint64_t* sub = nullptr;
    count = 0;
    if (TIFFGetField(tiff_, TIFFTAG_SUBIFD, &count, &sub) == 1 && sub != nullptr)
      page.sub_pages.assign(sub, sub + count);
    page.x_resolution = Resolution(tiff_, TIFFTAG_XRESOLUTION);
    page.y_resolution = Resolution(tiff_, TIFFTAG_YRESOLUTION);
    page.resolution_unit = Defaulted<std::uint16_t>(tiff_, TIFFTAG_RESOLUTIONUNIT);
    const char* description = nullptr;
    if (TIFFGetField(tiff_, TIFFTAG_IMAGEDESCRIPTION, &description) == 1 && description != nullptr)
      page.description = description;
    return page;
  }

  Result<bool> HasAllTiles(const TiffPage& page) {
    TEGULA_TRY(Select(page.offset));
    const std::uint64_t* sizes = nullptr;  // libtiff's, until another page is selected
    if (TIFFGetField(tiff_, TIFFTAG_TILEBYTECOUNTS, &sizes) != 1 || sizes == nullptr)
      return CorruptError(Complaint("a page does not say where its tiles are"));
    return std::find(sizes, sizes + TIFFNumberOfTiles(tiff_), 0U) == sizes + TIFFNumberOfTiles(tiff_);
  }

  Result<Tensor> Decode(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t sample,
                        Allocate allocate) {
    TEGULA_TRY(Select(page.offset));
    if (page.photometric == Photometric::kYCbCr) TIFFSetField(tiff_, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    TEGULA_ASSIGN_OR_RETURN(
        Tensor block, allocate(page.dtype(), {page.rows_of(block_y), page.block_width, page.samples_per_block()}));
    std::int64_t index = block_y * page.blocks_across() + block_x;
    if (page.planar) index += sample * page.blocks_down() * page.blocks_across();
    client_.error.clear();
    client_.jpeg_warning.clear();
    const auto number = static_cast<std::uint32_t>(index);
    const auto expected = static_cast<tmsize_t>(block.bytes());
    const tmsize_t size =
        page.tiled ? TIFFTileSize(tiff_) : TIFFVStripSize(tiff_, static_cast<std::uint32_t>(page.rows_of(block_y)));
    if (size != expected)
      return CorruptError(Complaint(fmt::format("a block decodes to {} bytes, but {} are expected", size, expected)));
    const tmsize_t read = page.tiled ? TIFFReadEncodedTile(tiff_, number, block.view().data(), expected)
                                     : TIFFReadEncodedStrip(tiff_, number, block.view().data(), expected);
    TEGULA_TRY(Read());
    if (read != expected) return CorruptError(Complaint("the data end too early"));
    if (!client_.jpeg_warning.empty()) return CorruptError(client_.jpeg_warning);
    return block;
  }

  Status DecodeTileRows(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t rows,
                        TakeRows take) {
    TEGULA_TRY(Select(page.offset));
    TEGULA_ASSIGN_OR_RETURN(const JpegBlock jpeg, LoadJpegTile(page, block_y * page.blocks_across() + block_x));
    return decoder_.Decode(jpeg, rows, take);
  }

 private:
  Handle() = default;

  // Borrows from the handle, until it is used again.
  Result<JpegBlock> LoadJpegTile(const TiffPage& page, std::int64_t tile) {
    client_.error.clear();
    const auto number = static_cast<std::uint32_t>(tile);
    int failed = 0;
    const std::uint64_t offset = TIFFGetStrileOffsetWithErr(tiff_, number, &failed);
    const std::uint64_t size = failed != 0 ? 0 : TIFFGetStrileByteCountWithErr(tiff_, number, &failed);
    TEGULA_TRY(Read());
    const auto file_size = static_cast<std::uint64_t>(client_.file->size());
    if (failed != 0 || offset > file_size || size > file_size - offset)
      return CorruptError(Complaint("it lies beyond the end of the file"));
    if (size == 0) return CorruptError("it has no data");
    if (size > static_cast<std::uint64_t>(kMaxBlockBytes))
      return ExhaustedError(fmt::format("its {} bytes are more than allowed", size));
    stream_.resize(static_cast<std::size_t>(size));
    TEGULA_TRY(client_.file->Read(static_cast<std::int64_t>(offset), stream_));
    std::uint32_t table_bytes = 0;
    const void* tables = nullptr;  // libtiff's, until another page is selected
    if (TIFFGetField(tiff_, TIFFTAG_JPEGTABLES, &table_bytes, &tables) != 1 || tables == nullptr) table_bytes = 0;
    const JpegColours colours = page.photometric == Photometric::kYCbCr ? JpegColours::kYCbCr
                                : page.samples == 3                     ? JpegColours::kRgb
                                                                        : JpegColours::kGrey;
    return JpegBlock{.stream = stream_,
                     .tables = {static_cast<const std::byte*>(tables), table_bytes},
                     .colours = colours,
                     .height = page.block_height,
                     .width = page.block_width};
  }

  // Whether all reads went well so far. libtiff skips a tag that it cannot read and goes on, so success is no proof.
  Status Read() const { return client_.failure ? Status(*client_.failure) : Ok(); }
  std::string Complaint(std::string otherwise) const {
    return client_.error.empty() ? std::move(otherwise) : client_.error;
  }

  Client client_;
  TIFF* tiff_ = nullptr;
  std::vector<std::byte> stream_;  // of the tile that is decoded
  JpegBlockDecoder decoder_;
  std::uint64_t page_ = 0;  // where the handle stands; 0: nowhere
};

struct TiffFile::Pool {
  RandomAccessFile file;
  std::mutex mutex;
  std::vector<std::unique_ptr<Handle>> idle;
};

/// A handle that goes back to the pool.
class TiffFile::Lease {
 public:
  Lease(Pool* pool, std::unique_ptr<Handle> handle) : pool_(pool), handle_(std::move(handle)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (handle_ == nullptr || !handle_->is_sound()) return;
    const std::lock_guard lock(pool_->mutex);
    if (pool_->idle.size() < kMaxIdleHandles) pool_->idle.push_back(std::move(handle_));
  }
  Handle* operator->() const noexcept { return handle_.get(); }

 private:
  Pool* pool_;
  std::unique_ptr<Handle> handle_;
};

TiffFile::TiffFile(RandomAccessFile file) : pool_(new Pool{std::move(file), {}, {}}) {}
TiffFile::TiffFile(TiffFile&&) noexcept = default;
TiffFile::~TiffFile() = default;

Result<TiffFile> TiffFile::Open(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
  return TiffFile(std::move(file));
}

Result<TiffFile::Lease> TiffFile::Borrow(std::uint64_t wanted_page) const {
  {
    const std::lock_guard lock(pool_->mutex);
    auto& idle = pool_->idle;
    if (!idle.empty()) {
      auto chosen =
          std::find_if(idle.begin(), idle.end(), [&](const auto& handle) { return handle->page() == wanted_page; });
      if (chosen == idle.end()) chosen = idle.begin();  // the one that has been idle longest
      std::unique_ptr<Handle> handle = std::move(*chosen);
      idle.erase(chosen);
      return Lease(pool_.get(), std::move(handle));
    }
  }
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle, Handle::Open(pool_->file));
  return Lease(pool_.get(), std::move(handle));
}

Result<std::vector<TiffPage>> TiffFile::ReadPages() const {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle, Handle::Open(pool_->file));
  std::vector<TiffPage> pages;
  std::size_t entries = 0;  // of everything that is kept per page, which a file may announce without having it
  for (bool more = true; more;) {
    pages.push_back(handle->Describe());
    if (pages.size() > 1) pages.back().description = {};
    entries += 1 + pages.back().sub_pages.size() + pages.back().extra_samples.size();
    if (entries > kMaxPages)
      return ExhaustedError(fmt::format("it has more than the {} pages that are allowed", kMaxPages));
    TEGULA_ASSIGN_OR_RETURN(more, handle->Next().Context(fmt::format("after page {}", pages.size() - 1)));
  }
  return pages;
}

Result<TiffPage> TiffFile::ReadFirstPage() const {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<Handle> handle, Handle::Open(pool_->file));
  return handle->Describe();
}

Result<TiffPage> TiffFile::ReadPageAt(std::uint64_t offset) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(offset));
  TEGULA_TRY(handle->Select(offset));
  return handle->Describe();
}

Result<bool> TiffFile::HasAllTiles(const TiffPage& page) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(page.offset));
  return handle->HasAllTiles(page);
}

Result<Tensor> TiffFile::DecodeBlock(const TiffPage& page, std::int64_t block_y, std::int64_t block_x,
                                     std::int64_t sample, Allocate allocate) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(page.offset));
  Result<Tensor> block = handle->Decode(page, block_y, block_x, sample, allocate);
  if (block.ok()) return block;
  return std::move(block).Context(PlaceOf(page, block_y, block_x));
}

Status TiffFile::DecodeTileRows(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t rows,
                                TakeRows take) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(page.offset));
  Status status = handle->DecodeTileRows(page, block_y, block_x, rows, take);
  return status.ok() ? Ok() : std::move(status).Context(PlaceOf(page, block_y, block_x));
}

}  // namespace tegula::image
