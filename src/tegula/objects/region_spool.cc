#include "tegula/objects/region_spool.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace tegula::objects {
namespace {

// Numbers of 7 bits a byte, the lowest first; small ones of either sign take one byte.
void AppendNumber(std::string& text, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) text += static_cast<char>(bits | 0x80);
  text += static_cast<char>(bits);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::int64_t Number() noexcept {
    std::uint64_t bits = 0;
    for (int shift = 0; at_ < text_.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(text_[at_++]);
      bits |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
  }
  std::int32_t Small() noexcept { return static_cast<std::int32_t>(Number()); }
  std::size_t Count() noexcept { return static_cast<std::size_t>(Number()); }
  std::string_view rest() const noexcept { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Corners alternate between steps along x and along y; outer rings set out along x, holes along y.
void AppendRing(std::string& text, const Ring& ring, Corner origin) {
  AppendNumber(text, static_cast<std::int64_t>(ring.size()) - 1);
  AppendNumber(text, std::int64_t{ring[0].y} - origin.y);
  AppendNumber(text, std::int64_t{ring[0].x} - origin.x);
  for (std::size_t i = 1; i + 1 < ring.size(); ++i)
    AppendNumber(text, (std::int64_t{ring[i].y} - ring[i - 1].y) + (std::int64_t{ring[i].x} - ring[i - 1].x));
}

Ring ReadRing(Reader& reader, Corner origin, bool is_hole) {
  Ring ring(reader.Count() + 1);
  ring[0].y = origin.y + reader.Small();
  ring[0].x = origin.x + reader.Small();
  bool is_down = is_hole;
  for (std::size_t i = 1; i + 1 < ring.size(); ++i, is_down = !is_down) {
    ring[i] = ring[i - 1];
    (is_down ? ring[i].y : ring[i].x) += reader.Small();
  }
  ring.back() = ring.front();
  return ring;
}

}  // namespace

RegionSpool::RegionSpool(Path path, AtomicFile file)
    : path_(std::move(path)), file_(std::make_unique<AtomicFile>(std::move(file))) {}
RegionSpool::RegionSpool(RegionSpool&& other) noexcept = default;

RegionSpool& RegionSpool::operator=(RegionSpool&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(read_, other.read_);
  std::swap(size_, other.size_);
  std::swap(entries_, other.entries_);
  return *this;
}

RegionSpool::~RegionSpool() {
  if (read_ == nullptr) return;
  read_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

Result<RegionSpool> RegionSpool::Create(const Path& path) {
  TEGULA_TRY(MakeFolders(path.parent_path()));
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  return RegionSpool(path, std::move(file));
}

Status RegionSpool::Add(const Region& region, std::span<const double> values) {
  text_.clear();
  AppendNumber(text_, region.pixels);
  AppendNumber(text_, region.number);
  AppendNumber(text_, static_cast<std::int64_t>(region.polygons.size()));
  for (const Polygon& polygon : region.polygons) {
    AppendNumber(text_, static_cast<std::int64_t>(polygon.holes.size()));
    AppendRing(text_, polygon.outer, region.first);
    for (const Ring& hole : polygon.holes) AppendRing(text_, hole, region.first);
  }
  text_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  if (text_.size() > std::numeric_limits<std::int32_t>::max())
    return ExhaustedError(
        "the outline of an object takes more than 2 GiB: raise the threshold or trace a smaller part");
  entries_.push_back({region.first,
                      region.label,
                      static_cast<std::int32_t>(text_.size()),
                      static_cast<std::int32_t>(region.number),
                      size_,
                      region.area_px,
                      {region.centroid_y, region.centroid_x}});
  size_ += static_cast<std::int64_t>(text_.size());
  return file_->Write(text_);
}

Status RegionSpool::Finish() {
  TEGULA_TRY(file_->Commit());
  file_.reset();
  TEGULA_ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path_));
  read_ = std::make_unique<RandomAccessFile>(std::move(file));
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    return a.first != b.first ? a.first < b.first : a.label < b.label;
  });
  return Ok();
}

Result<MeasuredRegion> RegionSpool::Read(std::size_t index) const {
  const Entry& entry = entries_[index];
  std::string text(static_cast<std::size_t>(entry.bytes), '\0');
  TEGULA_TRY(read_->Read(entry.offset, std::as_writable_bytes(std::span(text))));
  Reader reader(text);
  MeasuredRegion measured;
  Region& region = measured.region;
  region.label = entry.label;
  region.first = entry.first;
  region.pixels = reader.Number();
  region.number = reader.Number();
  region.polygons.resize(reader.Count());
  for (Polygon& polygon : region.polygons) {
    polygon.holes.resize(reader.Count());
    polygon.outer = ReadRing(reader, region.first, false);
    for (Ring& hole : polygon.holes) hole = ReadRing(reader, region.first, true);
  }
  MeasureOutline(region);
  const std::string_view values = reader.rest();
  measured.values.resize(values.size() / sizeof(double));
  std::memcpy(measured.values.data(), values.data(), values.size());
  return measured;
}

}  // namespace tegula::objects
