#include "tegula/objects/gaussian.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

namespace tegula::objects {
namespace {

struct Values {
  std::int64_t height, width;
  std::vector<float> of;
  std::span<const float> Row(std::int64_t y) const {
    return std::span(of).subspan(static_cast<std::size_t>(y * width), static_cast<std::size_t>(width));
  }
  double At(std::int64_t y, std::int64_t x) const {
    return static_cast<double>(Row(std::clamp<std::int64_t>(
        y, 0, height - 1))[static_cast<std::size_t>(std::clamp<std::int64_t>(x, 0, width - 1))]);
  }
};

Values Random(std::mt19937& random, bool has_gaps) {
  Values values{1 + static_cast<std::int64_t>(random() % 30), 1 + static_cast<std::int64_t>(random() % 40), {}};
  values.of.resize(static_cast<std::size_t>(values.height * values.width));
  for (float& value : values.of)
    value = has_gaps && random() % 6 == 0 ? std::nanf("") : static_cast<float>(random() % 1000) / 1000;
  return values;
}

std::vector<float> Smooth(const Values& values, const Box& box, double sigma_y, double sigma_x) {
  std::vector<float> out(static_cast<std::size_t>(box.area()));
  SmoothBox([&](std::int64_t y) { return values.Row(y); }, values.height, box, GaussianWeights(sigma_y),
            GaussianWeights(sigma_x),
            View(reinterpret_cast<std::byte*>(out.data()), DType::kF32, {box.height(), box.width()}));
  return out;
}

TEST(SmoothBox, IsTheMeanWeightedByAGaussian) {
  std::mt19937 random(61);
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    const Values values = Random(random, round % 2 == 1);
    const double sigma_y = round % 3 == 0 ? 0 : 1.3, sigma_x = 2;
    const auto reach_y = static_cast<std::int64_t>(4 * sigma_y + 0.5), reach_x = static_cast<std::int64_t>(8.5);
    const std::vector<float> smooth = Smooth(values, {{0, values.height}, {0, values.width}}, sigma_y, sigma_x);
    for (std::int64_t y = 0; y < values.height; ++y)
      for (std::int64_t x = 0; x < values.width; ++x) {
        double sum = 0, weights = 0;
        for (std::int64_t dy = -reach_y; dy <= reach_y; ++dy)
          for (std::int64_t dx = -reach_x; dx <= reach_x; ++dx) {
            const auto fy = static_cast<double>(dy), fx = static_cast<double>(dx);
            const double value = values.At(y + dy, x + dx);
            const double exponent = (sigma_y > 0 ? fy * fy / (sigma_y * sigma_y) : 0) + fx * fx / (sigma_x * sigma_x);
            const double weight = std::isnan(value) ? 0 : std::exp(-0.5 * exponent);
            sum += std::isnan(value) ? 0 : weight * value;
            weights += weight;
          }
        const float found = smooth[static_cast<std::size_t>(y * values.width + x)];
        if (std::isnan(values.At(y, x)))
          EXPECT_TRUE(std::isnan(found));
        else
          EXPECT_NEAR(found, sum / weights, 1e-6);
      }
  }
}

TEST(SmoothBox, APixelDoesNotDependOnTheBoxItIsComputedIn) {
  std::mt19937 random(62);
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    Values values = Random(random, false);
    if (round % 2 == 0) values.of[random() % values.of.size()] = std::nanf("");
    const std::vector<float> whole = Smooth(values, {{0, values.height}, {0, values.width}}, 1.5, 1);
    const auto y = static_cast<std::int64_t>(random()) % values.height,
               x = static_cast<std::int64_t>(random()) % values.width;
    const Box box{{y, values.height}, {x, values.width}};
    const std::vector<float> part = Smooth(values, box, 1.5, 1);
    for (std::int64_t row = y; row < values.height; ++row)
      for (std::int64_t column = x; column < values.width; ++column)
        EXPECT_EQ(std::bit_cast<std::uint32_t>(part[static_cast<std::size_t>((row - y) * box.width() + column - x)]),
                  std::bit_cast<std::uint32_t>(whole[static_cast<std::size_t>(row * values.width + column)]));
  }
}

TEST(GaussianWeights, OfNothingChangesNothing) {
  EXPECT_EQ(GaussianWeights(0).radius(), 0);
  EXPECT_EQ(GaussianWeights(0)[0], 1);
  EXPECT_EQ(GaussianWeights(1).radius(), 4);
}

}  // namespace
}  // namespace tegula::objects
