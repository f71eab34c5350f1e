// ops/partial_bytes.h — numbers as bytes and back, for counts that travel between machines. Internal to ops/.
//
// Whole numbers take seven bits per byte, the lowest first (LEB128): counts are mostly small. Doubles are their bits.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tegula::ops {

/// One thread at a time.
class PartialWriter {
 public:
  void Number(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_.push_back(static_cast<char>(value | 128));
    bytes_.push_back(static_cast<char>(value));
  }
  void Double(double value) { Number(std::bit_cast<std::uint64_t>(value)); }
  std::string Take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Borrows the bytes. Nothing is returned where they end or are no number of 64 bits. One thread at a time.
class PartialReader {
 public:
  explicit PartialReader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::uint64_t> Number() noexcept {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) return std::nullopt;
      value |= static_cast<std::uint64_t>(byte & 127U) << shift;
      if (byte < 128) return value;
    }
    return std::nullopt;
  }
  std::optional<double> Double() noexcept {
    const std::optional<std::uint64_t> bits = Number();
    return bits ? std::optional<double>(std::bit_cast<double>(*bits)) : std::nullopt;
  }
  bool at_end() const noexcept { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace tegula::ops
