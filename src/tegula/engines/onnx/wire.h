// engines/onnx/wire.h — inside the module: messages of Protocol Buffers as fields, read and written without a schema.
//
// Enough to change names in a network and to leave all else as it is, byte by byte. Protobuf's library would bring
// ONNX's whole schema, and a second copy of what OpenVINO has inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::engines::onnx {

/// A field as it stands in its message.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  ///< of an integer
  std::string_view bytes;   ///< of a text, tensor or message
  std::string_view all;     ///< with tag and length
  bool is_bytes = false;
};

/// The fields of a message in their order, or nothing if it is damaged or has more than kMostFields, far beyond what
/// the largest graph has. They point into it.
inline constexpr std::size_t kMostFields = 1U << 20U;
std::optional<std::vector<Field>> FieldsOf(std::string_view message);

void AppendInteger(std::uint32_t number, std::uint64_t value, std::string& message);
void AppendBytes(std::uint32_t number, std::string_view bytes, std::string& message);

}  // namespace tegula::engines::onnx
