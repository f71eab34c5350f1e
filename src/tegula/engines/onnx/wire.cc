#include "tegula/engines/onnx/wire.h"

namespace tegula::engines::onnx {
namespace {

// Kinds of values; those of groups went out of use before ONNX came.
constexpr std::uint64_t kInteger = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5;

bool TakeVarint(std::string_view& rest, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest.empty()) return false;
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void AppendVarint(std::uint64_t value, std::string& message) {
  for (; value >= 0x80; value >>= 7) message += static_cast<char>(value | 0x80U);
  message += static_cast<char>(value);
}

}  // namespace

std::optional<std::vector<Field>> FieldsOf(std::string_view message) {
  std::vector<Field> fields;
  std::string_view rest = message;
  while (!rest.empty()) {
    if (fields.size() == kMostFields) return std::nullopt;
    const char* const begin = rest.data();
    std::uint64_t tag = 0, size = 0;
    if (!TakeVarint(rest, tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) return std::nullopt;
    Field field{.number = static_cast<std::uint32_t>(tag >> 3)};
    switch (tag & 7U) {
      case kInteger:
        if (!TakeVarint(rest, field.value)) return std::nullopt;
        break;
      case kEightBytes: size = 8; break;
      case kFourBytes: size = 4; break;
      case kBytes:
        if (!TakeVarint(rest, size)) return std::nullopt;
        field.is_bytes = true;
        break;
      default: return std::nullopt;
    }
    if (size > rest.size()) return std::nullopt;
    field.bytes = rest.substr(0, static_cast<std::size_t>(size));
    rest.remove_prefix(static_cast<std::size_t>(size));
    field.all = {begin, static_cast<std::size_t>(rest.data() - begin)};
    fields.push_back(field);
  }
  return fields;
}

void AppendInteger(std::uint32_t number, std::uint64_t value, std::string& message) {
  AppendVarint(std::uint64_t{number} << 3 | kInteger, message);
  AppendVarint(value, message);
}

void AppendBytes(std::uint32_t number, std::string_view bytes, std::string& message) {
  AppendVarint(std::uint64_t{number} << 3 | kBytes, message);
  AppendVarint(bytes.size(), message);
  message += bytes;
}

}  // namespace tegula::engines::onnx
