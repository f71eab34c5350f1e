#include "tegula/tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tegula/tensor/kernels.h"

namespace tegula {
namespace {

Half FromBits(std::uint16_t bits) { return std::bit_cast<Half>(bits); }

TEST(Half, EveryNumberOfItComesBackAsItWas) {
  for (std::uint32_t bits = 0; bits < 1 << 16; ++bits) {
    const Half half = FromBits(static_cast<std::uint16_t>(bits));
    const auto value = static_cast<double>(half);
    if (std::isnan(value)) {
      EXPECT_TRUE((bits & 0x7C00) == 0x7C00 && (bits & 0x3FF) != 0);
      EXPECT_TRUE(std::isnan(static_cast<double>(Half(value))));
    } else {
      ASSERT_EQ(Half(value).bits(), bits);
    }
  }
}

TEST(Half, NumbersBetweenTwoBecomeTheNearestAndOfTwoThatAreAsNearTheEvenOne) {
  for (std::uint16_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto low = static_cast<double>(FromBits(bits)), high = static_cast<double>(FromBits(bits + 1));
    const double middle = (low + high) / 2;
    const std::uint16_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(Half(middle).bits(), even);
    ASSERT_EQ(Half(std::nextafter(middle, 0)).bits(), bits);
    ASSERT_EQ(Half(std::nextafter(middle, 1e6)).bits(), bits + 1);
    ASSERT_EQ(Half(-middle).bits(), even | 0x8000);
  }
}

TEST(Half, WhatIsTooLargeIsInfinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(static_cast<double>(Half(65519.99)), 65504);
  EXPECT_EQ(static_cast<double>(Half(65520)), kInfinity);
  EXPECT_EQ(static_cast<double>(Half(-1e300)), -kInfinity);
  EXPECT_EQ(static_cast<double>(Half(1e-300)), 0);
}

TEST(ConvertCopy, MovesNumbersToAndFromHalf) {
  const std::vector<float> values = {0.1F, -2.5F, 70000.0F, 1e-8F, 3.0F};
  Tensor half = Tensor::Allocate(DType::kF16, {5}).value(), back = Tensor::Allocate(DType::kF32, {5}).value();
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(values.data()), DType::kF32, {5}), half.view());
  const Tensor& stored = half;
  ConvertCopy(stored.view(), back.view());
  const auto v = back.values<float>();
  EXPECT_EQ(v[0], 0.0999755859375F);
  EXPECT_EQ(v[1], -2.5F);
  EXPECT_EQ(v[2], std::numeric_limits<float>::infinity());
  EXPECT_EQ(v[3], 0.0F);
  Tensor bytes = Tensor::Allocate(DType::kU8, {5}).value();
  ConvertCopy(stored.view(), bytes.view());
  EXPECT_EQ(bytes.values<std::uint8_t>()[2], 255);
  EXPECT_EQ(bytes.values<std::uint8_t>()[4], 3);
}

TEST(DType, Float16IsAFormOfStorageAndNoTypeOfDescriptions) {
  EXPECT_EQ(DTypeFromName("float16"), std::nullopt);
  EXPECT_EQ(StoredDTypeFromName("float16"), DType::kF16);
  EXPECT_EQ(ComputedDType(DType::kF16), DType::kF32);
  EXPECT_EQ(DTypeSize(DType::kF16), 2);
}

}  // namespace
}  // namespace tegula
