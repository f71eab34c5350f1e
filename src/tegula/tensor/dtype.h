// tensor/dtype.h — the element types that images, descriptions and networks share, with their names as in
// rdf.yaml and NumPy.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tegula/core/assert.h"
#include "tegula/tensor/half.h"

namespace tegula {

/// kF16 is a form in which pixels are stored; what is computed with is one of the others.
enum class DType : std::uint8_t { kBool, kU8, kI8, kU16, kI16, kU32, kI32, kU64, kI64, kF32, kF64, kF16 };

std::string_view DTypeName(DType dtype);  ///< "uint8", "float32", ...
/// Of the types that are computed with.
std::optional<DType> DTypeFromName(std::string_view name);
/// Of these and float16.
std::optional<DType> StoredDTypeFromName(std::string_view name);
constexpr std::int64_t DTypeSize(DType dtype) noexcept {
  switch (dtype) {
    case DType::kBool:
    case DType::kU8:
    case DType::kI8: return 1;
    case DType::kU16:
    case DType::kI16:
    case DType::kF16: return 2;
    case DType::kU32:
    case DType::kI32:
    case DType::kF32: return 4;
    case DType::kU64:
    case DType::kI64:
    case DType::kF64: return 8;
  }
  return 8;
}
constexpr bool IsFloat(DType dtype) noexcept {
  return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kF16;
}
/// What pixels of this type are in memory, where they are computed with.
constexpr DType ComputedDType(DType stored) noexcept { return stored == DType::kF16 ? DType::kF32 : stored; }
constexpr bool IsInteger(DType dtype) noexcept { return !IsFloat(dtype) && dtype != DType::kBool; }

template <class T>
constexpr DType DTypeOf() noexcept {
  if constexpr (std::is_same_v<T, bool>)
    return DType::kBool;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::kU8;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return DType::kI8;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return DType::kU16;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return DType::kI16;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return DType::kU32;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::kI32;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return DType::kU64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::kI64;
  else if constexpr (std::is_same_v<T, float>)
    return DType::kF32;
  else if constexpr (std::is_same_v<T, Half>)
    return DType::kF16;
  else {
    static_assert(std::is_same_v<T, double>, "not an element type");
    return DType::kF64;
  }
}

template <class T>
struct TypeTag {
  using type = T;
};

/// Calls f(TypeTag<T>{}) with the C++ type of `dtype`, which is one that is computed with: the one switch over them.
template <class F>
decltype(auto) VisitDType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool: return std::forward<F>(f)(TypeTag<bool>{});
    case DType::kU8: return std::forward<F>(f)(TypeTag<std::uint8_t>{});
    case DType::kI8: return std::forward<F>(f)(TypeTag<std::int8_t>{});
    case DType::kU16: return std::forward<F>(f)(TypeTag<std::uint16_t>{});
    case DType::kI16: return std::forward<F>(f)(TypeTag<std::int16_t>{});
    case DType::kU32: return std::forward<F>(f)(TypeTag<std::uint32_t>{});
    case DType::kI32: return std::forward<F>(f)(TypeTag<std::int32_t>{});
    case DType::kU64: return std::forward<F>(f)(TypeTag<std::uint64_t>{});
    case DType::kI64: return std::forward<F>(f)(TypeTag<std::int64_t>{});
    case DType::kF32: return std::forward<F>(f)(TypeTag<float>{});
    case DType::kF16: TEGULA_ASSERT(false); break;
    case DType::kF64: break;
  }
  return std::forward<F>(f)(TypeTag<double>{});
}

/// The same with Half too, for what moves pixels between memory and files.
template <class F>
decltype(auto) VisitStoredDType(DType dtype, F&& f) {
  if (dtype == DType::kF16) return std::forward<F>(f)(TypeTag<Half>{});
  return VisitDType(dtype, std::forward<F>(f));
}

template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T> || std::is_same_v<T, Half>;

}  // namespace tegula
