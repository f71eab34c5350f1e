// Against sums written out in double, with every kernel that this processor has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "tegula/engines/winograd/convolution.h"
#include "tegula/engines/winograd/kernel.h"

namespace tegula::engines::winograd {
namespace {

std::vector<float> Noise(std::size_t count, unsigned seed, float from = -1, float to = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(from, to);
  std::vector<float> values(count);
  for (float& v : values) v = value(random);
  return values;
}

// One convolution of noise. Numbers of channels are those of the parts.
struct Case {
  int height = 7, width = 9;
  std::vector<int> parts = {16};
  int outputs = 16;
  int above = 1, left = 1, below = 1, right = 1;
  bool is_rectified = false;
  unsigned seed = 1;

  int inputs() const {
    int sum = 0;
    for (const int part : parts) sum += part;
    return sum;
  }
  int out_height() const { return height + above + below - 2; }
  int out_width() const { return width + left + right - 2; }

  std::vector<std::vector<float>> Images() const {
    std::vector<std::vector<float>> images;
    for (const int part : parts)
      images.push_back(
          Noise(static_cast<std::size_t>(height * width * part), seed + 10 * static_cast<unsigned>(images.size())));
    return images;
  }
  std::vector<float> Filters() const {
    const float height_of_noise = 1 / std::sqrt(9.0F * static_cast<float>(inputs()));
    return Noise(static_cast<std::size_t>(outputs * inputs() * 9), seed + 1, -height_of_noise, height_of_noise);
  }
  std::vector<float> Biases() const { return Noise(static_cast<std::size_t>(outputs), seed + 2); }

  std::vector<double> Expected(const std::vector<std::vector<float>>& images) const {
    const std::vector<float> filters = Filters(), biases = Biases();
    std::vector<double> sums;
    for (int y = 0; y < out_height(); ++y)
      for (int x = 0; x < out_width(); ++x)
        for (int output = 0; output < outputs; ++output) {
          double sum = biases[static_cast<std::size_t>(output)];
          int input = 0;
          for (std::size_t part = 0; part < parts.size(); ++part)
            for (int channel = 0; channel < parts[part]; ++channel, ++input)
              for (int i = 0; i < 9; ++i) {
                const int from_y = y - above + i / 3, from_x = x - left + i % 3;
                if (from_y < 0 || from_x < 0 || from_y >= height || from_x >= width) continue;
                sum += double{filters[static_cast<std::size_t>((output * inputs() + input) * 9 + i)]} *
                       images[part][static_cast<std::size_t>((from_y * width + from_x) * parts[part] + channel)];
              }
          sums.push_back(is_rectified ? std::max(sum, 0.0) : sum);
        }
    return sums;
  }

  std::vector<float> Given(const std::vector<std::vector<float>>& images, const Kernel& kernel,
                           std::vector<float>* pooled = nullptr, std::int64_t at_once = 1, int threads = 1) const {
    const Convolution convolution(Filters(), Biases(), inputs(), is_rectified, kernel);
    std::vector<Part> given;
    for (std::size_t part = 0; part < parts.size(); ++part) given.push_back({images[part].data(), parts[part]});
    std::vector<float> out(static_cast<std::size_t>(out_height() * out_width() * outputs), -99);
    if (pooled != nullptr)
      pooled->assign(static_cast<std::size_t>(out_height() / 2 * (out_width() / 2) * outputs), -99);
    const Task task = {.parts = given.data(),
                       .part_count = static_cast<int>(given.size()),
                       .height = height,
                       .width = width,
                       .above = above,
                       .left = left,
                       .out_height = out_height(),
                       .out_width = out_width(),
                       .out = out.data(),
                       .pooled = pooled == nullptr ? nullptr : pooled->data()};
    std::atomic<std::int64_t> next = 0;
    std::vector<std::jthread> workers;
    for (int worker = 1; worker < threads; ++worker)
      workers.emplace_back([&]() { convolution.Run(task, next, at_once); });
    convolution.Run(task, next, at_once);
    workers.clear();
    return out;
  }
};

// Equal but for the rounding of numbers of this size; NaN is NaN, and infinities have their sign.
MATCHER_P(IsSum, size, "") {
  const auto [given, expected] = arg;
  if (std::isnan(expected)) return std::isnan(given);
  if (std::isinf(expected)) return double{given} == expected;
  return std::abs(given - expected) <= 2e-6 * std::max(size, std::abs(expected));
}

// The largest of each 2 x 2 of `out_height` · `out_width` · `channels`, NaN if one of them is.
std::vector<double> Pooled(const Case& one, const std::vector<double>& outputs) {
  std::vector<double> pooled;
  for (int y = 0; y < one.out_height() / 2; ++y)
    for (int x = 0; x < one.out_width() / 2; ++x)
      for (int output = 0; output < one.outputs; ++output) {
        double largest = -std::numeric_limits<double>::infinity();
        for (int i = 0; i < 4; ++i) {
          const double value = outputs[static_cast<std::size_t>(
              ((2 * y + i / 2) * one.out_width() + 2 * x + i % 2) * one.outputs + output)];
          largest = std::isnan(value) || value > largest ? value : largest;
        }
        pooled.push_back(largest);
      }
  return pooled;
}

void ExpectSums(const Case& one, const std::vector<std::vector<float>>& images, double size = 1) {
  const std::vector<double> expected = one.Expected(images);
  for (const Kernel* kernel : Kernels()) {
    SCOPED_TRACE(::testing::Message() << kernel->name << ": " << one.height << " x " << one.width << ", "
                                      << one.inputs() << " to " << one.outputs);
    std::vector<float> pooled;
    ASSERT_THAT(one.Given(images, *kernel, &pooled), ::testing::Pointwise(IsSum(size), expected));
    ASSERT_THAT(pooled, ::testing::Pointwise(IsSum(size), Pooled(one, expected)));
  }
}

void ExpectSums(const Case& one) { ExpectSums(one, one.Images()); }

TEST(Winograd, GivesTheSumsOfAnySize) {
  for (const int height : {1, 2, 3, 8})
    for (const int width : {1, 2, 5, 46, 47, 48, 49, 97}) ExpectSums({.height = height, .width = width});
}

TEST(Winograd, TakesAnyGroupsOfChannels) {
  for (const int inputs : {16, 48, 80})
    for (const int outputs : {16, 32, 48, 96}) ExpectSums({.parts = {inputs}, .outputs = outputs});
}

TEST(Winograd, JoinsParts) {
  ExpectSums({.parts = {16, 32}, .outputs = 32});
  ExpectSums({.parts = {32, 16, 16}});
}

TEST(Winograd, PadsAsItIsTold) {
  ExpectSums({.above = 0, .left = 0, .below = 0, .right = 0});
  ExpectSums({.above = 0, .left = 0, .below = 1, .right = 1});
  ExpectSums({.above = 2, .left = 3, .below = 0, .right = 2});
  ExpectSums({.height = 4, .width = 3, .above = 5, .left = 6, .below = 7, .right = 8});
}

TEST(Winograd, IsRight) {
  std::mt19937 random(7);
  const auto upto = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
  for (unsigned seed = 0; seed < 60; ++seed) {
    Case one = {.height = 3 + upto(20), .width = 3 + upto(70), .parts = {}, .outputs = 16 + 16 * upto(4), .seed = seed};
    for (int part = 0; part <= upto(3); ++part) one.parts.push_back(16 + 16 * upto(3));
    one.above = upto(3), one.left = upto(3), one.below = upto(3), one.right = upto(3);
    one.is_rectified = upto(2) == 1;
    ExpectSums(one);
  }
}

TEST(Winograd, PoolsWhatItGives) {
  for (const bool is_rectified : {false, true})
    for (const int height : {2, 7, 8})
      for (const int width : {2, 61}) {
        const Case one = {.height = height, .width = width, .outputs = 48, .is_rectified = is_rectified};
        const std::vector<std::vector<float>> images = one.Images();
        for (const Kernel* kernel : Kernels()) {
          std::vector<float> pooled;
          const std::vector<float> given = one.Given(images, *kernel, &pooled);
          EXPECT_EQ(given, one.Given(images, *kernel)) << kernel->name;
          const std::vector<double> expected = Pooled(one, std::vector<double>(given.begin(), given.end()));
          EXPECT_EQ(std::vector<double>(pooled.begin(), pooled.end()), expected) << kernel->name;
        }
      }
}

TEST(Winograd, GivesTheSameBytesHoweverItIsSplit) {
  const Case one = {.height = 31, .width = 53, .parts = {32}, .outputs = 48};
  const std::vector<std::vector<float>> images = one.Images();
  for (const Kernel* kernel : Kernels()) {
    std::vector<float> pooled, again;
    const std::vector<float> given = one.Given(images, *kernel, &pooled);
    for (const std::int64_t at_once : {1, 2, 7, 1000})
      for (const int threads : {1, 2, 5}) {
        EXPECT_EQ(one.Given(images, *kernel, &again, at_once, threads), given) << kernel->name;
        EXPECT_EQ(again, pooled);
      }
  }
}

TEST(Winograd, HasNaNAndInfinityWhereTheSumHasThem) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();
  std::mt19937 random(3);
  for (const float value : {kNaN, kInfinity, -kInfinity})
    for (const bool is_rectified : {false, true})
      for (const int count : {1, 2, 40}) {
        const Case one = {
            .height = 13, .width = 61, .parts = {16, 32}, .outputs = 48, .left = 2, .is_rectified = is_rectified};
        std::vector<std::vector<float>> images = one.Images();
        for (int i = 0; i < count; ++i) {
          std::vector<float>& image = images[random() % 2];
          image[random() % image.size()] = value;
        }
        ExpectSums(one, images);
      }
}

TEST(Winograd, DoesNotOverflowWhereTheSumDoesNot) {
  const Case one = {.height = 6, .width = 6};
  std::vector<std::vector<float>> images = one.Images();
  constexpr float kMost = std::numeric_limits<float>::max();
  images[0][(2 * 6 + 1) * 16] = kMost;
  images[0][(2 * 6 + 3) * 16] = -kMost;
  ExpectSums(one, images, kMost);
}

TEST(Winograd, IsPossibleForGroupsOfChannels) {
  EXPECT_EQ(Convolution::IsPossible(16, 32), !Kernels().empty());
  for (const int odd : {-16, 0, 1, 15, 17, 24}) {
    EXPECT_FALSE(Convolution::IsPossible(odd, 16));
    EXPECT_FALSE(Convolution::IsPossible(16, odd));
  }
}

}  // namespace
}  // namespace tegula::engines::winograd
