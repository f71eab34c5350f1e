#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "tegula/core/function_ref.h"
#include "tegula/core/random.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/tensor.h"

namespace tegula {
namespace {

TEST(Tensor, AllocationIsCheckedAgainstTheLimitBeforeItHappens) {
  EXPECT_EQ(Tensor::Allocate(DType::kF32, {1'000'000'000, 1'000'000'000, 1'000'000'000}).error().code,
            Code::kExhausted);
  EXPECT_EQ(Tensor::Allocate(DType::kF32, {2, -1}).error().code, Code::kInvalid);
  EXPECT_EQ(Tensor::Allocate(DType::kF32, {0, 5}).value().elements(), 0);
}

TEST(View, SlicesKnowTheirPlace) {
  Tensor t = Tensor::Allocate(DType::kU16, {3, 4, 5}).value();
  std::iota(t.values<std::uint16_t>().begin(), t.values<std::uint16_t>().end(), std::uint16_t{0});
  const View part = t.view().Slice(0, 1, 1).Slice(1, 2, 2).Slice(2, 3, 2);
  EXPECT_EQ(*part.as<std::uint16_t>(), 1 * 20 + 2 * 5 + 3);
  EXPECT_FALSE(part.is_contiguous());
  EXPECT_TRUE(t.view().is_contiguous());
}

TEST(ConvertCopy, HandlesAnyStrides) {
  Tensor in = Tensor::Allocate(DType::kU8, {2, 3, 4}).value();
  std::iota(in.values<std::uint8_t>().begin(), in.values<std::uint8_t>().end(), std::uint8_t{0});
  Tensor out = Tensor::Allocate(DType::kF32, {2, 3, 4}).value();
  const Shape channels_last{1, 8, 2};
  ConvertCopy(in.view(), View(out.view().data(), DType::kF32, {2, 3, 4}, channels_last));
  for (std::int64_t c = 0; c < 2; ++c)
    for (std::int64_t y = 0; y < 3; ++y)
      for (std::int64_t x = 0; x < 4; ++x)
        EXPECT_EQ(out.values<float>()[static_cast<std::size_t>(c + 8 * y + 2 * x)],
                  static_cast<float>(c * 12 + y * 4 + x));
}

// A part of a larger tensor: axes in any order of storage, some of one element.
struct RandomPart {
  Shape strides = {0, 0, 0, 0};
  std::int64_t begin = 0, elements = 1;

  RandomPart(const Shape& shape, FunctionRef<std::int64_t(std::int64_t below)> random) {
    std::array<int, 4> order{0, 1, 2, 3};
    for (std::size_t i = 3; i > 0; --i) std::swap(order[i], order[static_cast<std::size_t>(random(i + 1))]);
    for (const int axis : order) {  // fastest first
      const std::int64_t before = random(2) * random(3), after = random(2) * random(3);
      strides[axis] = elements;
      begin += before * elements;
      elements *= before + shape[axis] + after;
    }
  }
  std::size_t At(const std::array<std::int64_t, 4>& i) const {
    std::int64_t at = begin;
    for (int axis = 0; axis < 4; ++axis) at += i[static_cast<std::size_t>(axis)] * strides[axis];
    return static_cast<std::size_t>(at);
  }
};

TEST(ConvertCopy, CopiesJustThePartsOfTensors) {
  std::uint64_t state = 1;
  const auto random = [&](std::int64_t below) {
    state = Mix(state);
    return static_cast<std::int64_t>(state % static_cast<std::uint64_t>(below));
  };
  for (int run = 0; run < 2000; ++run) {
    const Shape shape{1 + random(4), 1 + random(4), 1 + random(4), 1 + random(4)};
    const RandomPart from(shape, random), to(shape, random);
    Tensor in = Tensor::Allocate(DType::kU16, {from.elements}).value();
    std::iota(in.values<std::uint16_t>().begin(), in.values<std::uint16_t>().end(), std::uint16_t{1});
    Tensor out = Tensor::Allocate(DType::kF32, {to.elements}).value();
    std::vector<float> expected(static_cast<std::size_t>(to.elements), 0.0f);
    std::fill(out.values<float>().begin(), out.values<float>().end(), 0.0f);
    for (std::int64_t n = 0; n < shape.elements(); ++n) {
      std::array<std::int64_t, 4> i{};
      for (std::int64_t axis = 3, rest = n; axis >= 0; --axis) {
        i[static_cast<std::size_t>(axis)] = rest % shape[static_cast<int>(axis)];
        rest /= shape[static_cast<int>(axis)];
      }
      expected[to.At(i)] = static_cast<float>(from.At(i) + 1);
    }
    ConvertCopy(ConstView(std::as_const(in).view().data() + from.begin * 2, DType::kU16, shape, from.strides),
                View(out.view().data() + to.begin * 4, DType::kF32, shape, to.strides));
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), out.values<float>().begin())) << run;
  }
}

template <class T>
void CheckColoursAreTakenApart(std::int64_t width) {
  constexpr std::int64_t kRows = 3, kGap = 5;  // elements between the rows
  const std::int64_t in_row = 3 * width + kGap;
  Tensor in = Tensor::Allocate(DTypeOf<T>(), {kRows * in_row}).value();
  std::iota(in.values<T>().begin(), in.values<T>().end(), T{1});
  const ConstView colours(std::as_const(in).view().data(), DTypeOf<T>(), {3, kRows, width}, {1, in_row, 3});
  const std::int64_t out_row = width + kGap, plane = kRows * out_row;
  for (const Shape& strides : {Shape{plane, out_row, 1}, Shape{1, 3 * width + kGap, 3}, Shape{1, 4 * width, 4}}) {
    Tensor out = Tensor::Allocate(DTypeOf<T>(), {3 * plane + 4 * kRows * width}).value();
    std::fill(out.values<T>().begin(), out.values<T>().end(), T{0});
    ConvertCopy(colours, View(out.view().data(), DTypeOf<T>(), {3, kRows, width}, strides));
    std::int64_t untouched = 0;
    for (const T value : out.values<T>()) untouched += value == T{0} ? 1 : 0;
    EXPECT_GE(untouched, out.elements() - 3 * kRows * width);
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t y = 0; y < kRows; ++y)
        for (std::int64_t x = 0; x < width; ++x)
          ASSERT_EQ(out.values<T>()[static_cast<std::size_t>(c * strides[0] + y * strides[1] + x * strides[2])],
                    static_cast<T>(1 + c + y * in_row + 3 * x));
  }
}

TEST(ConvertCopy, TakesColoursThatLieSideBySideApart) {
  for (const std::int64_t width : {1, 2, 15, 16, 17, 31, 33, 64, 100, 250}) {
    CheckColoursAreTakenApart<std::uint8_t>(width);
    CheckColoursAreTakenApart<std::int16_t>(width);
    CheckColoursAreTakenApart<float>(width);
  }
}

TEST(ConvertCopy, TruncatesAndSaturates) {
  const std::vector<float> values = {-1.9f, 1.9f, 300.0f, std::nanf(""), -1e20f, 1e20f};
  Tensor out = Tensor::Allocate(DType::kI32, {6}).value();
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(values.data()), DType::kF32, {6}), out.view());
  const auto v = out.values<std::int32_t>();
  EXPECT_EQ(v[0], -1);
  EXPECT_EQ(v[1], 1);
  EXPECT_EQ(v[2], 300);
  EXPECT_EQ(v[3], 0);
  EXPECT_EQ(v[4], std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(v[5], std::numeric_limits<std::int32_t>::max());
}

// numpy.pad([0, 1, 2], 7, mode) from position -7 to 9.
TEST(PaddedIndex, IsNumpysForPadsWiderThanTheImage) {
  const auto row = [](PadMode mode) {
    std::vector<std::int64_t> indices;
    for (std::int64_t i = -7; i < 10; ++i) indices.push_back(PaddedIndex(i, 3, mode));
    return indices;
  };
  EXPECT_EQ(row(PadMode::kSymmetric), (std::vector<std::int64_t>{0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2}));
  EXPECT_EQ(row(PadMode::kReflect), (std::vector<std::int64_t>{1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1}));
  EXPECT_EQ(row(PadMode::kEdge), (std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(PaddedIndex(-1, 3, PadMode::kConstant), -1);
  EXPECT_EQ(PaddedIndex(5, 1, PadMode::kReflect), 0);
}

TEST(Tensor, AnEmptyAxisHidesNoOverflowOfTheOthers) {
  const Shape shape = {0, 99999999999928, 11836928};
  EXPECT_EQ(Tensor::Allocate(DType::kU8, shape).error().code, Code::kExhausted);
  EXPECT_EQ(Tensor::Allocate(DType::kU8, {0, 5}).value().bytes(), 0);
}

}  // namespace
}  // namespace tegula
