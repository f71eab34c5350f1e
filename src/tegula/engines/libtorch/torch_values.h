// engines/libtorch/torch_values.h — PyTorch's values and exceptions, as Tegula has them. For all plug-ins that link
// LibTorch.
#pragma once

#include <fmt/format.h>

#include <torch/csrc/jit/runtime/operator.h>
#include <torch/script.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::engines::libtorch {

inline constexpr std::string_view kName = "LibTorch";

struct ElementType {
  at::ScalarType torch;
  DType dtype;
};
inline constexpr ElementType kTypes[] = {
    {at::kBool, DType::kBool},  {at::kByte, DType::kU8},    {at::kChar, DType::kI8},    {at::kShort, DType::kI16},
    {at::kUInt16, DType::kU16}, {at::kUInt32, DType::kU32}, {at::kInt, DType::kI32},    {at::kLong, DType::kI64},
    {at::kUInt64, DType::kU64}, {at::kFloat, DType::kF32},  {at::kDouble, DType::kF64},
};

inline Result<DType> FromTorch(at::ScalarType type) {
  for (const ElementType& row : kTypes)
    if (row.torch == type) return row.dtype;
  return UnsupportedError(fmt::format("tensors of PyTorch's type {}", at::toString(type)));
}

inline at::ScalarType ToTorch(DType dtype) {
  for (const ElementType& row : kTypes)
    if (row.dtype == dtype) return row.torch;
  return at::kFloat;
}

// The sentence of a PyTorch message: what stands before the C++ stack and after the TorchScript trace.
inline std::string Reason(std::string_view what) {
  const std::size_t error = what.rfind("RuntimeError: ");
  if (error != std::string_view::npos) what.remove_prefix(error + 14);
  what.remove_prefix(std::min(what.find_first_not_of(" \n"), what.size()));
  return std::string(what.substr(0, what.find('\n')));
}

template <class F>
auto Torch(Code code, std::string_view doing, F&& call) -> decltype(call()) {
  auto result = Guarded(kName, std::forward<F>(call));
  if (result.ok() || result.error().code != Code::kInternal) return result;
  return Error{code, fmt::format("{} {}: {}", kName, doing,
                                 Reason(std::string_view(result.error().what).substr(kName.size() + 2)))};
}

// Only reads `view`, which must outlive the tensor.
inline at::Tensor Borrow(const ConstView& view) {
  return torch::from_blob(const_cast<std::byte*>(view.data()),
                          std::vector<std::int64_t>(view.shape().sizes().begin(), view.shape().sizes().end()),
                          at::TensorOptions().dtype(ToTorch(view.dtype())));
}

inline Result<Tensor> Copy(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  if (plain.dim() > kMaxRank) return UnsupportedError(fmt::format("a result of {} axes", plain.dim()));
  TEGULA_ASSIGN_OR_RETURN(const DType dtype, FromTorch(plain.scalar_type()));
  TEGULA_ASSIGN_OR_RETURN(
      Tensor out,
      Tensor::Allocate(dtype, Shape(std::span<const std::int64_t>(plain.sizes().data(), plain.sizes().size()))));
  std::copy_n(static_cast<const std::byte*>(plain.const_data_ptr()), out.bytes(), out.view().data());
  return out;
}

// The tensors of a result in order: those of tuples and lists, and of a dictionary the values as they were put in.
inline Status Flatten(const c10::IValue& value, std::vector<at::Tensor>& tensors) {
  if (value.isTensor()) {
    tensors.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) TEGULA_TRY(Flatten(element, tensors));
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) TEGULA_TRY(Flatten(element, tensors));
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) TEGULA_TRY(Flatten(entry.value(), tensors));
  } else {
    return UnsupportedError(fmt::format(
        "the network returns a {}; tensors, and tuples, lists and dictionaries of them are taken", value.tagKind()));
  }
  return Ok();
}

// TorchScript knows operators that read and write any file, and a model's code may call them as soon as it is loaded.
// Without them LibTorch refuses such a model by the operator's name. Its table of operators is one for the process.
inline void ForgetFileOperators() {
  static const bool once = []() {
    for (const char* const name : {"aten::save", "aten::from_file"}) {
      const std::vector<std::shared_ptr<torch::jit::Operator>> found =  // a copy, as the table loses them
          torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name));
      for (const auto& overload : found) torch::jit::deregisterOperator(overload->schema());
    }
    return true;
  }();
  static_cast<void>(once);
}

// A network as it is run: without what only training needs.
inline torch::jit::Module LoadFrozen(const std::string& file) {
  ForgetFileOperators();
  torch::jit::Module module = torch::jit::load(file, c10::kCPU);
  module.eval();
  return torch::jit::freeze(module);
}

// The arguments after the module itself.
inline std::vector<c10::Argument> ArgumentsOf(const torch::jit::Module& module) {
  const std::vector<c10::Argument>& all = module.get_method("forward").function().getSchema().arguments();
  return {all.begin() + 1, all.end()};
}

// Whether an input may be left out, and is None then.
inline bool IsOptional(const c10::Argument& argument) {
  return argument.default_value().has_value() || argument.type()->kind() == c10::TypeKind::OptionalType;
}

}  // namespace tegula::engines::libtorch
