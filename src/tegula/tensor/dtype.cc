#include "tegula/tensor/dtype.h"

#include <array>

namespace tegula {
namespace {
constexpr std::array<std::string_view, 12> kNames = {"bool",  "uint8",  "int8",  "uint16",  "int16",   "uint32",
                                                     "int32", "uint64", "int64", "float32", "float64", "float16"};
}  // namespace

std::string_view DTypeName(DType dtype) { return kNames[static_cast<std::size_t>(dtype)]; }

std::optional<DType> StoredDTypeFromName(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<DType>(i);
  return std::nullopt;
}

std::optional<DType> DTypeFromName(std::string_view name) {
  const std::optional<DType> dtype = StoredDTypeFromName(name);
  return dtype == DType::kF16 ? std::nullopt : dtype;
}

}  // namespace tegula
