#include "tegula/ops/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tegula/core/random.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TensorOf;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

ChainInput InputFor(const Tensor& tensor, std::vector<std::string> axes = {"x"}) {
  return {"raw", std::move(axes), tensor.shape(), tensor.dtype()};
}

Tensor RunOps(const std::vector<spec::OpDescription>& ops, const Tensor& in, std::vector<std::string> axes = {"x"},
              const Statistics& statistics = {}) {
  const Chain chain = Chain::Bind(ops, InputFor(in, std::move(axes)), statistics).value();
  Tensor out = Tensor::Allocate(chain.output_dtype(), in.shape()).value();
  EXPECT_TRUE(chain.Run(in.view(), out.view()).ok());
  return out;
}

Error BindError(const std::vector<spec::OpDescription>& ops, const ChainInput& input,
                const Statistics& statistics = {}) {
  return Chain::Bind(ops, input, statistics).error();
}

Statistic StatisticOf(Measure measure, double percentile, std::vector<bool> reduced, const Shape& shape,
                      std::vector<double> values, std::vector<std::string> axes, std::string tensor = "raw",
                      bool of_dataset = false) {
  return {{measure, percentile, std::move(tensor), std::move(reduced), std::move(axes), of_dataset},
          shape,
          std::move(values)};
}

template <class T>
std::vector<T> Values(const Tensor& tensor) {
  return {tensor.values<T>().begin(), tensor.values<T>().end()};
}

// The numbers in the next three tests are NumPy 2.4's.
TEST(Binarize, ComparesFloatsWithTheThresholdAsAFloat) {
  const Tensor x = TensorOf<float>({-3.5F, -1, 0, 0.1F, 0.1000001F, 2.25F, kNan});
  const Tensor out = RunOps({spec::Binarize{{0.1}, ""}}, x);
  EXPECT_EQ(out.dtype(), DType::kBool);
  EXPECT_THAT(Values<bool>(out), ElementsAre(false, false, false, false, true, true, false));
}

TEST(ScaleLinear, StaysInFloat32WithNumbersAndGoesToFloat64WithLists) {
  const Tensor x = TensorOf<float>({-3.5F, -1, 0, 0.1F, 0.1000001F, 2.25F, 7});
  const Tensor plain = RunOps({spec::ScaleLinear{{0.1}, {0.3}, ""}}, x);
  EXPECT_THAT(Values<float>(plain), ElementsAre(-0.04999998211860657F, 0.20000001788139343F, 0.30000001192092896F,
                                                0.3100000023841858F, 0.3100000321865082F, 0.5250000357627869F, 1.0F));
  const Tensor listed = RunOps({spec::ScaleLinear{{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, {0.3}, "x"}}, x);
  EXPECT_THAT(Values<double>(listed), ElementsAre(-0.050000000000000044, 0.19999999999999998, 0.3, 0.3100000001490116,
                                                  0.3100000098347664, 0.525, 1.0));
}

TEST(FixedZeroMeanUnitVariance, GivesFloat64WithAnEpsilonOfOneMillionth) {
  const Tensor x = TensorOf<float>({-3.5F, -1, 0, 0.1F, 0.1000001F, 2.25F, 7});
  EXPECT_THAT(Values<double>(RunOps({spec::FixedZeroMeanUnitVariance{{101.5}, {11.7}, ""}}, x)),
              ElementsAre(-8.974358207319812, -8.760683011907435, -8.675212933742486, -8.66666592579863,
                          -8.666665917520207, -8.482905257871346, -8.076922386587832));
}

TEST(Ops, IntegersBecomeFloat64) {
  const Tensor x = TensorOf<std::uint8_t>({0, 100, 255});
  EXPECT_THAT(Values<double>(RunOps({spec::ScaleLinear{{2}, {1}, ""}}, x)), ElementsAre(1, 201, 511));
  EXPECT_THAT(Values<double>(RunOps({spec::Clip{10, 200, {}, {}, {}}}, x)), ElementsAre(10, 100, 200));
  const Tensor sigmoid = RunOps({spec::Sigmoid{}}, x);
  EXPECT_THAT(Values<double>(sigmoid), ElementsAre(0.5, 1.0, 1.0));
}

TEST(EnsureDtype, TruncatesAndWrapsAsNumPy) {
  const Tensor x = TensorOf<float>({-1.9F, -0.5F, 0, 1.9F, 300});
  EXPECT_THAT(Values<std::int16_t>(RunOps({spec::EnsureDtype{DType::kI16}}, x)), ElementsAre(-1, 0, 0, 1, 300));
  EXPECT_THAT(Values<std::uint8_t>(RunOps({spec::EnsureDtype{DType::kI16}, spec::EnsureDtype{DType::kU8}}, x)),
              ElementsAre(255, 0, 0, 1, 44));
  const Tensor large = TensorOf<std::int64_t>({(std::int64_t{1} << 53) + 1});
  EXPECT_THAT(Values<std::int64_t>(RunOps({spec::EnsureDtype{DType::kI64}}, large)),
              ElementsAre((std::int64_t{1} << 53) + 1));
}

TEST(Clip, KeepsNanBetweenValuesAndNotBetweenPercentiles) {
  const Tensor x = TensorOf<float>({-5, kNan, 5, kInfinity});
  const std::vector<float> values = Values<float>(RunOps({spec::Clip{-1, 1, {}, {}, {}}}, x));
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_THAT((std::vector<float>{values[0], values[2], values[3]}), ElementsAre(-1, 1, 1));
  Statistics statistics;
  statistics.Set(StatisticOf(Measure::kPercentile, 10, {true}, Shape{1}, {-2}, {"x"}, "raw", true));
  statistics.Set(StatisticOf(Measure::kPercentile, 90, {true}, Shape{1}, {3}, {"x"}, "raw", true));
  EXPECT_THAT(Values<double>(RunOps({spec::Clip{{}, {}, 10, 90, {}}}, x, {"x"}, statistics)),
              ElementsAre(-2, -2, 3, 3));
}

TEST(Sigmoid, HoldsAtTheEndsOfTheRange) {
  const Tensor x = TensorOf<float>({-kInfinity, -200, -88, 0, 20, 200, kInfinity, kNan});
  const std::vector<float> y = Values<float>(RunOps({spec::Sigmoid{}}, x));
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2] / std::exp(-88.0F), 1, 1e-6);
  EXPECT_EQ(y[3], 0.5F);
  EXPECT_EQ(y[5], 1);
  EXPECT_EQ(y[6], 1);
  EXPECT_TRUE(std::isnan(y[7]));
}

TEST(Softmax, AddsUpToOneAlongAnyAxis) {
  Tensor x = TensorOf<float>({1, 2, 3, 1000, 1001, 1002, -5, 0, kNan, 4, 4, 4}).Reshaped({2, 2, 3});
  for (const char* axis : {"b", "y", "c"}) {
    const Tensor out = RunOps({spec::Softmax{axis}}, x, {"b", "y", "c"});
    const std::vector<float> y = Values<float>(out);
    if (*axis == 'c') {
      EXPECT_NEAR(y[0], 0.09003057, 1e-7);
      EXPECT_NEAR(y[4], 0.24472847, 1e-7);
      EXPECT_TRUE(std::isnan(y[6]) && std::isnan(y[7]) && std::isnan(y[8]));
      EXPECT_FLOAT_EQ(y[9], 1.0F / 3);
    } else if (*axis == 'y') {
      EXPECT_EQ(y[0] + y[3], 1);
      EXPECT_TRUE(std::isnan(y[8]) && std::isnan(y[11]) && !std::isnan(y[7]));
    } else {
      EXPECT_NEAR(y[0] + y[6], 1, 1e-7);
    }
  }
}

TEST(Softmax, StandsAnywhereInAChain) {
  const Tensor x = TensorOf<std::uint8_t>({1, 2, 3, 0, 5, 0}).Reshaped({2, 3});
  const std::vector<spec::OpDescription> ops = {spec::ScaleLinear{{0.5}, {0}, ""}, spec::Softmax{"c"},
                                                spec::ScaleLinear{{100}, {0}, ""}, spec::Softmax{"x"},
                                                spec::EnsureDtype{DType::kF32}};
  const Tensor out = RunOps(ops, x, {"c", "x"});
  ASSERT_EQ(out.dtype(), DType::kF32);
  double expected[6];
  for (int i = 0; i < 3; ++i) {
    const double a = x.values<std::uint8_t>()[static_cast<std::size_t>(i)] * 0.5,
                 b = x.values<std::uint8_t>()[static_cast<std::size_t>(i + 3)] * 0.5;
    expected[i] = 100 / (1 + std::exp(b - a));
    expected[i + 3] = 100 / (1 + std::exp(a - b));
  }
  for (std::size_t row = 0; row < 2; ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += std::exp(expected[3 * row + i] - 100);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(out.values<float>()[3 * row + i], std::exp(expected[3 * row + i] - 100) / sum, 1e-6);
  }
}

TEST(ScaleMeanVariance, TakesOverTheStatisticsOfTheReference) {
  const Tensor x = TensorOf<float>({1, 3, 10, 30}).Reshaped({2, 2});
  Statistics statistics;
  const auto set = [&](Measure measure, const char* tensor, std::vector<double> values) {
    statistics.Set(StatisticOf(measure, 0, {false, true}, Shape{2, 1}, std::move(values), {"channel", "x"}, tensor));
  };
  set(Measure::kMean, "raw", {2, 20});
  set(Measure::kStd, "raw", {1, 10});
  set(Measure::kMean, "other", {100, 200});
  set(Measure::kStd, "other", {5, 7});
  const Tensor out =
      RunOps({spec::ScaleMeanVariance{"other", std::vector<std::string>{"x"}, 0.5}}, x, {"channel", "x"}, statistics);
  EXPECT_THAT(Values<double>(out),
              ElementsAre(-1 / 1.5 * 5.5 + 100, 1 / 1.5 * 5.5 + 100, -10 / 10.5 * 7.5 + 200, 10 / 10.5 * 7.5 + 200));
}

TEST(ScaleRange, BroadcastsTheReferenceByTheNamesOfItsAxes) {
  // The reference has its channels last and no batch; the tensor has them first.
  const Tensor x = TensorOf<float>({0, 1, 2, 3}).Reshaped({1, 2, 2});
  Statistics statistics;
  const spec::StatisticAxes axes = std::vector<std::string>{"x", "y"};
  const auto set = [&](double percentile, std::vector<double> values) {
    statistics.Set(StatisticOf(Measure::kPercentile, percentile, {true, true, false}, Shape{1, 1, 2}, std::move(values),
                               {"y", "x", "channel"}, "other", false));
  };
  set(1, {0, 2});
  set(99, {1, 6});
  const Tensor out = RunOps({spec::ScaleRange{axes, 1, 99, 0.25, "other"}}, x, {"batch", "channel", "x"}, statistics);
  EXPECT_THAT(Values<double>(out), ElementsAre(0, 1 / 1.25, 0, 1 / 4.25));
}

TEST(Bind, RefusesWithOneSentenceThatNamesWhatIsWrong) {
  const ChainInput input{"raw", {"batch", "channel", "x"}, Shape{1, 3, 8}, DType::kF32, {}};
  const auto what = [&](spec::OpDescription op) { return ToString(BindError({std::move(op)}, input)); };
  EXPECT_EQ(what(spec::UnsupportedOp{"custom"}),
            "operation custom: tensor raw uses the operation custom, which Tegula does not run: it is Python code of "
            "the package; take it out of the description and call it on what Tegula writes");
  EXPECT_EQ(BindError({spec::UnsupportedOp{"custom"}}, input).code, Code::kUnsupported);
  EXPECT_THAT(what(spec::UnsupportedOp{"sharpen"}), HasSubstr("does not know"));
  EXPECT_EQ(what(spec::Softmax{"z"}),
            "operation softmax: it names the axis z, but tensor raw has the axes batch, channel, x");
  EXPECT_EQ(what(spec::Binarize{{1, 2}, "channel"}),
            "operation binarize: threshold: 2 values are given, but axis channel of tensor raw has size 3");
  EXPECT_EQ(what(spec::Binarize{{1, 2}, ""}),
            "operation binarize: threshold: 2 values are given, but no axis along which they stand");
  EXPECT_EQ(what(spec::Binarize{{}, ""}), "operation binarize: threshold: no value is given");
  EXPECT_THAT(what(spec::ScaleLinear{{1}, {1}, "y"}), HasSubstr("names the axis y"));
  EXPECT_THAT(what(spec::Clip{2, 2, {}, {}, {}}), HasSubstr("the limits 2 and 2 must be given with the smaller first"));
  EXPECT_THAT(what(spec::FixedZeroMeanUnitVariance{{1, 2}, {1}, "channel"}),
              HasSubstr("2 means and 1 standard deviations"));
  EXPECT_EQ(what(spec::ZeroMeanUnitVariance{}),
            "operation zero_mean_unit_variance: the mean of tensor raw that it needs was not computed");
  EXPECT_EQ(Chain::Bind({}, {"raw", {"x"}, Shape{1, 2}, DType::kF32, {}}, {}).error().code, Code::kInvalid);
}

TEST(Bind, RefusesValuesPerPositionAlongATiledAxis) {
  const ChainInput tiled{"raw", {"y", "x"}, Shape{2, 8}, DType::kF32, {false, true}};
  EXPECT_EQ(BindError({spec::Softmax{"x"}}, tiled).code, Code::kUnsupported);
  EXPECT_TRUE(Chain::Bind(std::vector<spec::OpDescription>{spec::Softmax{"y"}}, tiled, {}).ok());
  EXPECT_THAT(ToString(BindError({spec::ScaleLinear{std::vector<double>(8, 2.0), {0}, "x"}}, tiled)),
              HasSubstr("cut into tiles"));
  Statistics statistics;
  statistics.Set(StatisticOf(Measure::kMean, 0, {true, false}, Shape{1, 8}, std::vector<double>(8, 1.0), {"y", "x"}));
  statistics.Set(StatisticOf(Measure::kStd, 0, {true, false}, Shape{1, 8}, std::vector<double>(8, 1.0), {"y", "x"}));
  const spec::ZeroMeanUnitVariance op{std::vector<std::string>{"y"}, 1e-6};
  EXPECT_EQ(BindError({op}, tiled, statistics).code, Code::kUnsupported);
  ChainInput other = tiled;
  other.tiled.clear();
  other.shape = Shape{2, 9};
  EXPECT_THAT(ToString(BindError({op}, other, statistics)), HasSubstr("has 8 positions along x, but tensor raw has 9"));
}

TEST(Run, RefusesATileThatLacksPositionsAnOpNeeds) {
  const Chain chain = Chain::Bind(std::vector<spec::OpDescription>{spec::Softmax{"channel"}},
                                  {"raw", {"channel", "x"}, Shape{3, 8}, DType::kF32, {}}, {})
                          .value();
  const Tensor in = Tensor::Allocate(DType::kF32, {2, 8}).value();
  Tensor out = Tensor::Allocate(DType::kF32, {2, 8}).value();
  EXPECT_EQ(chain.Run(in.view(), out.view()).error().what,
            "a tile of tensor raw has size 2 along channel, but its operations need all 3 positions at once");
}

TEST(Run, ATileOfAnyCutAndLayoutGivesTheSameBitsAsTheWhole) {
  struct Case {
    std::vector<std::string> axes;
    Shape shape;
    int channel;
  };
  const Case cases[] = {{{"batch", "channel", "y", "x"}, {1, 3, 41, 1500}, 1},
                        {{"batch", "y", "x", "channel"}, {2, 37, 61, 3}, 3},
                        {{"y", "channel", "x"}, {19, 2, 23}, 1},
                        {{"channel"}, {4}, 0}};
  std::uint64_t seed = 1;
  for (const Case& c : cases)
    for (const bool is_integer : {false, true}) {
      const Tensor in = is_integer ? testing::RandomTensor<std::uint16_t>(c.shape, seed++)
                                   : testing::RandomTensor<float>(c.shape, seed++);
      const std::int64_t channels = c.shape[c.channel];
      std::vector<double> some;
      for (std::int64_t i = 0; i < channels; ++i) some.push_back(1.5 + 0.25 * static_cast<double>(i));
      const std::vector<spec::OpDescription> ops = {spec::ScaleLinear{{1.0 / 3}, {0.7}, ""},
                                                    spec::FixedZeroMeanUnitVariance{some, some, "channel"},
                                                    spec::EnsureDtype{DType::kF32},
                                                    spec::Sigmoid{},
                                                    spec::Softmax{"channel"},
                                                    spec::ScaleLinear{some, {0.1}, "channel"},
                                                    spec::Clip{0.5, {}, {}, {}, {}},
                                                    spec::EnsureDtype{DType::kF32}};
      const Tensor whole = RunOps(ops, in, c.axes);
      const Chain chain = Chain::Bind(ops, InputFor(in, c.axes), {}).value();
      for (int cut = 0; cut < 20; ++cut) {
        ConstView part = in.view();
        Tensor tiled = whole.Clone();
        View place = tiled.view();
        for (int axis = 0; axis < c.shape.rank(); ++axis) {
          if (axis == c.channel) continue;
          const auto begin = static_cast<std::int64_t>(Mix(seed++) % static_cast<std::uint64_t>(c.shape[axis]));
          const auto size =
              static_cast<std::int64_t>(1 + Mix(seed++) % static_cast<std::uint64_t>(c.shape[axis] - begin));
          part = part.Slice(axis, begin, size);
          place = place.Slice(axis, begin, size);
        }
        testing::Fill(place, 77.0F);
        ASSERT_TRUE(chain.Run(part, place).ok());
        ASSERT_EQ(Values<float>(tiled), Values<float>(whole));
      }
    }
}

TEST(OpsTable, NamesEachOpOnceAndSaysWhyOneDoesNotRun) {
  std::string_view previous;
  for (const OpInfo& op : Ops()) {
    EXPECT_LT(previous, op.id);
    EXPECT_EQ(op.runs, op.reason.empty()) << op.id;
    EXPECT_FALSE(op.summary.empty());
    previous = op.id;
  }
}

}  // namespace
}  // namespace tegula::ops
