#include <gtest/gtest.h>

#include <atomic>
#include <numeric>

#include "tegula/core/executor.h"
#include "tegula/core/interval.h"
#include "tegula/core/rational.h"
#include "tegula/core/status.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/core/text.h"

namespace tegula {
namespace {

Result<int> Half(int i) {
  if (i % 2 != 0) return InvalidError(std::to_string(i) + " is odd");
  return i / 2;
}

Result<int> Quarter(int i) {
  TEGULA_ASSIGN_OR_RETURN(const int half, Half(i).Context("half"));
  return Half(half).Context("quarter");
}

TEST(Result, CarriesAValueOrTheFirstErrorWithItsContexts) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(ToString(Quarter(6).error()), "quarter: 3 is odd");
  EXPECT_EQ(ToString(Quarter(5).error()), "half: 5 is odd");
}

TEST(Guarded, TurnsForeignExceptionsIntoErrorsThatNameTheLibrary) {
  const Status thrown = Guarded("libfoo", []() -> Status { throw std::runtime_error("no such operator"); });
  ASSERT_FALSE(thrown.ok());
  EXPECT_EQ(thrown.error().what, "libfoo: no such operator");
  EXPECT_EQ(Guarded("libfoo", []() -> Status { throw std::bad_alloc(); }).error().code, Code::kExhausted);
}

TEST(Interval, IntersectionIsTheCommonPart) {
  EXPECT_EQ(Intersect(Interval{0, 10}, Interval{5, 20}), (Interval{5, 10}));
  EXPECT_TRUE(Intersect(Interval{0, 5}, Interval{7, 9}).empty());
}

TEST(FloorDiv, RoundsTowardsMinusInfinity) {
  EXPECT_EQ(FloorDiv(-1, 4), -1);
  EXPECT_EQ(FloorDiv(-4, 4), -1);
  EXPECT_EQ(FloorDiv(7, 4), 1);
  EXPECT_EQ(CeilDiv(-1, 4), 0);
  EXPECT_EQ(CeilDiv(5, 4), 2);
}

TEST(Rational, ApproximatesRatiosOfDecimalScales) {
  EXPECT_EQ(Rational::Approximate(0.499 / 0.499).value(), (Rational{1, 1}));
  EXPECT_EQ(Rational::Approximate(0.1 / 0.3).value(), (Rational{1, 3}));
  EXPECT_EQ(Rational::Approximate(2.0).value(), (Rational{2, 1}));
  EXPECT_FALSE(Rational::Approximate(0.0).ok());
  EXPECT_FALSE(Rational::Approximate(-1.0).ok());
}

TEST(Executor, DoesEveryItemOnceOnAnyNumberOfWorkers) {
  for (const int workers : {1, 2, 8}) {
    std::vector<std::atomic<int>> done(1000);
    NewThreadExecutor(workers)->ForEach(1000, [&](std::int64_t item, int worker) {
      EXPECT_LT(worker, workers);
      ++done[static_cast<std::size_t>(item)];
    });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
}

TEST(Executor, ShuffledDoesEveryItemOnce) {
  std::vector<int> done(100);
  testing::ShuffledExecutor(7, 4).ForEach(100, [&](std::int64_t item, int) { ++done[static_cast<std::size_t>(item)]; });
  EXPECT_EQ(std::accumulate(done.begin(), done.end(), 0), 100);
}

TEST(ForEach, ReturnsTheFailureOfTheSmallestItemAndStops) {
  const Status status = ForEach(SerialExecutor(), 10, {}, [](std::int64_t item, int) -> Status {
    if (item >= 3) return InvalidError("item " + std::to_string(item));
    return Ok();
  });
  EXPECT_EQ(status.error().what, "item 3");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(ForEach(SerialExecutor(), 10, stop.get_token(), [](std::int64_t, int) { return Ok(); }).error().code,
            Code::kCancelled);
}

TEST(ParseInt, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInt("42"), 42);
  EXPECT_EQ(ParseInt("+7"), 7);
  EXPECT_FALSE(ParseInt("42x"));
  EXPECT_FALSE(ParseInt(""));
  EXPECT_FALSE(ParseInt("99999999999999999999"));
  EXPECT_EQ(ParseDouble("1e-3"), 1e-3);
  EXPECT_FALSE(ParseDouble("1,5"));
}

TEST(HumanBytes, KeepsThreeDigits) {
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1234567), "1.23 MB");
  EXPECT_EQ(HumanBytes(123456789012), "123 GB");
}

}  // namespace
}  // namespace tegula
