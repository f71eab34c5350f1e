#include "tegula/ops/statistics_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tegula::ops {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kAxes = {"batch", "channel", "y", "x"};

StatisticRequest Request(Measure measure, std::vector<bool> reduced, double percentile = 0) {
  const bool of_dataset = reduced[0];
  return {measure, percentile, "raw", std::move(reduced), kAxes, of_dataset};
}

Statistics Some() {
  Statistics statistics;
  statistics.Set({Request(Measure::kMean, {false, false, true, true}), Shape{1, 3, 1, 1}, {0.1, 1.0 / 3, 1e300}});
  statistics.Set({Request(Measure::kStd, {false, true, true, true}), Shape{1, 1, 1, 1}, {2.5}});
  statistics.Set({Request(Measure::kStd, {true, true, true, true}), Shape{1, 1, 1, 1}, {7}});
  statistics.Set({Request(Measure::kPercentile, {true, true, true, true}, 99.8), Shape{1, 1, 1, 1}, {12}});
  statistics.Set({Request(Measure::kPercentileOfValues, {false, false, true, true}, 1), Shape{1, 3, 1, 1}, {1, 2, 3}});
  return statistics;
}

std::vector<StatisticRequest> RequestsOf(const Statistics& statistics) {
  std::vector<StatisticRequest> requests;
  for (const Statistic& statistic : statistics.all()) requests.push_back(statistic.request);
  return requests;
}

TEST(StatisticsFile, GivesBackWhatWasSavedToTheLastDigit) {
  const Statistics saved = Some();
  const Statistics loaded = StatisticsFromJson(StatisticsToJson(saved), RequestsOf(saved)).value();
  ASSERT_EQ(loaded.all().size(), saved.all().size());
  for (std::size_t i = 0; i < saved.all().size(); ++i) {
    EXPECT_EQ(loaded.all()[i].request, saved.all()[i].request);
    EXPECT_EQ(loaded.all()[i].values, saved.all()[i].values);
    EXPECT_EQ(loaded.all()[i].shape, saved.all()[i].shape);
  }
}

TEST(StatisticsFile, ReadsWhatTheReferenceWrites) {
  // bioimageio.core 0.11, save_stat
  constexpr std::string_view kText = R"([
    {"measure": {"name": "quantile", "member_id": "raw", "scope": "dataset", "q": 0.998, "axes": null}, "value": 12.0},
    {"measure": {"name": "mean", "member_id": "raw", "scope": "sample", "axes": ["x", "y"]},
     "value": {"data": [[0.5, 1.5, 2.5]], "dims": ["batch", "channel"]}}])";
  const Statistics statistics =
      StatisticsFromJson(kText, {Request(Measure::kMean, {false, false, true, true}),
                                 Request(Measure::kPercentile, {true, true, true, true}, 99.8)})
          .value();
  EXPECT_EQ(statistics.all()[0].values, (std::vector<double>{0.5, 1.5, 2.5}));
  EXPECT_EQ(statistics.all()[0].shape, (Shape{1, 3, 1, 1}));
  EXPECT_EQ(statistics.all()[1].values, std::vector<double>{12});
}

TEST(StatisticsFile, NamesWhatIsMissing) {
  const Result<Statistics> loaded =
      StatisticsFromJson(StatisticsToJson(Some()), {Request(Measure::kMean, {true, true, true, true})});
  EXPECT_EQ(loaded.error().code, Code::kNotFound);
  EXPECT_THAT(loaded.error().what, HasSubstr("\"name\":\"mean\""));
}

TEST(StatisticsFile, RefusesWhatIsNoStatistic) {
  const std::vector<StatisticRequest> wanted = {Request(Measure::kMean, {false, false, true, true})};
  const auto value = [&](const std::string& text) {
    return StatisticsFromJson(
        R"([{"measure": {"name": "mean", "member_id": "raw", "scope": "sample", "axes": ["y", "x"]}, "value": )" +
            text + "}]",
        wanted);
  };
  EXPECT_TRUE(value(R"({"data": [[1, 2]], "dims": ["batch", "channel"]})").ok());
  EXPECT_EQ(value(R"({"data": [[1, 2], [3]], "dims": ["batch", "channel"]})").error().code, Code::kCorrupt);
  EXPECT_EQ(value(R"({"data": [1, "x"], "dims": ["channel"]})").error().code, Code::kCorrupt);
  EXPECT_EQ(value(R"({"data": [1, 2], "dims": ["y"]})").error().code, Code::kInvalid);
  EXPECT_EQ(value(R"({"data": [[[1]]], "dims": ["batch"]})").error().code, Code::kCorrupt);
  EXPECT_EQ(StatisticsFromJson("{", wanted).error().code, Code::kCorrupt);
  EXPECT_EQ(StatisticsFromJson("{}", wanted).error().code, Code::kCorrupt);
  EXPECT_EQ(StatisticsFromJson(std::string(100'000, '['), wanted).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::ops
