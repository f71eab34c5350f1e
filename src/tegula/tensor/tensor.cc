#include "tegula/tensor/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tegula/core/platform.h"

namespace tegula {

std::string ToString(const Shape& shape) { return fmt::format("{}", fmt::join(shape.sizes(), " x ")); }

Result<Tensor> Tensor::Allocate(DType dtype, const Shape& shape, const Limits& limits) {
  // As if no axis were empty: strides are products of sizes too.
  std::int64_t bytes = DTypeSize(dtype);
  for (const std::int64_t size : shape.sizes()) {
    if (size < 0) return InvalidError("a tensor cannot have the shape " + ToString(shape));
    if (bytes > limits.tensor_bytes / std::max<std::int64_t>(1, size))
      return ExhaustedError(fmt::format("a {} tensor of {} needs more than the {} GiB allowed for one tensor",
                                        DTypeName(dtype), ToString(shape), limits.tensor_bytes >> 30));
    bytes *= std::max<std::int64_t>(1, size);
  }
  bytes = shape.elements() * DTypeSize(dtype);
  constexpr std::size_t kAlignment = 64;
  const std::size_t rounded = (static_cast<std::size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment;
  Tensor tensor;
  // Large tensors come and go with every tile. In the heap they would leave holes that keep growing.
  constexpr std::size_t kLarge = 1 << 20;
  if (rounded >= kLarge) {
    tensor.data_ = {static_cast<std::byte*>(AllocatePages(rounded)), Free{rounded}};
  } else {
    tensor.data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded == 0 ? kAlignment : rounded)));
  }
  if (tensor.data_ == nullptr) return ExhaustedError(fmt::format("no memory for {} bytes", bytes));
  tensor.dtype_ = dtype;
  tensor.shape_ = shape;
  return tensor;
}

void Tensor::Free::operator()(std::byte* data) const noexcept {
  if (pages > 0) {
    FreePages(data, pages);
  } else {
    std::free(data);
  }
}

Tensor Tensor::Clone() const {
  Result<Tensor> copy = Allocate(dtype_, shape_, {.tensor_bytes = INT64_MAX});
  if (!copy.ok()) throw std::bad_alloc();  // caught where work is started, like every other bad_alloc
  std::memcpy(copy->data_.get(), data_.get(), static_cast<std::size_t>(bytes()));
  return std::move(copy).value();
}

Tensor Tensor::Reshaped(const Shape& shape) && {
  TEGULA_ASSERT(shape.elements() == elements());
  shape_ = shape;
  return std::move(*this);
}

}  // namespace tegula
