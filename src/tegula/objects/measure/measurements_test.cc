#include "tegula/objects/measure/measurements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace tegula::objects {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> NamesOf(const MeasurementPlan& plan, std::string_view part = "") {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plan.columns(); ++i) names.push_back(plan.Name(i, part));
  return names;
}

MapFrame InMicrometres() { return {.scale_y = 2, .scale_x = 2, .pixel_size = MapFrame::PixelSize{0.25, 0.5}}; }

TEST(Measurements, HaveOneWayEachToBeComputedAndAMeaning) {
  std::set<std::string_view> names;
  for (const Measurement& what : Measurements()) {
    EXPECT_EQ((what.of_object != nullptr) + (what.of_channel != nullptr) + (what.of_neighbours != nullptr), 1)
        << what.name;
    EXPECT_FALSE(what.meaning.empty()) << what.name;
    EXPECT_TRUE(names.insert(what.name).second) << what.name;
  }
  for (const std::string_view name : MeasureGroupNames())
    EXPECT_EQ(MeasureGroupName(*MeasureGroupFromName(name)), name);
  EXPECT_FALSE(MeasureGroupFromName("colour"));
}

TEST(MeasurementPlan, NamesTheBasicMeasurementsAsQuPathDoes) {
  const auto plan = MeasurementPlan::Create({}, {.map = {"nucleus"}, .labels_are_channels = true}, InMicrometres());
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(NamesOf(*plan), ElementsAre("Area µm^2", "Centroid X µm", "Centroid Y µm", "Box X µm", "Box Y µm",
                                          "Box width µm", "Box height µm", "Class probability", "nucleus: Mean"));
  EXPECT_THAT(NamesOf(*plan, "Cell"), Contains("Cell: Area µm^2"));
  EXPECT_THAT(NamesOf(*plan, "Nucleus"), Contains("nucleus: Nucleus: Mean"));
  const auto in_pixels = MeasurementPlan::Create({}, {.map = {"nucleus"}}, {});
  EXPECT_THAT(NamesOf(*in_pixels), ElementsAre("Area px^2", "Centroid X px", "Centroid Y px", "Box X px", "Box Y px",
                                               "Box width px", "Box height px", "nucleus: Mean"));
}

TEST(MeasurementPlan, TellsChannelsOfOneNameApart) {
  const auto plan =
      MeasurementPlan::Create({.intensity = true}, {.map = {"DAPI", "DAPI"}, .image = {"DAPI", "FITC"}}, {});
  ASSERT_TRUE(plan.ok());
  for (const char* name : {"DAPI: Mean", "DAPI 2: Mean", "DAPI (image): Mean", "FITC: Median"})
    EXPECT_THAT(NamesOf(*plan), Contains(name));
  const std::vector<std::string> names = NamesOf(*plan);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(MeasurementPlan, ReadsTheImageOnlyForIntensities) {
  EXPECT_EQ(MeasurementPlan::Create({.shape = true}, {.map = {"a"}, .image = {"b"}}, {})->image_channels(), 0U);
  EXPECT_EQ(MeasurementPlan::Create({.intensity = true}, {.map = {"a"}, .image = {"b"}}, {})->image_channels(), 1U);
}

TEST(MeasurementPlan, FillsValuesInUnits) {
  MeasureOptions options{.shape = true, .intensity = true, .neighbours = true, .percentiles = {95}};
  options.neighbour_radius = 12.5;
  const auto plan =
      MeasurementPlan::Create(options, {.map = {"nucleus"}, .labels_are_channels = true}, InMicrometres());
  ASSERT_TRUE(plan.ok());
  Region region{.label = 0, .first = {2, 3}, .pixels = 6};
  region.polygons = {{{{2, 3}, {2, 6}, {4, 6}, {4, 3}, {2, 3}}, {}}};
  MeasureOutline(region);
  const ChannelStatistics statistics{.mean = 3, .deviation = 1, .min = 2, .max = 9, .sum = 18, .percentiles = {4, 8}};
  std::vector<double> values(plan->columns(), -1);
  plan->Fill(region, std::vector{statistics}, values);
  plan->FillNeighbours({7.5, 3}, values);
  const auto value = [&](std::string_view name) {
    for (std::size_t i = 0; i < plan->columns(); ++i)
      if (plan->Name(i) == name) return values[i];
    ADD_FAILURE() << "no " << name;
    return std::nan("");
  };
  EXPECT_EQ(value("Area µm^2"), 6 * 0.5 * 1);
  EXPECT_EQ(value("Centroid X µm"), 4.5 * 2 * 0.5);
  EXPECT_EQ(value("Centroid Y µm"), 3 * 2 * 0.25);
  EXPECT_EQ(value("Box X µm"), 3);
  EXPECT_EQ(value("Box height µm"), 1);
  EXPECT_EQ(value("Class probability"), 3);
  EXPECT_EQ(value("Length µm"), 2 * (3 * 1 + 2 * 0.5));
  EXPECT_EQ(value("Solidity"), 1);
  EXPECT_EQ(value("nucleus: Sum"), 18);
  EXPECT_EQ(value("nucleus: Median"), 4);
  EXPECT_EQ(value("nucleus: Percentile 95"), 8);
  EXPECT_EQ(value("Nearest neighbour distance µm"), 7.5);
  EXPECT_EQ(value("Neighbours within 12.5 µm"), 3);
  EXPECT_THAT(values, Not(Contains(-1)));
}

TEST(MeasurementPlan, RefusesWhatCannotBeMeasured) {
  EXPECT_THAT(MeasurementPlan::Create({.intensity = true, .percentiles = {101}}, {}, {}).error().what,
              HasSubstr("101 is no percentile"));
  EXPECT_THAT(MeasurementPlan::Create({.intensity = true, .percentiles = {5, 5}}, {}, {}).error().what,
              HasSubstr("asked for twice"));
  EXPECT_THAT(MeasurementPlan::Create({.neighbours = true}, {}, {}).error().what, HasSubstr("positive radius"));
}

}  // namespace
}  // namespace tegula::objects
