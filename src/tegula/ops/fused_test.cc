// Whatever way a chain takes through memory and instructions, every pixel has the bits of the plain formula.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tegula/core/random.h"
#include "tegula/ops/chain.h"
#include "tegula/ops/moments.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Half of them ordinary, the others anything that a float can be.
float AnyFloat(std::uint64_t seed) {
  const std::uint64_t bits = Mix(seed);
  if (bits % 2 == 0) return testing::RandomValue<float>(seed);
  constexpr float kSpecial[] = {0.0F,      -0.0F,     kNan,     -kNan,    kInfinity, -kInfinity,
                                0x1p-149F, 0x1p-126F, 0x1p127F, 0x1p-60F, 50.0F,     50.000004F};
  if (bits % 64 == 1) return kSpecial[(bits >> 8) % std::size(kSpecial)];
  return bits % 64 == 3 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits >> 32))
                        : static_cast<float>((bits >> 8) % 4096);
}

template <class T>
T AnyValue(std::uint64_t seed) {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(AnyFloat(seed));
  else
    return testing::RandomValue<T>(seed);
}

struct Numbers {
  std::vector<double> mean, std;
};

// (x - mean) / (std + 1e-6) in float64, and then float32.
template <class T>
float Expected(T x, double mean, double std) {
  const volatile double scale =
      std + 1e-6;  // volatile: a division of one number at a time, whatever the compiler thinks
  const volatile double difference = static_cast<double>(x) - mean;
  return static_cast<float>(difference / scale);
}

// NaNs are equal with the same payload; the formula may take that of either operand.
bool SameBits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

template <class T>
void ExpectFormula(const ConstView& in, const View& out, const Numbers& numbers, int channel_axis) {
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  std::vector<std::string> axes(names.begin(), names.begin() + in.shape().rank());
  axes[static_cast<std::size_t>(channel_axis)] = "channel";
  const std::string along = numbers.mean.size() > 1 ? "channel" : "";
  const std::vector<spec::OpDescription> ops = {spec::FixedZeroMeanUnitVariance{numbers.mean, numbers.std, along},
                                                spec::EnsureDtype{DType::kF32}};
  const Chain chain = Chain::Bind(ops, {"raw", axes, in.shape(), in.dtype(), {}}, {}).value();
  ASSERT_TRUE(chain.Run(in, out).ok());
  Shape index = in.shape();
  for (int a = 0; a < index.rank(); ++a) index[a] = 0;
  for (std::int64_t i = 0; i < in.elements(); ++i) {
    std::int64_t from = 0, to = 0;
    for (int a = 0; a < index.rank(); ++a) from += index[a] * in.strides()[a], to += index[a] * out.strides()[a];
    const std::size_t c = numbers.mean.size() > 1 ? static_cast<std::size_t>(index[channel_axis]) : 0;
    const T x = in.as<T>()[from];
    const float expected = Expected(x, numbers.mean[c], numbers.std[c]);
    ASSERT_TRUE(SameBits(out.as<float>()[to], expected))
        << static_cast<double>(x) << " at " << i << " of " << ToString(in.shape()) << " with mean " << numbers.mean[c]
        << " and deviation " << numbers.std[c] << ": " << out.as<float>()[to] << ", not " << expected;
    for (int a = index.rank() - 1; a >= 0 && ++index[a] == in.shape()[a]; --a) index[a] = 0;
  }
}

template <class T>
void ExpectFormula(const Shape& shape, const Numbers& numbers, int channel_axis, std::uint64_t seed) {
  Tensor in = Tensor::Allocate(DTypeOf<T>(), shape).value(), out = Tensor::Allocate(DType::kF32, shape).value();
  for (T& value : in.values<T>()) value = AnyValue<T>(seed++);
  ExpectFormula<T>(std::as_const(in).view(), out.view(), numbers, channel_axis);
}

const Numbers kNumbers[] = {{{50}, {3.3}},           {{0}, {1}},       {{0}, {1234.5}},    {{1e-30}, {1}},
                            {{-2e-4}, {1e-3}},       {{1e10}, {1e12}}, {{1}, {1e-300}},    {{7}, {1e300}},
                            {{std::nan("")}, {1}},   {{0.5}, {kNan}},  {{2}, {kInfinity}}, {{3}, {0}},
                            {{128.25}, {0.99999900}}};

TEST(Fused, NormalisesEveryFloatAsTheFormulaDoes) {
  std::uint64_t seed = 1;
  for (const Numbers& numbers : kNumbers)
    for (const std::int64_t n : {1, 7, 8, 9, 1023, 1024, 1025, 3000})
      ExpectFormula<float>({n}, numbers, 0, seed += 10'000);
}

TEST(Fused, NormalisesPerChannelInAnyLayout) {
  const Numbers numbers{{50, 0, -7.25}, {3.3, 11, 0.125}};
  std::uint64_t seed = 1'000'000;
  for (const std::int64_t width : {1, 5, 341, 1030}) {
    ExpectFormula<float>({2, 3, 5, width}, numbers, 1, seed += 100'000);
    ExpectFormula<float>({2, 5, width, 3}, numbers, 3, seed += 100'000);
    ExpectFormula<float>({3, width}, numbers, 0, seed += 100'000);
  }
  // More than goes through the caches.
  ExpectFormula<float>({3, 700, 700}, numbers, 0, seed);
  ExpectFormula<float>({700, 700, 3}, numbers, 2, seed);
}

TEST(Fused, NormalisesWithAnyStride) {
  const Numbers numbers{{50, 0, -7.25}, {3.3, 11, 0.125}};
  Tensor in = Tensor::Allocate(DType::kF32, {41, 67, 3}).value(),
         out = Tensor::Allocate(DType::kF32, {3, 43, 71}).value();
  std::uint64_t seed = 5'000'000;
  for (float& value : in.values<float>()) value = AnyFloat(seed++);
  const ConstView planes(in.view().data(), DType::kF32, {3, 41, 67}, {1, 201, 3});  // of interleaved pixels
  const View place = out.view().Slice(1, 1, 41).Slice(2, 3, 67);
  ExpectFormula<float>(planes, place, numbers, 0);
}

template <class T>
class EveryNarrowDType : public ::testing::Test {};
using NarrowDTypes = ::testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::int32_t, double>;
TYPED_TEST_SUITE(EveryNarrowDType, NarrowDTypes);

TYPED_TEST(EveryNarrowDType, IsNormalisedAsTheFormulaDoes) {
  ExpectFormula<TypeParam>({3, 1500}, {{50, 0, -7.25}, {3.3, 11, 0.125}}, 0, 7);
  ExpectFormula<TypeParam>({1500, 3}, {{50, 0, -7.25}, {3.3, 11, 0.125}}, 1, 8);
}

// Quotients that lie on or beside the middle of two floats, where a product with the inverse may round to the other.
TEST(Fused, DividesWhereAProductMightRoundToAnotherFloat) {
  Tensor in = Tensor::Allocate(DType::kF32, {1 << 16}).value(), out = Tensor::Allocate(DType::kF32, in.shape()).value();
  for (const double std : {3.0 - 1e-6, 1.0 - 1e-6, 49.0 - 1e-6, 0.1})
    for (const double mean : {0.5, 0.25, 1.0 / 3, 16777216.5}) {
      std::uint64_t seed = 9;
      for (float& value : in.values<float>()) {
        const double middle = static_cast<double>((Mix(seed++) >> 40) * 2 + 1) / 2;  // 25 bits
        value = static_cast<float>(middle * (std + 1e-6) + mean);
      }
      ExpectFormula<float>(std::as_const(in).view(), out.view(), {{mean}, {std}}, 0);
    }
}

// The same for results that are denormal.
TEST(Fused, DividesWhatIsTiny) {
  Tensor in = Tensor::Allocate(DType::kF32, {1 << 10}).value(), out = Tensor::Allocate(DType::kF32, in.shape()).value();
  for (const double scale : {6.0, 10.0, 14.0, 98.0}) {
    std::uint64_t k = 0;
    for (float& value : in.values<float>())
      value = static_cast<float>(scale * static_cast<double>(2 * k++ + 1) * 0x1p-150);
    ExpectFormula<float>(std::as_const(in).view(), out.view(), {{0}, {scale - 1e-6}}, 0);
  }
}

// The eight lanes as they are written down.
template <class T>
double PlainLaneSum(const std::vector<T>& values) {
  double lanes[8] = {};
  for (std::size_t i = 0; i < values.size(); ++i)
    lanes[i % 8] += values[i] == values[i] ? static_cast<double>(values[i]) : 0.0;
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

TEST(Moments, AddInEightLanesWhereverRowsEnd) {
  std::vector<float> values;
  for (std::uint64_t i = 0; i < 5000; ++i) values.push_back(i % 97 == 0 ? kNan : testing::RandomValue<float>(i));
  const auto moments_of = [&](std::int64_t width, std::int64_t stride) {
    std::vector<float> spread(values.size() * static_cast<std::size_t>(stride), 1e9F);
    for (std::size_t i = 0; i < values.size(); ++i) spread[i * static_cast<std::size_t>(stride)] = values[i];
    return MomentsOf<float>([&](auto&& add) {
      const auto n = static_cast<std::int64_t>(values.size());
      for (std::int64_t at = 0; at < n; at += width) add(spread.data() + at * stride, stride, std::min(width, n - at));
    });
  };
  const Moments whole = moments_of(5000, 1);
  EXPECT_EQ(whole.nans, 52);
  const double mean = PlainLaneSum(values) / whole.count;
  std::vector<double> deviations, squares;
  for (const float x : values) deviations.push_back(x == x ? static_cast<double>(x) - mean : 0.0);
  for (const double d : deviations) squares.push_back(d * d);
  const double shift = PlainLaneSum(deviations) / whole.count;
  EXPECT_EQ(whole.mean, mean + shift);
  EXPECT_EQ(whole.squares, PlainLaneSum(squares) - PlainLaneSum(deviations) * shift);
  for (const std::int64_t width : {1, 7, 8, 513, 1000})
    for (const std::int64_t stride : {1, 3}) {
      const Moments cut = moments_of(width, stride);
      EXPECT_EQ(cut.mean, whole.mean);
      EXPECT_EQ(cut.squares, whole.squares);
    }
}

template <class T>
void ExpectExactSums() {
  std::vector<T> values;
  for (std::uint64_t i = 0; i < 100'003; ++i)
    values.push_back(i < 70'000   ? std::numeric_limits<T>::max()
                     : i % 2 == 0 ? std::numeric_limits<T>::min()
                                  : testing::RandomValue<T>(i));
  __extension__ using Wide = __int128;
  Wide sum = 0, squares = 0;
  for (const T x : values) sum += x, squares += static_cast<Wide>(x) * x;
  ExactSums sums;
  sums.AddRow(values.data(), 1, static_cast<std::int64_t>(values.size()));
  ExactSums strided;
  for (std::int64_t i = 0; i < 3; ++i)
    strided.AddRow(values.data() + i, 3, (static_cast<std::int64_t>(values.size()) + 2 - i) / 3);
  const auto n = static_cast<double>(values.size());
  EXPECT_EQ(sums.Finish().mean, static_cast<double>(sum) / n);
  EXPECT_EQ(strided.Finish().mean, sums.Finish().mean);
  EXPECT_EQ(strided.Finish().squares, sums.Finish().squares);
  const auto expected = static_cast<double>(static_cast<long double>(squares) -
                                            static_cast<long double>(sum) *
                                                (static_cast<long double>(sum) / static_cast<long double>(n)));
  EXPECT_NEAR(sums.Finish().squares / expected, 1, 1e-12);
}

TEST(ExactSums, DoNotOverflowInLongRowsOfExtremes) {
  ExpectExactSums<std::uint8_t>();
  ExpectExactSums<std::int8_t>();
  ExpectExactSums<std::uint16_t>();
  ExpectExactSums<std::int16_t>();
  ExpectExactSums<std::uint32_t>();
  ExpectExactSums<std::int32_t>();
}

}  // namespace
}  // namespace tegula::ops
