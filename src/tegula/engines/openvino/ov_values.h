// engines/openvino/ov_values.h — OpenVINO's element types and its exceptions, as Tegula has them. For all plug-ins that
// link OpenVINO.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <openvino/openvino.hpp>
#include <string>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::engines::openvino {

inline constexpr std::string_view kName = "OpenVINO";

struct ElementType {
  ov::element::Type_t ov;
  DType dtype;
};
inline constexpr ElementType kTypes[] = {
    {ov::element::Type_t::boolean, DType::kBool}, {ov::element::Type_t::u8, DType::kU8},
    {ov::element::Type_t::i8, DType::kI8},        {ov::element::Type_t::u16, DType::kU16},
    {ov::element::Type_t::i16, DType::kI16},      {ov::element::Type_t::u32, DType::kU32},
    {ov::element::Type_t::i32, DType::kI32},      {ov::element::Type_t::u64, DType::kU64},
    {ov::element::Type_t::i64, DType::kI64},      {ov::element::Type_t::f32, DType::kF32},
    {ov::element::Type_t::f64, DType::kF64},
};

inline Result<DType> FromOv(const ov::element::Type& type) {
  for (const ElementType& row : kTypes)
    if (type == row.ov) return row.dtype;
  return UnsupportedError(fmt::format("tensors of OpenVINO's type {}", type.get_type_name()));
}

inline ov::element::Type ToOv(DType dtype) {
  for (const ElementType& row : kTypes)
    if (row.dtype == dtype) return row.ov;
  return ov::element::f32;
}

inline ov::Shape ToOv(const Shape& shape) { return {shape.sizes().begin(), shape.sizes().end()}; }

inline Shape FromOv(const ov::Shape& shape) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

// The part of an OpenVINO message that says something: its first lines are source positions.
inline std::string Reason(std::string_view what) {
  std::string best;
  for (std::size_t begin = 0; begin < what.size();) {
    const std::size_t end = std::min(what.find('\n', begin), what.size());
    std::string_view line = what.substr(begin, end - begin);
    begin = end + 1;
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    const bool is_position = line.starts_with("Exception from ") || line.starts_with("Check '") ||
                             line.ends_with("failed") || line.starts_with("FrontEnd API failed");
    if (line.empty() || is_position) continue;
    best = line;
    break;
  }
  return best.empty() ? std::string(what.substr(0, 200)) : best;
}

// The operators that a reader of networks lists in its summary as not converted; empty if it does not say so.
inline std::string MissingOperators(std::string_view what) {
  std::string missing;
  for (const std::string_view words :
       {"-- No conversion rule found for operations: ", "-- Conversion is failed for: "}) {
    const std::size_t at = what.rfind(words);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = what.substr(at + words.size());
    missing += (missing.empty() ? "" : ", ") + std::string(rest.substr(0, rest.find('\n')));
  }
  return missing;
}

// Runs a call into OpenVINO; what it throws becomes an error of `code` with its reason, or kUnsupported with the
// operators that are missing.
template <class F>
auto Ov(Code code, std::string_view doing, F&& call) -> decltype(call()) {
  auto result = Guarded(kName, std::forward<F>(call));
  if (result.ok() || result.error().code != Code::kInternal) return result;
  const std::string_view what = std::string_view(result.error().what).substr(kName.size() + 2);
  const std::string missing = MissingOperators(what);
  if (!missing.empty()) return Error{Code::kUnsupported, fmt::format("{} has no conversion for {}", kName, missing)};
  return Error{code, fmt::format("{} {}: {}", kName, doing, Reason(what))};
}

}  // namespace tegula::engines::openvino
