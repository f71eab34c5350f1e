// Percentiles of 16-bit integers leave most values uncounted; here they are held against sorting them all.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tegula/ops/settled_range.h"
#include "tegula/ops/statistics.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

constexpr std::int64_t kChannels = 2, kRows = 300, kColumns = 1000, kBlockRows = 20;

StatisticRequest Percentile(double percentile, Measure measure = Measure::kPercentile) {
  StatisticRequest request;
  request.measure = measure;
  request.percentile = percentile;
  request.tensor_id = "raw";
  request.axes = {"channel", "y", "x"};
  request.reduced = {false, true, true};
  return request;
}

const std::vector<std::vector<StatisticRequest>> kWanted = {
    {Percentile(1), Percentile(99.8)},
    {Percentile(99.8), Percentile(0.3), Percentile(50)},
    {Percentile(0), Percentile(100)},
    {Percentile(50)},
    {Percentile(99.9)},
    {Percentile(3, Measure::kPercentileOfValues), Percentile(3), Percentile(3.0001), Percentile(70)}};

template <class T>
class SixteenBits : public ::testing::Test {
 protected:
  // A channel's values, in the order in which they come.
  using Values = std::vector<T>;

  static T ValueOf(std::uint64_t bits) { return static_cast<T>(static_cast<std::uint16_t>(bits)); }

  static std::vector<std::pair<std::string, Values>> Orders() {
    const Tensor random = testing::RandomTensor<T>({kRows * kColumns}, 11);
    const auto begin = random.view().as<T>();
    std::vector<std::pair<std::string, Values>> orders{{"random", Values(begin, begin + kRows * kColumns)}};
    Values values = orders[0].second;
    std::sort(values.begin(), values.end());
    orders.emplace_back("ascending", values);
    std::reverse(values.begin(), values.end());
    orders.emplace_back("descending", values);
    std::fill(values.begin(), values.end(), ValueOf(40'000));
    orders.emplace_back("constant", values);
    for (std::size_t i = 0; i < values.size(); ++i)  // first all dark, then all bright, then the ends of all
      values[i] = ValueOf(i < values.size() / 3 ? i % 100 : i < values.size() / 2 ? 65'000 + i % 500 : i % 2 * 65'535);
    orders.emplace_back("as the least and the most at last", values);
    return orders;
  }

  static double Expected(const Values& values, const StatisticRequest& request) {
    const Ranks ranks = RanksOf(request.measure, request.percentile, static_cast<std::int64_t>(values.size()));
    return Interpolate(static_cast<double>(values[static_cast<std::size_t>(ranks.low)]),
                       static_cast<double>(values[static_cast<std::size_t>(ranks.high)]), ranks.weight);
  }

  // Channel 0 has the values, channel 1 the same from behind; `rows` are all there is of room for more.
  static std::vector<Statistic> Collect(const Values& values, const std::vector<StatisticRequest>& wanted, int workers,
                                        std::int64_t room_rows, bool in_parts) {
    Tensor tensor = Tensor::Allocate(DTypeOf<T>(), {kChannels, kRows, kColumns}).value();
    T* const to = tensor.template values<T>().data();
    std::copy(values.begin(), values.end(), to);
    std::reverse_copy(values.begin(), values.end(), to + values.size());
    const auto make = [&] {
      return StatisticsCollector::Make(wanted, DTypeOf<T>(), {kChannels, room_rows, kColumns}, kRows / kBlockRows,
                                       workers)
          .value();
    };
    StatisticsCollector one = make(), other = make();
    for (std::int64_t block = 0; block < kRows / kBlockRows; ++block) {
      const std::int64_t begin[] = {0, block * kBlockRows, 0};
      (in_parts && block % 3 == 1 ? other : one)
          .Add(block, begin, std::as_const(tensor).view().Slice(1, begin[1], kBlockRows),
               static_cast<int>(block % workers));
    }
    if (in_parts) {
      EXPECT_TRUE(one.Merge(other.Partial()).ok());
    }
    one.FinishPass();
    EXPECT_TRUE(one.done());
    return one.Take();
  }
};
using Types = ::testing::Types<std::uint16_t, std::int16_t>;
TYPED_TEST_SUITE(SixteenBits, Types);

TYPED_TEST(SixteenBits, HaveTheirExactPercentilesInWhateverOrderTheyCome) {
  for (const auto& [order, values] : this->Orders()) {
    std::vector<TypeParam> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (const std::vector<StatisticRequest>& wanted : kWanted)
      for (const int workers : {1, 3})
        for (const bool in_parts : {false, true})
          for (const std::int64_t room : {kRows, 2 * kRows}) {  // an outline may leave pixels out
            const std::vector<Statistic> found = this->Collect(values, wanted, workers, room, in_parts);
            for (std::size_t i = 0; i < wanted.size(); ++i)
              for (const double value : found[i].values)
                EXPECT_EQ(value, this->Expected(sorted, wanted[i]))
                    << order << ", percentile " << wanted[i].percentile << ", " << workers << " workers";
          }
  }
}

TEST(WidestSpace, IsBetweenThePercentilesThatAreFarthestApart) {
  const SettlingCounts ends = WidestSpace(std::vector{Percentile(99), Percentile(1)}, 1001);
  EXPECT_EQ(ends.below, 12);
  EXPECT_EQ(ends.above, 11);
  const SettlingCounts high = WidestSpace(std::vector{Percentile(90), Percentile(99)}, 1001);
  EXPECT_EQ(high.below, 0);
  EXPECT_EQ(high.above, 101);
}

TEST(SettledRange, GrowsAndCopiesWhatLiesOutside) {
  std::vector<std::int64_t> counts(1 << 16);
  for (std::size_t i = 0; i < 100; ++i) counts[i] = 10;
  SettledRange range;
  range.Start(1000);
  range.Settle(counts, {2000, 5}, 1000);
  EXPECT_TRUE(range.empty());
  range.Settle(counts, {95, 95}, 1000);
  EXPECT_FALSE(range.empty());
  std::vector<std::uint16_t> values(100), outside(108);
  std::iota(values.begin(), values.end(), 0);
  const std::size_t kept = range.Outside(values.data(), values.size(), 0, outside.data());
  outside.resize(kept);
  std::vector<std::uint16_t> expected;
  for (std::uint16_t value = 0; value < 100; ++value)
    if (value < 10 || value > 89) expected.push_back(value);
  EXPECT_EQ(outside, expected);
  std::fill(counts.begin(), counts.end(), 0);
  range.AddSkippedTo(counts);
  EXPECT_EQ(counts[10], 80);
}

}  // namespace
}  // namespace tegula::ops
