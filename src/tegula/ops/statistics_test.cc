#include "tegula/ops/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "tegula/core/executor.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

using ::testing::HasSubstr;

StatisticRequest RequestOf(Measure measure, double percentile, std::vector<bool> reduced, bool of_dataset = false) {
  return {measure, percentile, "raw", std::move(reduced), {}, of_dataset};
}

std::vector<Statistic> CollectWhole(const std::vector<StatisticRequest>& requests, const Tensor& tensor) {
  StatisticsCollector collector = StatisticsCollector::Make(requests, tensor.dtype(), tensor.shape(), 1, 1).value();
  const std::vector<std::int64_t> origin(static_cast<std::size_t>(tensor.shape().rank()), 0);
  while (!collector.done()) {
    collector.Add(0, origin, tensor.view(), 0);
    collector.FinishPass();
  }
  return collector.Take();
}

// Blocks of `edge` along every axis.
std::vector<Statistic> CollectBlocks(const std::vector<StatisticRequest>& requests, const Tensor& tensor,
                                     std::int64_t edge, const Executor& executor) {
  const Shape& shape = tensor.shape();
  std::int64_t blocks = 1;
  for (const std::int64_t size : shape.sizes()) blocks *= (size + edge - 1) / edge;
  StatisticsCollector collector =
      StatisticsCollector::Make(requests, tensor.dtype(), shape, blocks, executor.workers()).value();
  while (!collector.done()) {
    executor.ForEach(blocks, [&](std::int64_t index, int worker) {
      std::vector<std::int64_t> begin(static_cast<std::size_t>(shape.rank()));
      ConstView block = tensor.view();
      std::int64_t rest = index;
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        const std::int64_t count = (shape[axis] + edge - 1) / edge, at = rest % count * edge;
        rest /= count;
        begin[static_cast<std::size_t>(axis)] = at;
        block = block.Slice(axis, at, std::min(edge, shape[axis] - at));
      }
      collector.Add(index, begin, block, worker);
    });
    collector.FinishPass();
  }
  return collector.Take();
}

bool SameBits(const std::vector<Statistic>& a, const std::vector<Statistic>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Statistic& x, const Statistic& y) {
    return x.request == y.request && x.shape == y.shape && x.values.size() == y.values.size() &&
           std::memcmp(x.values.data(), y.values.data(), x.values.size() * sizeof(double)) == 0;
  });
}

// What numpy 2.4 says about 1000 numbers (converted to float64): numpy.quantile(x, p / 100) with methods linear and
// inverted_cdf, numpy.mean and numpy.std.
struct NumPyRow {
  double percentile, linear, inverted_cdf;
};
struct NumPyCase {
  DType dtype;
  double mean, std;
  std::vector<NumPyRow> rows;
};
const NumPyCase kNumPy[] = {
    {DType::kU8,
     125.162,
     71.45716028502672,
     {{0, 0.0, 0.0}, {1, 3.99, 3.0}, {37.5, 93.0, 93.0}, {99.8, 249.00199999999995, 249.0}, {100, 250.0, 250.0}}},
    {DType::kU16,
     29363.016,
     17149.55148118294,
     {{0, 211.0, 211.0},
      {1, 943.92, 936.0},
      {37.5, 20948.875, 20947.0},
      {99.8, 59907.056, 59907.0},
      {100, 59975.0, 59975.0}}},
    {DType::kI16,
     -636.984,
     17149.55148118294,
     {{0, -29789.0, -29789.0},
      {1, -29056.08, -29064.0},
      {37.5, -9051.125, -9053.0},
      {99.8, 29907.055999999997, 29907.0},
      {100, 29975.0, 29975.0}}},
    {DType::kI32,
     43682583.111,
     1159552956.0637014,
     {{0, -1997845130.0, -1997845130.0},
      {1, -1959531130.6, -1959558811.0},
      {37.5, -400124970.5, -400807863.0},
      {99.8, 1987640401.8519995, 1987623684.0},
      {100, 1996521363.0, 1996521363.0}}},
    {DType::kF32,
     -0.34752533224597576,
     57.229964717304945,
     {{0, -99.93111419677734, -99.93111419677734},
      {1, -98.13089736938477, -98.2139663696289},
      {37.5, -23.082099676132202, -23.166515350341797},
      {99.8, 98.99459129333495, 98.99393463134766},
      {100, 99.8948745727539, 99.8948745727539}}},
    {DType::kF64,
     -0.34752542773084677,
     57.22996475635273,
     {{0, -99.93111631785563, -99.93111631785563},
      {1, -98.13089737326409, -98.21396795447865},
      {37.5, -23.082099301035857, -23.16651491053112},
      {99.8, 98.99459228306614, 98.99393561570221},
      {100, 99.8948721774616, 99.8948721774616}}},
};

// The i-th of those numbers.
template <class T>
T NumPyValue(std::uint64_t i) {
  const std::uint64_t h = Mix(i);
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(static_cast<double>(h >> 11) * 0x1.0p-53 * 200 - 100);
  else if constexpr (sizeof(T) == 1)
    return static_cast<T>(h % 251);
  else if constexpr (sizeof(T) == 4)
    return static_cast<T>(static_cast<std::int64_t>(h % 4000000007) - 2000000000);
  else
    return static_cast<T>(static_cast<std::int64_t>(h % 60013) - (std::is_signed_v<T> ? 30000 : 0));
}

TEST(Statistics, AreNumPysToTheLastBit) {
  for (const NumPyCase& c : kNumPy) {
    SCOPED_TRACE(DTypeName(c.dtype));
    Tensor tensor = Tensor::Allocate(c.dtype, {1000}).value();
    VisitDType(c.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      std::uint64_t i = 0;
      for (T& value : tensor.values<T>()) value = NumPyValue<T>(i++);
    });
    std::vector<StatisticRequest> requests = {RequestOf(Measure::kMean, 0, {true}), RequestOf(Measure::kStd, 0, {true}),
                                              RequestOf(Measure::kStd, 0, {true}, true)};
    for (const NumPyRow& row : c.rows) {
      requests.push_back(RequestOf(Measure::kPercentile, row.percentile, {true}));
      requests.push_back(RequestOf(Measure::kPercentileOfValues, row.percentile, {true}));
    }
    const std::vector<Statistic> found = CollectWhole(requests, tensor);
    // NumPy sums in another order: the last bit of sums of non-integers may differ.
    EXPECT_NEAR(found[0].values[0], c.mean, IsFloat(c.dtype) ? 1e-14 : 0);
    EXPECT_DOUBLE_EQ(found[1].values[0], c.std);
    EXPECT_EQ(found[2].values, found[1].values);
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
      EXPECT_EQ(found[3 + 2 * i].values[0], c.rows[i].linear) << c.rows[i].percentile;
      EXPECT_EQ(found[4 + 2 * i].values[0], c.rows[i].inverted_cdf) << c.rows[i].percentile;
    }
  }
}

// The plain definition: all values of one kept position in long double, sorted.
template <class T>
std::vector<long double> ValuesAt(const Tensor& tensor, const std::vector<bool>& reduced, std::int64_t position) {
  std::vector<long double> values;
  const Shape& shape = tensor.shape();
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    std::int64_t rest = i, at = 0, stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (!reduced[static_cast<std::size_t>(axis)]) at += rest % shape[axis] * stride, stride *= shape[axis];
      rest /= shape[axis];
    }
    const T value = tensor.values<T>()[static_cast<std::size_t>(i)];
    if (at == position && value == value) values.push_back(static_cast<long double>(value));
  }
  std::sort(values.begin(), values.end());
  return values;
}

double MeanOf(const std::vector<long double>& values) {
  return static_cast<double>(std::accumulate(values.begin(), values.end(), 0.0L) /
                             static_cast<long double>(values.size()));
}

double StdOf(const std::vector<long double>& values) {
  const long double mean =
      std::accumulate(values.begin(), values.end(), 0.0L) / static_cast<long double>(values.size());
  long double sum = 0;
  for (const long double v : values) sum += (v - mean) * (v - mean);
  return static_cast<double>(std::sqrt(sum / static_cast<long double>(values.size())));
}

double PercentileOf(const std::vector<long double>& values, double percentile) {
  const double position = static_cast<double>(values.size() - 1) * (percentile / 100);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const auto a = static_cast<double>(values[below]), b = static_cast<double>(values[above]);
  const double t = position - static_cast<double>(below);
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

template <class T>
class EveryDType : public ::testing::Test {};
using DTypes = ::testing::Types<bool, std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                                std::int32_t, std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(EveryDType, DTypes);

TYPED_TEST(EveryDType, HasTheStatisticsOfItsSortedValuesWhateverTheBlocksOrderAndWorkers) {
  using T = TypeParam;
  const Tensor tensor = testing::RandomTensor<T>({2, 3, 17, 29}, 5);
  const std::vector<std::vector<bool>> reductions = {
      {true, true, true, true}, {true, false, true, true}, {false, false, false, true}, {false, true, true, false}};
  for (const std::vector<bool>& reduced : reductions) {
    const std::vector<StatisticRequest> requests = {
        RequestOf(Measure::kMean, 0, reduced), RequestOf(Measure::kStd, 0, reduced),
        RequestOf(Measure::kPercentile, 2.5, reduced), RequestOf(Measure::kPercentile, 99.8, reduced)};
    const std::vector<Statistic> blocks = CollectBlocks(requests, tensor, 8, SerialExecutor());
    ASSERT_EQ(blocks.size(), requests.size());
    for (std::size_t p = 0; p < blocks[0].values.size(); ++p) {
      const std::vector<long double> values = ValuesAt<T>(tensor, reduced, static_cast<std::int64_t>(p));
      EXPECT_NEAR(blocks[0].values[p], MeanOf(values),
                  1e-13 * static_cast<double>(std::max(std::abs(values.front()), std::abs(values.back()))));
      EXPECT_NEAR(blocks[1].values[p], StdOf(values), 1e-13 * StdOf(values));
      EXPECT_EQ(blocks[2].values[p], PercentileOf(values, 2.5));
      EXPECT_EQ(blocks[3].values[p], PercentileOf(values, 99.8));
    }
    EXPECT_TRUE(SameBits(blocks, CollectBlocks(requests, tensor, 8, tegula::testing::ShuffledExecutor(7, 5))));
    EXPECT_TRUE(SameBits(blocks, CollectBlocks(requests, tensor, 8, *NewThreadExecutor(3))));
    const std::vector<Statistic> whole = CollectWhole(requests, tensor);
    EXPECT_EQ(whole[2].values, blocks[2].values);
    EXPECT_EQ(whole[3].values, blocks[3].values);
    if (std::is_integral_v<T> && sizeof(T) <= 4) {
      EXPECT_TRUE(SameBits(blocks, whole));
    }
  }
}

TEST(Statistics, SkipNanAsTheReferenceDoes) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const Tensor tensor = testing::TensorOf<double>({1, kNan, 4, 7, kNan});
  const std::vector<Statistic> found =
      CollectWhole({RequestOf(Measure::kMean, 0, {true}), RequestOf(Measure::kStd, 0, {true}),
                    RequestOf(Measure::kStd, 0, {true}, true), RequestOf(Measure::kPercentile, 50, {true}),
                    RequestOf(Measure::kPercentileOfValues, 100, {true})},
                   tensor);
  EXPECT_EQ(found[0].values[0], 4);
  EXPECT_TRUE(std::isnan(found[1].values[0]));
  EXPECT_EQ(found[2].values[0], std::sqrt(18.0 / 5));
  EXPECT_EQ(found[3].values[0], 4);
  EXPECT_EQ(found[4].values[0], 7);
  const Tensor nothing = testing::TensorOf<float>({static_cast<float>(kNan)});
  for (const Statistic& statistic :
       CollectWhole({RequestOf(Measure::kMean, 0, {true}), RequestOf(Measure::kPercentile, 50, {true})}, nothing))
    EXPECT_TRUE(std::isnan(statistic.values[0]));
}

TEST(Statistics, OfAConstantImageAreExact) {
  Tensor tensor = Tensor::Allocate(DType::kF64, {999}).value();
  std::fill(tensor.values<double>().begin(), tensor.values<double>().end(), 0.1);
  const std::vector<Statistic> found =
      CollectBlocks({RequestOf(Measure::kMean, 0, {true}), RequestOf(Measure::kStd, 0, {true}),
                     RequestOf(Measure::kPercentile, 33, {true})},
                    tensor, 100, SerialExecutor());
  EXPECT_EQ(found[0].values[0], 0.1);
  EXPECT_EQ(found[1].values[0], 0);
  EXPECT_EQ(found[2].values[0], 0.1);
}

TEST(Statistics, OfIntegersFarFromZeroLoseNothing) {
  Tensor tensor = Tensor::Allocate(DType::kU32, {1000}).value();
  for (std::size_t i = 0; i < 1000; ++i) tensor.values<std::uint32_t>()[i] = 4294967294U + (i == 0 ? 1 : 0);
  const std::vector<Statistic> found =
      CollectWhole({RequestOf(Measure::kMean, 0, {true}), RequestOf(Measure::kStd, 0, {true})}, tensor);
  EXPECT_EQ(found[0].values[0], 4294967294.001);
  EXPECT_DOUBLE_EQ(found[1].values[0], std::sqrt(0.001 * 0.999));
}

TEST(Statistics, OfInfiniteValuesAreTheLimit) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor tensor = testing::TensorOf<float>({kInfinity, 0, -0.0F, kInfinity});
  const std::vector<Statistic> found =
      CollectWhole({RequestOf(Measure::kPercentile, 100, {true}), RequestOf(Measure::kPercentile, 0, {true}),
                    RequestOf(Measure::kStd, 0, {true})},
                   tensor);
  EXPECT_EQ(found[0].values[0], kInfinity);
  EXPECT_EQ(found[1].values[0], 0);
  EXPECT_TRUE(std::isnan(found[2].values[0]));
}

int PassesFor(DType dtype, std::vector<StatisticRequest> requests, const Shape& shape, int workers) {
  StatisticsCollector collector = StatisticsCollector::Make(std::move(requests), dtype, shape, 1, workers).value();
  int passes = 0;
  for (; !collector.done(); ++passes) collector.FinishPass();
  return passes;
}

TEST(StatisticsCollector, NeedsFewPasses) {
  const std::vector<bool> reduced = {false, true};
  const auto percentile = [&] {
    return std::vector<StatisticRequest>{RequestOf(Measure::kPercentile, 1, reduced),
                                         RequestOf(Measure::kPercentile, 99, reduced)};
  };
  EXPECT_EQ(PassesFor(DType::kF32, {}, {3, 1 << 20}, 1), 0);
  EXPECT_EQ(PassesFor(DType::kF32, {RequestOf(Measure::kMean, 0, reduced)}, {3, 1 << 20}, 1), 1);
  EXPECT_EQ(PassesFor(DType::kU8, percentile(), {3, 1 << 20}, 4), 1);
  EXPECT_EQ(PassesFor(DType::kU16, percentile(), {3, 1 << 20}, 4), 1);
  EXPECT_EQ(PassesFor(DType::kF32, percentile(), {3, 1 << 20}, 4), 2);
  EXPECT_EQ(PassesFor(DType::kF64, percentile(), {3, 1 << 20}, 4), 4);
  EXPECT_EQ(PassesFor(DType::kF32, percentile(), {500, 1 << 20}, 4), 3);
  EXPECT_EQ(PassesFor(DType::kU16, percentile(), {2000, 1 << 20}, 4), 2);
}

TEST(StatisticsCollector, RefusesMorePositionsThanFitIntoMemory) {
  const auto error = [](DType dtype, Measure measure, const Shape& shape) {
    return StatisticsCollector::Make({RequestOf(measure, 50, {true, false, false})}, dtype, shape, 100, 2).error();
  };
  EXPECT_EQ(error(DType::kU8, Measure::kPercentile, {1, 100'000, 100'000}).code, Code::kExhausted);
  EXPECT_EQ(error(DType::kF32, Measure::kMean, {1, 100'000, 100'000}).code, Code::kExhausted);
  EXPECT_EQ(error(DType::kF32, Measure::kPercentile, {1, INT64_MAX / 2, INT64_MAX / 2}).code, Code::kExhausted);
  EXPECT_EQ(StatisticsCollector::Make({RequestOf(Measure::kMean, 0, {true})}, DType::kU8, {2, 2}, 1, 1).error().code,
            Code::kInvalid);
  EXPECT_EQ(
      StatisticsCollector::Make({RequestOf(Measure::kPercentile, 101, {true})}, DType::kU8, {2}, 1, 1).error().code,
      Code::kInvalid);
}

spec::TensorDescription TensorWith(std::string id, std::vector<spec::OpDescription> ops) {
  spec::TensorDescription tensor;
  tensor.id = std::move(id);
  for (const char* axis : {"batch", "channel", "y", "x"}) {
    tensor.axes.emplace_back();
    tensor.axes.back().id = axis;
  }
  tensor.ops = std::move(ops);
  return tensor;
}

// Two machines with one half of the blocks each, which exchange what they counted.
template <class T>
void CheckMachines(const std::vector<StatisticRequest>& requests) {
  const Shape shape{2, 48, 50};
  const Tensor tensor = testing::RandomTensor<T>(shape, 5);
  constexpr std::int64_t kRows = 7, kBlocks = 7;
  const auto make = [&] { return StatisticsCollector::Make(requests, DTypeOf<T>(), shape, kBlocks, 2).value(); };
  const auto add = [&](StatisticsCollector& collector, std::int64_t block) {
    const std::int64_t begin = block * kRows, size = std::min(kRows, shape[1] - begin);
    const std::vector<std::int64_t> at = {0, begin, 0};
    collector.Add(block, at, tensor.view().Slice(1, begin, size), static_cast<int>(block % 2));
  };
  StatisticsCollector alone = make(), one = make(), other = make();
  while (!alone.done()) {
    for (std::int64_t block = 0; block < kBlocks; ++block) {
      add(alone, block);
      add(block < 3 ? one : other, block);
    }
    const std::string of_one = one.Partial(), of_other = other.Partial();
    ASSERT_TRUE(one.Merge(of_other).ok());
    ASSERT_TRUE(other.Merge(of_one).ok());
    for (StatisticsCollector* collector : {&alone, &one, &other}) collector->FinishPass();
  }
  EXPECT_TRUE(one.done() && other.done());
  const std::vector<Statistic> expected = alone.Take(), first = one.Take(), second = other.Take();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(first[i].values, expected[i].values);
    EXPECT_EQ(second[i].values, expected[i].values);
  }
}

TEST(StatisticsCollector, MachinesThatShareTheBlocksGetTheSameNumbersAsOne) {
  for (const std::vector<bool>& reduced : {std::vector<bool>{false, true, true}, std::vector<bool>{true, true, true}}) {
    const std::vector<StatisticRequest> requests = {
        RequestOf(Measure::kMean, 0, reduced), RequestOf(Measure::kStd, 0, reduced),
        RequestOf(Measure::kPercentile, 12.5, reduced), RequestOf(Measure::kPercentile, 99, reduced)};
    CheckMachines<std::uint8_t>(requests);
    CheckMachines<std::int16_t>(requests);
    CheckMachines<std::uint32_t>(requests);
    CheckMachines<float>(requests);
    CheckMachines<double>(requests);
  }
}

TEST(StatisticsCollector, PartialStatisticsOfSomethingElseAndDamagedOnesAreRefused) {
  const std::vector<StatisticRequest> requests = {RequestOf(Measure::kMean, 0, {true}),
                                                  RequestOf(Measure::kPercentile, 50, {true})};
  const auto make = [&](double percentile, DType dtype) {
    std::vector<StatisticRequest> wanted = requests;
    wanted[1].percentile = percentile;
    return StatisticsCollector::Make(wanted, dtype, {100}, 1, 1).value();
  };
  const Tensor tensor = testing::RandomTensor<float>({100}, 1);
  const std::vector<std::int64_t> origin = {0};
  StatisticsCollector counted = make(50, DType::kF32);
  counted.Add(0, origin, tensor.view(), 0);
  const std::string partial = counted.Partial();
  EXPECT_EQ(make(51, DType::kF32).Merge(partial).error().code, Code::kInvalid);
  EXPECT_EQ(make(50, DType::kF64).Merge(partial).error().code, Code::kInvalid);
  EXPECT_EQ(make(50, DType::kF32).Merge("").error().code, Code::kInvalid);
  EXPECT_TRUE(make(50, DType::kF32).Merge(partial).ok());
  EXPECT_EQ(counted.Merge(partial).error().code, Code::kInvalid);  // block 0 twice
  for (std::size_t size = 64; size < partial.size(); ++size)
    EXPECT_FALSE(make(50, DType::kF32).Merge(std::string_view(partial).substr(0, size)).ok());
  EXPECT_EQ(make(50, DType::kF32).Merge(partial + "x").error().code, Code::kCorrupt);
}

TEST(RequiredStatistics, ListsEachRequestOfRawInputsOnce) {
  const spec::StatisticAxes yx = std::vector<std::string>{"y", "x"};
  spec::ModelDescription model;
  model.inputs.push_back(TensorWith("raw", {spec::ZeroMeanUnitVariance{yx, 1e-6}, spec::ZeroMeanUnitVariance{yx, 1e-3},
                                            spec::Clip{{}, {}, 1, {}, yx}}));
  model.inputs.push_back(TensorWith("other", {spec::ScaleRange{{}, 1, 99, 1e-6, "raw"}}));
  model.outputs.push_back(TensorWith("out", {spec::Sigmoid{}, spec::ScaleRange{{}, 1, 99, 1e-6, "raw"}}));
  const std::vector<StatisticRequest> requests = RequiredStatistics(model).value();
  ASSERT_EQ(requests.size(), 5U);
  const std::vector<std::string> axes = {"batch", "channel", "y", "x"};
  EXPECT_EQ(requests[0], (StatisticRequest{Measure::kMean, 0, "raw", {false, false, true, true}, axes}));
  EXPECT_EQ(requests[1].measure, Measure::kStd);
  EXPECT_EQ(requests[2], (StatisticRequest{Measure::kPercentileOfValues, 1, "raw", {false, false, true, true}, axes}));
  EXPECT_EQ(requests[3], (StatisticRequest{Measure::kPercentile, 1, "raw", {true, true, true, true}, axes, true}));
  EXPECT_EQ(requests[4].percentile, 99);
}

TEST(RequiredStatistics, AreThoseOfWholeOutputsToo) {
  spec::ModelDescription model;
  model.inputs.push_back(TensorWith("raw", {spec::ZeroMeanUnitVariance{std::vector<std::string>{"y", "x"}, 1e-6}}));
  model.outputs.push_back(
      TensorWith("out", {spec::ScaleMeanVariance{"raw", std::vector<std::string>{"y", "x"}, 1e-6}}));
  const std::vector<StatisticRequest> requests = RequiredStatistics(model).value();
  EXPECT_EQ(RequestsOf("raw", requests).size(), 2U);
  EXPECT_EQ(RequestsOf("out", requests).size(), 2U);
}

TEST(RequiredStatistics, RefusesThoseOfOutputsBeforeTheNetworkAndOfWhatDoesNotExist) {
  spec::ModelDescription model;
  model.inputs.push_back(TensorWith("raw", {}));
  model.outputs.push_back(TensorWith("out", {}));
  const auto error_of = [&](spec::OpDescription op, bool is_input) {
    (is_input ? model.inputs : model.outputs).front().ops = {std::move(op)};
    Error error = RequiredStatistics(model).error();
    (is_input ? model.inputs : model.outputs).front().ops.clear();
    return error;
  };
  EXPECT_THAT(error_of(spec::ScaleRange{{}, 0, 100, 1e-6, "out"}, true).what,
              HasSubstr("tensor raw refers to tensor out, which is not known before the network"));
  EXPECT_EQ(error_of(spec::ScaleRange{{}, 0, 100, 1e-6, "nowhere"}, true).code, Code::kInvalid);
  EXPECT_THAT(error_of(spec::ZeroMeanUnitVariance{std::vector<std::string>{"z"}, 1e-6}, true).what,
              HasSubstr("axis z of tensor raw, which has the axes batch, channel, y, x"));
}

}  // namespace
}  // namespace tegula::ops
