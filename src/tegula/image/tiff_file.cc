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
constexpr std::int64_t kMaxBlockBytes = 1LL << 30;  // decoded whole, so this bounds memory
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

std::string CompressionName(int compression) {
  switch (compression) {
    case COMPRESSION_OJPEG: return "old-style JPEG";
    case 33003:
    case 33005:
    case 34712: return "JPEG 2000";
    case 22610:
    case 34934: return "JPEG XR";
    case COMPRESSION_JBIG: return "JBIG";
    default: break;
  }
  const TIFFCodec* codec = TIFFFindCODEC(static_cast<std::uint16_t>(compression));
  return codec != nullptr ? codec->name : fmt::format("number {}", compression);
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

}  // namespace

std::int64_t TiffPage::colour_samples() const noexcept {
  const auto alphas = std::count_if(extra_samples.begin(), extra_samples.end(),
                                    [](std::uint16_t kind) { return kind != EXTRASAMPLE_UNSPECIFIED; });
  return samples - static_cast<std::int64_t>(alphas);
}

DType TiffPage::dtype() const {
  if (sample_format == SAMPLEFORMAT_IEEEFP) return bits == 32 ? DType::kF32 : DType::kF64;
  const bool is_signed = sample_format == SAMPLEFORMAT_INT;
  switch (bits) {
    case 8: return is_signed ? DType::kI8 : DType::kU8;
    case 16: return is_signed ? DType::kI16 : DType::kU16;
    case 32: return is_signed ? DType::kI32 : DType::kU32;
    default: return is_signed ? DType::kI64 : DType::kU64;
  }
}

Status TiffPage::CheckReadable(const Limits& limits, bool palette_is_display) const {
  if (height < 1 || width < 1 || samples < 1)
    return CorruptError(fmt::format("a page of {} x {} pixels with {} samples", height, width, samples));
  if (height > limits.axis_size || width > limits.axis_size || samples > limits.channels)
    return ExhaustedError(
        fmt::format("a page of {} x {} pixels with {} samples is larger than allowed", height, width, samples));
  const bool is_float = sample_format == SAMPLEFORMAT_IEEEFP;
  const bool is_number =
      sample_format == SAMPLEFORMAT_UINT || sample_format == SAMPLEFORMAT_INT || sample_format == SAMPLEFORMAT_VOID;
  if (is_float ? bits != 32 && bits != 64 : !is_number || (bits != 8 && bits != 16 && bits != 32 && bits != 64))
    return UnsupportedError(fmt::format("pixels of {} bits{} are not read; save them with 8, 16 or 32 bits", bits,
                                        is_float    ? " in floating point"
                                        : is_number ? ""
                                                    : " of complex or unknown kind"));
  if (photometric == Photometric::kMinIsWhite)
    return UnsupportedError(
        "white is stored as zero (min-is-white); invert the image when you save it, so that zero is black");
  if (photometric == Photometric::kPalette && !palette_is_display)
    return UnsupportedError("the colours come from a palette; save the image as RGB or grey");
  const bool jpeg_colours = photometric == Photometric::kYCbCr && compression == COMPRESSION_JPEG;
  if (photometric != Photometric::kMinIsBlack && photometric != Photometric::kRgb &&
      photometric != Photometric::kPalette && !jpeg_colours)
    return UnsupportedError(
        fmt::format("colours of kind {} (TIFF's PhotometricInterpretation) are not read; save the image as RGB or grey",
                    static_cast<int>(photometric)));
  if (is_colour() && samples < 3) return CorruptError(fmt::format("a colour page with {} samples per pixel", samples));
  if (std::find(extra_samples.begin(), extra_samples.end(), EXTRASAMPLE_ASSOCALPHA) != extra_samples.end())
    return UnsupportedError("the colours are multiplied by a transparency; save the image without transparency");
  if (TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression)) == 0 || compression == COMPRESSION_OJPEG)
    return UnsupportedError(
        fmt::format("the compression {} is not read; save the image with LZW, Deflate, Zstandard or JPEG",
                    CompressionName(compression)));
  if (block_height < 1 || block_width < 1)
    return CorruptError(fmt::format("blocks of {} x {} pixels", block_height, block_width));
  const std::int64_t pixel_bytes = samples_per_block() * bits / 8;
  if (block_height > kMaxBlockBytes / pixel_bytes / block_width)
    return ExhaustedError(
        fmt::format("its {} of {} x {} pixels are too large to be decoded one by one; save the image in tiles",
                    tiled ? "tiles" : "strips", block_height, block_width));
  return Ok();
}

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

  Result<Tensor> Decode(const TiffPage& page, std::int64_t block_y, std::int64_t block_x, std::int64_t sample) {
    TEGULA_TRY(Select(page.offset));
    if (page.photometric == Photometric::kYCbCr) TIFFSetField(tiff_, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    TEGULA_ASSIGN_OR_RETURN(Tensor block, Tensor::Allocate(page.dtype(), {page.rows_of(block_y), page.block_width,
                                                                          page.samples_per_block()}));
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

 private:
  Handle() = default;
  // Whether all reads went well so far. libtiff skips a tag that it cannot read and goes on, so success is no proof.
  Status Read() const { return client_.failure ? Status(*client_.failure) : Ok(); }
  std::string Complaint(std::string otherwise) const {
    return client_.error.empty() ? std::move(otherwise) : client_.error;
  }

  Client client_;
  TIFF* tiff_ = nullptr;
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

Result<TiffPage> TiffFile::ReadPageAt(std::uint64_t offset) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(offset));
  TEGULA_TRY(handle->Select(offset));
  return handle->Describe();
}

Result<Tensor> TiffFile::DecodeBlock(const TiffPage& page, std::int64_t block_y, std::int64_t block_x,
                                     std::int64_t sample) const {
  TEGULA_ASSIGN_OR_RETURN(const Lease handle, Borrow(page.offset));
  return handle->Decode(page, block_y, block_x, sample)
      .Context(page.tiled ? fmt::format("tile at y={} x={}", block_y * page.block_height, block_x * page.block_width)
                          : fmt::format("strip at y={}", block_y * page.block_height));
}

}  // namespace tegula::image
