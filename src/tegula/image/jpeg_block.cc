#include "tegula/image/jpeg_block.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/image/libjpeg.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kVector = 16;  // bytes
constexpr const char* kAdvice = "save the image with JPEG of 8 bits, LZW or Deflate";

void SetSource(jpeg_decompress_struct& jpeg, std::span<const std::byte> bytes) {
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));  // NOLINT(google-runtime-int): libjpeg's type
}

// Rows that begin at a multiple of the processor's vectors libjpeg-turbo writes past the caches, from where they are
// slow to read. Those that begin here do not, nor do they further on if a row is some vectors long.
std::uint8_t* ThroughCaches(std::uint8_t* place) noexcept {
  const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(place) % kVector);
  return place + (kVector / 2 + kVector - past) % kVector;
}

J_COLOR_SPACE SpaceOf(JpegColours colours) {
  return colours == JpegColours::kGrey ? JCS_GRAYSCALE : colours == JpegColours::kRgb ? JCS_RGB : JCS_YCbCr;
}

bool ReadTables(JpegDecoding& decoding, std::span<const std::byte> tables) {
  if (setjmp(decoding.failed) != 0) return false;
  BeginJpeg(decoding);
  if (tables.empty()) return true;
  SetSource(decoding.jpeg, tables);
  if (jpeg_read_header(&decoding.jpeg, FALSE) != JPEG_HEADER_TABLES_ONLY)
    FailJpeg(decoding, "what stands where tables should be is a picture");
  return true;
}

bool ReadHeader(JpegDecoding& decoding, std::span<const std::byte> stream) {
  if (setjmp(decoding.failed) != 0) return false;
  SetSource(decoding.jpeg, stream);
  jpeg_read_header(&decoding.jpeg, TRUE);
  return true;
}

bool Start(JpegDecoding& decoding, JpegColours colours) {
  if (setjmp(decoding.failed) != 0) return false;
  decoding.jpeg.jpeg_color_space = SpaceOf(colours);
  decoding.jpeg.out_color_space = colours == JpegColours::kGrey ? JCS_GRAYSCALE : JCS_RGB;
  StartJpeg(decoding);
  return true;
}

// Tables of one kind that must not change from one stream to the next.
template <class Table, int kCount>
class KeptTables {
 public:
  // Takes those that it has not.
  void Keep(Table* const (&tables)[kCount]) noexcept {
    for (int i = 0; i < kCount; ++i)
      if (!has_[i] && tables[i] != nullptr) kept_[i] = *tables[i], has_[i] = true;
  }
  void Restore(Table* const (&tables)[kCount]) const noexcept {
    for (int i = 0; i < kCount; ++i)
      if (has_[i]) *tables[i] = kept_[i];
  }
  bool HasAll(Table* const (&tables)[kCount]) const noexcept {
    for (int i = 0; i < kCount; ++i)
      if (!has_[i] && tables[i] != nullptr) return false;
    return true;
  }

 private:
  Table kept_[kCount] = {};
  bool has_[kCount] = {};
};

}  // namespace

// A place for kRowsAtOnce rows, and who is shown them.
struct JpegBlockDecoder::Strip {
  JSAMPROW pixels;
  FunctionRef<void(JDIMENSION begin, JDIMENSION count)> show;
};

// A decoder that knows the tables of a container.
class JpegBlockDecoder::State {
 public:
  static Result<std::unique_ptr<State>> Create(std::span<const std::byte> tables) {
    auto state = std::make_unique<State>();
    if (!ReadTables(state->decoding_, tables)) return JpegFailure(state->decoding_, kAdvice);
    state->tables_.assign(tables.begin(), tables.end());
    state->Keep();
    return state;
  }
  bool Has(std::span<const std::byte> tables) const noexcept {
    return std::equal(tables.begin(), tables.end(), tables_.begin(), tables_.end());
  }

  Status Decode(const JpegBlock& block, std::int64_t rows, const Strip& strip) {
    jpeg_decompress_struct& jpeg = decoding_.jpeg;
    quantisation_.Restore(jpeg.quant_tbl_ptrs);
    dc_.Restore(jpeg.dc_huff_tbl_ptrs);
    ac_.Restore(jpeg.ac_huff_tbl_ptrs);
    if (!ReadHeader(decoding_, block.stream)) return JpegFailure(decoding_, kAdvice);
    if (jpeg.image_height != block.height || jpeg.image_width != block.width || jpeg.num_components != block.samples())
      return CorruptError(fmt::format("a JPEG stream of {} x {} pixels of {} samples, where {} x {} of {} should be",
                                      jpeg.image_height, jpeg.image_width, jpeg.num_components, block.height,
                                      block.width, block.samples()));
    TEGULA_TRY(CheckJpegHeader(jpeg, static_cast<std::int64_t>(block.stream.size()), {}));
    // Later scans may bring tables at any time.
    is_as_new_ = KnowsAllTables() && jpeg_has_multiple_scans(&jpeg) == FALSE;
    if (!Start(decoding_, block.colours)) return JpegFailure(decoding_, kAdvice);
    // What has come since is libjpeg's own: the standard's tables for streams without any.
    if (is_as_new_) Keep();
    if (!ReadRows(decoding_, static_cast<JDIMENSION>(rows), strip)) return JpegFailure(decoding_, kAdvice);
    jpeg_abort_decompress(&jpeg);
    return Ok();
  }
  /// Whether the next stream finds what the first one found.
  bool is_as_new() const noexcept { return is_as_new_; }

 private:
  void Keep() noexcept {
    quantisation_.Keep(decoding_.jpeg.quant_tbl_ptrs);
    dc_.Keep(decoding_.jpeg.dc_huff_tbl_ptrs);
    ac_.Keep(decoding_.jpeg.ac_huff_tbl_ptrs);
  }
  bool KnowsAllTables() const noexcept {
    return quantisation_.HasAll(decoding_.jpeg.quant_tbl_ptrs) && dc_.HasAll(decoding_.jpeg.dc_huff_tbl_ptrs) &&
           ac_.HasAll(decoding_.jpeg.ac_huff_tbl_ptrs);
  }

  // Row by row. Without the end marker, which OpenSlide does not ask
  // for: a cut stream is noticed where bits are missing.
  static bool ReadRows(JpegDecoding& decoding, JDIMENSION end, const Strip& strip) {
    if (setjmp(decoding.failed) != 0) return false;
    jpeg_decompress_struct& jpeg = decoding.jpeg;
    const std::size_t row_bytes =
        static_cast<std::size_t>(jpeg.output_width) * static_cast<unsigned>(jpeg.output_components);
    JSAMPROW rows[MAX_SAMP_FACTOR];
    JDIMENSION shown = 0;
    while (jpeg.output_scanline < end) {
      const JDIMENSION in_strip = jpeg.output_scanline - shown,
                       left = std::min(end - jpeg.output_scanline, JDIMENSION{kRowsAtOnce} - in_strip),
                       count = std::min(left, static_cast<JDIMENSION>(std::size(rows)));
      for (JDIMENSION i = 0; i < count; ++i) rows[i] = strip.pixels + row_bytes * (in_strip + i);
      if (jpeg_read_scanlines(&jpeg, rows, count) < left) continue;
      strip.show(shown, jpeg.output_scanline - shown);
      shown = jpeg.output_scanline;
    }
    return true;
  }

  JpegDecoding decoding_;
  std::vector<std::byte> tables_;
  KeptTables<JQUANT_TBL, NUM_QUANT_TBLS> quantisation_;
  KeptTables<JHUFF_TBL, NUM_HUFF_TBLS> dc_, ac_;
  bool is_as_new_ = true;
};

JpegBlockDecoder::JpegBlockDecoder() = default;
JpegBlockDecoder::~JpegBlockDecoder() = default;

Status JpegBlockDecoder::Decode(const JpegBlock& block, std::int64_t rows, TakeRows take) {
  TEGULA_ASSERT(rows > 0 && rows <= block.height);
  if (state_ == nullptr || !state_->Has(block.tables)) {
    TEGULA_ASSIGN_OR_RETURN(state_, State::Create(block.tables));
  }
  strip_.resize(static_cast<std::size_t>(kRowsAtOnce * block.width * block.samples() + kVector));
  std::uint8_t* const pixels = ThroughCaches(strip_.data());
  const auto show = [&](JDIMENSION begin, JDIMENSION count) {
    take(begin,
         ConstView(reinterpret_cast<const std::byte*>(pixels), DType::kU8, {count, block.width, block.samples()}));
  };
  Status status = state_->Decode(block, rows, {pixels, show});
  if (!status.ok() || !state_->is_as_new()) state_.reset();
  return status;
}

}  // namespace tegula::image
