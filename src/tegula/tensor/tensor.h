// tensor/tensor.h — pixels in memory: a Tensor owns them, a View borrows them.
//
// Shapes are slowest axis first. A tensor does not know the names of its axes: whoever binds a step to a
// tensor (an op, a window, a file) knows them from the model description and works with positions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "tegula/core/assert.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/dtype.h"

namespace tegula {

inline constexpr int kMaxRank = 8;

/// Sizes of up to kMaxRank axes, slowest first. A value type without allocation.
class Shape {
 public:
  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  constexpr explicit Shape(std::span<const std::int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
    TEGULA_ASSERT(rank_ <= kMaxRank);
    for (int i = 0; i < rank_; ++i) sizes_[static_cast<std::size_t>(i)] = sizes[static_cast<std::size_t>(i)];
  }
  constexpr int rank() const noexcept { return rank_; }
  constexpr std::int64_t operator[](int axis) const noexcept { return sizes_[static_cast<std::size_t>(axis)]; }
  constexpr std::int64_t& operator[](int axis) noexcept { return sizes_[static_cast<std::size_t>(axis)]; }
  constexpr std::int64_t elements() const noexcept {
    std::int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= sizes_[static_cast<std::size_t>(i)];
    return n;
  }
  constexpr std::span<const std::int64_t> sizes() const noexcept {
    return {sizes_.data(), static_cast<std::size_t>(rank_)};
  }
  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

/// "1 x 3 x 512 x 512", as messages show it.
std::string ToString(const Shape& shape);

/// Borrowed pixels; valid while their owner lives. Strides are in elements, may be 0 (broadcast), never
/// negative. Byte is std::byte or const std::byte.
template <class Byte>
class BasicView {
 public:
  BasicView() = default;
  /// C order, without gaps.
  BasicView(Byte* data, DType dtype, const Shape& shape) : data_(data), dtype_(dtype), shape_(shape), strides_(shape) {
    std::int64_t stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      strides_[axis] = stride;
      stride *= shape[axis];
    }
  }
  BasicView(Byte* data, DType dtype, const Shape& shape, const Shape& strides)
      : data_(data), dtype_(dtype), shape_(shape), strides_(strides) {}
  operator BasicView<const std::byte>() const noexcept { return {data_, dtype_, shape_, strides_}; }  // NOLINT

  Byte* data() const noexcept { return data_; }
  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  const Shape& strides() const noexcept { return strides_; }
  std::int64_t elements() const noexcept { return shape_.elements(); }
  bool is_contiguous() const noexcept {
    std::int64_t stride = 1;
    for (int axis = shape_.rank() - 1; axis >= 0; --axis) {
      if (shape_[axis] != 1 && strides_[axis] != stride) return false;
      stride *= shape_[axis];
    }
    return true;
  }
  /// The first element as T; T must be the dtype's type.
  template <class T>
  auto as() const noexcept {
    TEGULA_ASSERT(DTypeOf<std::remove_const_t<T>>() == dtype_);
    using Pointer = std::conditional_t<std::is_const_v<Byte>, const T*, T*>;
    return reinterpret_cast<Pointer>(data_);
  }
  /// Elements [begin, begin + size) of one axis.
  BasicView Slice(int axis, std::int64_t begin, std::int64_t size) const noexcept {
    TEGULA_ASSERT(begin >= 0 && size >= 0 && begin + size <= shape_[axis]);
    BasicView part = *this;
    part.data_ += begin * strides_[axis] * DTypeSize(dtype_);
    part.shape_[axis] = size;
    return part;
  }

 private:
  Byte* data_ = nullptr;
  DType dtype_ = DType::kU8;
  Shape shape_;
  Shape strides_;
};
using View = BasicView<std::byte>;
using ConstView = BasicView<const std::byte>;

/// Owns pixels in C order, aligned to 64 bytes for vector loads. Move-only: a copy is asked for by Clone.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised pixels. kExhausted if they exceed `limits.tensor_bytes` or memory; kInvalid for a negative size.
  static Result<Tensor> Allocate(DType dtype, const Shape& shape, const Limits& limits = {});

  Tensor Clone() const;
  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  std::int64_t elements() const noexcept { return shape_.elements(); }
  std::int64_t bytes() const noexcept { return elements() * DTypeSize(dtype_); }
  View view() noexcept { return {data_.get(), dtype_, shape_}; }
  ConstView view() const noexcept { return {data_.get(), dtype_, shape_}; }
  template <class T>
  std::span<T> values() noexcept {
    return {view().as<T>(), static_cast<std::size_t>(elements())};
  }
  template <class T>
  std::span<const T> values() const noexcept {
    return {view().as<T>(), static_cast<std::size_t>(elements())};
  }
  /// The same pixels under another shape of as many elements.
  Tensor Reshaped(const Shape& shape) &&;

 private:
  struct Free {
    std::size_t pages;  // bytes that belong to the system; 0: to the heap
    void operator()(std::byte* data) const noexcept;
  };
  std::unique_ptr<std::byte, Free> data_{nullptr, Free{0}};
  DType dtype_ = DType::kU8;
  Shape shape_;
};

}  // namespace tegula
