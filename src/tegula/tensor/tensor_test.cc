#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

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
