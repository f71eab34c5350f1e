#include "tegula/ops/exp.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace tegula::ops {
namespace {

std::int64_t Order(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  return bits < 0 ? -static_cast<std::int64_t>(bits & 0x7fffffff) : bits;
}

TEST(Exp, IsWithinOneUlpOfTheRoundedResult) {
  std::int64_t worst = 0;
  for (std::uint32_t bits = 0; bits < 0x7f800000U; bits += 997)
    for (const float x : {std::bit_cast<float>(bits), -std::bit_cast<float>(bits)}) {
      const auto expected = static_cast<float>(std::exp(static_cast<double>(x)));
      worst = std::max(worst, std::abs(Order(Exp(x)) - Order(expected)));
    }
  EXPECT_LE(worst, 1);
}

TEST(Exp, MeetsTheEndsOfTheRange) {
  EXPECT_EQ(Exp(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
  EXPECT_EQ(Exp(-std::numeric_limits<float>::infinity()), 0.0F);
  EXPECT_TRUE(std::isnan(Exp(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(Exp(88.73F), std::numeric_limits<float>::infinity());
  EXPECT_EQ(Exp(0.0F), 1.0F);
}

// NumPy's own float32 sigmoid differs from the exact one by up to two units in the last place.
TEST(Exp, MakesASigmoidWithinTwoUlp) {
  std::int64_t worst = 0;
  for (float x = -87; x < 20; x += 0.00073F) {
    const auto expected = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x))));
    worst = std::max(worst, std::abs(Order(1.0F / (1.0F + Exp(-x))) - Order(expected)));
  }
  EXPECT_LE(worst, 2);
}

}  // namespace
}  // namespace tegula::ops
