#include "tegula/outputs/chunk_coding.h"

#include <bit>
#include <cstring>

namespace tegula::outputs {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes of floats are taken from the highest on");

// Unsigned, so that differences wrap around.
template <class T>
void Difference(const T* in, T* out, std::int64_t width) noexcept {
  out[0] = in[0];
  for (std::int64_t x = 1; x < width; ++x) out[x] = static_cast<T>(in[x] - in[x - 1]);
}
template <class T>
void Sum(T* row, std::int64_t width) noexcept {
  for (std::int64_t x = 1; x < width; ++x) row[x] = static_cast<T>(row[x] + row[x - 1]);
}

// The planes of a row of numbers, highest bytes first; `out` is as long as `in`.
template <class T>
void SplitPlanes(const T* in, std::uint8_t* out, std::int64_t width) noexcept {
  for (std::size_t plane = 0; plane < sizeof(T); ++plane) {
    const std::size_t shift = 8 * (sizeof(T) - 1 - plane);
    std::uint8_t* const to = out + static_cast<std::int64_t>(plane) * width;
    for (std::int64_t x = 0; x < width; ++x) to[x] = static_cast<std::uint8_t>(in[x] >> shift);
  }
}
template <class T>
void JoinPlanes(const std::uint8_t* in, T* out, std::int64_t width) noexcept {
  for (std::int64_t x = 0; x < width; ++x) {
    T value = 0;
    for (std::size_t plane = 0; plane < sizeof(T); ++plane)
      value = static_cast<T>(value << 8 | in[static_cast<std::int64_t>(plane) * width + x]);
    out[x] = value;
  }
}

// Calls f with an unsigned integer as wide as the elements.
template <class F>
void VisitBits(DType dtype, F&& f) {
  switch (DTypeSize(dtype)) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    default: return f(std::uint64_t{});
  }
}

// Rows of the last axis.
struct Rows {
  std::int64_t count, width;
  explicit Rows(const Shape& shape) : width(shape[shape.rank() - 1]) { count = shape.elements() / width; }
};

void FilterRows(Filter filter, const ConstView& chunk, std::byte* out) noexcept {
  const Rows rows(chunk.shape());
  VisitBits(chunk.dtype(), [&](auto bits) {
    using T = decltype(bits);
    const T* from = reinterpret_cast<const T*>(chunk.data());
    T* to = reinterpret_cast<T*>(out);
    std::vector<std::uint8_t> planes(filter == Filter::kFloatPlanes ? static_cast<std::size_t>(rows.width) * sizeof(T)
                                                                    : 0);
    for (std::int64_t row = 0; row < rows.count; ++row, from += rows.width, to += rows.width) {
      if (filter == Filter::kDifferences) {
        Difference(from, to, rows.width);
      } else {
        SplitPlanes(from, planes.data(), rows.width);
        Difference(planes.data(), reinterpret_cast<std::uint8_t*>(to), std::ssize(planes));
      }
    }
  });
}

void UnfilterRows(Filter filter, const View& chunk) noexcept {
  const Rows rows(chunk.shape());
  VisitBits(chunk.dtype(), [&](auto bits) {
    using T = decltype(bits);
    T* at = reinterpret_cast<T*>(chunk.data());
    std::vector<std::uint8_t> planes(filter == Filter::kFloatPlanes ? static_cast<std::size_t>(rows.width) * sizeof(T)
                                                                    : 0);
    for (std::int64_t row = 0; row < rows.count; ++row, at += rows.width) {
      if (filter == Filter::kDifferences) {
        Sum(at, rows.width);
      } else {
        std::memcpy(planes.data(), at, planes.size());
        Sum(planes.data(), std::ssize(planes));
        JoinPlanes(planes.data(), at, rows.width);
      }
    }
  });
}

std::size_t BytesOf(const ConstView& view) {
  return static_cast<std::size_t>(view.elements() * DTypeSize(view.dtype()));
}

}  // namespace

bool CanFilter(Filter filter, DType dtype) noexcept {
  switch (filter) {
    case Filter::kNone: return true;
    // Bio-Formats, and with it QuPath and Fiji, sums up to four bytes at once.
    case Filter::kDifferences: return dtype != DType::kBool && DTypeSize(dtype) <= 4;
    case Filter::kFloatPlanes: return dtype == DType::kF32 || dtype == DType::kF64;
  }
  return false;
}

Result<ChunkCoder::Workbench> ChunkCoder::Take() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Workbench bench = std::move(idle_.back());
      idle_.pop_back();
      return bench;
    }
  }
  TEGULA_ASSIGN_OR_RETURN(zarr::Encoder encoder, zarr::Encoder::Create(coding_.encoding));
  return Workbench{std::move(encoder), {}};
}

Result<std::string> ChunkCoder::Encode(const ConstView& chunk) const {
  TEGULA_ASSERT(chunk.is_contiguous() && CanFilter(coding_.filter, chunk.dtype()));
  TEGULA_ASSIGN_OR_RETURN(Workbench bench, Take());
  std::span<const std::byte> bytes(chunk.data(), BytesOf(chunk));
  if (coding_.filter != Filter::kNone && !bytes.empty()) {
    bench.filtered.resize(bytes.size());
    FilterRows(coding_.filter, chunk, bench.filtered.data());
    bytes = bench.filtered;
  }
  Result<std::string> encoded = bench.encoder.Encode(bytes, DTypeSize(chunk.dtype()));
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(bench));
  return encoded;
}

Status ChunkCoder::Decode(std::span<const std::byte> bytes, const View& chunk) const {
  TEGULA_TRY(zarr::Decode(zarr::CodecsOf(coding_.encoding.compressor), bytes, {chunk.data(), BytesOf(chunk)}));
  if (coding_.filter != Filter::kNone && chunk.elements() > 0) UnfilterRows(coding_.filter, chunk);
  return Ok();
}

std::int64_t ChunkCoder::Bound(std::int64_t bytes) const noexcept {
  return zarr::EncodedBound(zarr::CodecsOf(coding_.encoding.compressor), bytes);
}

}  // namespace tegula::outputs
