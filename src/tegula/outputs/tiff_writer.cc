#include "tegula/outputs/tiff_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

namespace tegula::outputs {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written in the byte order of the machine");

// Types of values (TIFF 6.0 section 2, BigTIFF).
enum class Type : std::uint16_t { kAscii = 2, kShort = 3, kLong = 4, kRational = 5, kLong8 = 16, kIfd8 = 18 };

constexpr std::uint64_t kMostClassic = 0xFFFFFFFF;
constexpr std::uint16_t kMinIsBlack = 1, kYCbCr = 6, kContiguous = 1, kCentimetre = 3;

template <class T>
std::string Bytes(std::span<const T> numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
}
template <class T>
std::string Bytes(T number) {
  return Bytes(std::span<const T>(&number, 1));
}

std::uint64_t Aligned(std::uint64_t offset) { return (offset + 7) / 8 * 8; }

// A positive number as a fraction of two 32-bit numbers, as exact as the numerator allows.
std::string Rational(double number) {
  std::uint32_t denominator = 1;
  while (denominator < 1'000'000'000 && number * denominator * 10 < 4e9) denominator *= 10;
  const auto numerator = static_cast<std::uint32_t>(std::clamp(std::round(number * denominator), 0.0, 4294967295.0));
  return Bytes(numerator) + Bytes(denominator);
}

// A count, offset or pointer: 8 bytes in BigTIFF, else 4.
std::string Wide(bool is_big, std::uint64_t number) {
  return is_big ? Bytes(number) : Bytes(static_cast<std::uint32_t>(number));
}

// The entries of a directory; values that do not fit into one follow behind all of them.
class Entries {
 public:
  explicit Entries(bool is_big) : is_big_(is_big) {}

  void Add(std::uint16_t tag, Type type, std::uint64_t count, std::string value) {
    TEGULA_ASSERT(entries_.empty() || entries_.back().tag < tag);
    entries_.push_back({tag, type, count, std::move(value)});
  }
  void AddShort(std::uint16_t tag, std::uint16_t value, std::uint64_t count = 1) {
    std::string all;
    for (std::uint64_t i = 0; i < count; ++i) all += Bytes(value);
    Add(tag, Type::kShort, count, std::move(all));
  }
  void AddLong(std::uint16_t tag, std::int64_t value) {
    Add(tag, Type::kLong, 1, Bytes(static_cast<std::uint32_t>(value)));
  }
  void AddText(std::uint16_t tag, const std::string& text) {
    if (!text.empty()) Add(tag, Type::kAscii, text.size() + 1, text + '\0');
  }
  // Places in the file; `big` is their type in BigTIFF.
  void AddOffsets(std::uint16_t tag, Type big, const std::vector<std::uint64_t>& offsets) {
    std::string all;
    for (const std::uint64_t offset : offsets) all += Wide(is_big_, offset);
    Add(tag, is_big_ ? big : Type::kLong, offsets.size(), std::move(all));
  }

  std::string Encode(std::uint64_t offset, std::uint64_t next) const {
    const std::size_t word = is_big_ ? 8 : 4, count_bytes = is_big_ ? 8 : 2, entry_bytes = 4 + 2 * word;
    std::string table = is_big_ ? Bytes(static_cast<std::uint64_t>(entries_.size()))
                                : Bytes(static_cast<std::uint16_t>(entries_.size()));
    const std::uint64_t values_begin = Aligned(offset + count_bytes + entries_.size() * entry_bytes + word);
    std::string values;
    for (const Entry& entry : entries_) {
      std::string field = entry.value;
      if (field.size() > word) {
        field = Wide(is_big_, values_begin + values.size());
        values += entry.value;
        values.resize(Aligned(values.size()));
      }
      field.resize(word);
      table += Bytes(entry.tag) + Bytes(static_cast<std::uint16_t>(entry.type)) + Wide(is_big_, entry.count) + field;
    }
    table += Wide(is_big_, next);
    table.resize(values_begin - offset);
    return table + values;
  }

 private:
  struct Entry {
    std::uint16_t tag;
    Type type;
    std::uint64_t count;
    std::string value;
  };
  bool is_big_;
  std::vector<Entry> entries_;
};

std::uint16_t SampleFormat(DType dtype) {
  if (IsFloat(dtype)) return 3;
  return dtype == DType::kI8 || dtype == DType::kI16 || dtype == DType::kI32 || dtype == DType::kI64 ? 2 : 1;
}

}  // namespace

Result<TiffWriter> TiffWriter::Create(const Path& path, bool is_big) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TiffWriter writer(std::move(file), is_big);
  // Little-endian; of BigTIFF that offsets have 8 bytes; then the pointer that Commit fills in.
  std::string header = "II" + (is_big ? Bytes(std::uint16_t{43}) + Bytes(std::uint16_t{8}) + Bytes(std::uint16_t{0})
                                      : Bytes(std::uint16_t{42}));
  TEGULA_TRY(writer.Append(header + Wide(is_big, 0)));
  return writer;
}

Status TiffWriter::Append(std::string_view bytes) {
  size_ += bytes.size();
  if (!is_big_ && size_ > kMostClassic) return ExhaustedError("a TIFF that is no BigTIFF cannot have more than 4 GiB");
  return file_.Write(bytes);
}

void TiffWriter::Begin(TiffPage page, bool reduced) {
  TEGULA_ASSERT(page.dtype != DType::kBool && page.height > 0 && page.width > 0);
  TEGULA_ASSERT(page.tile_height % 16 == 0 && page.tile_width % 16 == 0);
  directories_.push_back({.page = std::move(page), .reduced = reduced, .offsets = {}, .sizes = {}});
}

void TiffWriter::BeginPage(TiffPage page) {
  last_page_ = directories_.size();
  Begin(std::move(page), false);
}

void TiffWriter::BeginReduced(TiffPage page) {
  TEGULA_ASSERT(!directories_.empty());
  ++directories_[last_page_].reduced_pages;
  Begin(std::move(page), true);
}

Status TiffWriter::AddTile(std::string_view compressed) {
  Directory& directory = directories_.back();
  directory.offsets.push_back(size_);
  directory.sizes.push_back(static_cast<std::uint32_t>(compressed.size()));
  return Append(compressed);
}

std::string TiffWriter::Encode(const Directory& directory, std::uint64_t offset,
                               const std::vector<std::uint64_t>& reduced_pages, std::uint64_t next) const {
  const TiffPage& page = directory.page;
  const std::uint64_t tiles = directory.offsets.size();
  TEGULA_ASSERT(static_cast<std::int64_t>(tiles) == page.tiles_down() * page.tiles_across());
  const bool sized = page.y_um > 0 && page.x_um > 0;
  const std::uint16_t samples = page.is_rgb ? 3 : 1;
  Entries entries(is_big_);
  entries.AddLong(254, directory.reduced ? 1 : 0);  // NewSubfileType: a reduced version
  entries.AddLong(256, page.width);
  entries.AddLong(257, page.height);
  entries.AddShort(258, static_cast<std::uint16_t>(8 * DTypeSize(page.dtype)), samples);  // BitsPerSample
  entries.AddShort(259, static_cast<std::uint16_t>(page.compression));
  entries.AddShort(262, page.is_rgb ? kYCbCr : kMinIsBlack);  // PhotometricInterpretation
  entries.AddText(270, page.description);
  entries.AddShort(277, samples);
  if (sized) entries.Add(282, Type::kRational, 1, Rational(1e4 / page.x_um));
  if (sized) entries.Add(283, Type::kRational, 1, Rational(1e4 / page.y_um));
  entries.AddShort(284, kContiguous);             // PlanarConfiguration
  if (sized) entries.AddShort(296, kCentimetre);  // ResolutionUnit
  entries.AddText(305, page.software);
  if (page.predictor != Filter::kNone) entries.AddShort(317, static_cast<std::uint16_t>(page.predictor));
  entries.AddLong(322, page.tile_width);
  entries.AddLong(323, page.tile_height);
  entries.AddOffsets(324, Type::kLong8, directory.offsets);
  entries.Add(325, Type::kLong, tiles, Bytes(std::span(directory.sizes)));
  if (!reduced_pages.empty()) entries.AddOffsets(330, Type::kIfd8, reduced_pages);  // SubIFDs
  entries.AddShort(339, SampleFormat(page.dtype), samples);
  if (page.is_rgb) {
    entries.AddShort(530, 2, 2);  // YCbCrSubSampling
    std::string range;            // ReferenceBlackWhite, of full range
    for (const double end : {0.0, 255.0, 128.0, 255.0, 128.0, 255.0})
      range += Bytes(static_cast<std::uint32_t>(end)) + Bytes(std::uint32_t{1});
    entries.Add(532, Type::kRational, 6, std::move(range));
  }
  return entries.Encode(offset, next);
}

Status TiffWriter::Commit() {
  TEGULA_ASSERT(!directories_.empty());
  TEGULA_TRY(Append(std::string(Aligned(size_) - size_, '\0')));
  // Where each directory will lie; its length does not depend on the offsets in it.
  std::vector<std::uint64_t> at;
  std::uint64_t end = size_;
  for (const Directory& directory : directories_) {
    at.push_back(end);
    const std::vector<std::uint64_t> unknown(static_cast<std::size_t>(directory.reduced_pages));
    end += Encode(directory, 0, unknown, 0).size();
  }
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    const Directory& directory = directories_[i];
    const auto reduced_end = i + 1 + static_cast<std::size_t>(directory.reduced_pages);
    const std::vector<std::uint64_t> reduced(at.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                             at.begin() + static_cast<std::ptrdiff_t>(reduced_end));
    const bool last = directory.reduced || reduced_end == directories_.size();
    TEGULA_TRY(Append(Encode(directory, at[i], reduced, last ? 0 : at[reduced_end])));
  }
  TEGULA_TRY(file_.Overwrite(is_big_ ? 8 : 4, Wide(is_big_, at.front())));
  return file_.Commit();
}

}  // namespace tegula::outputs
