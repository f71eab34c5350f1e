#include "tegula/app/cell_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tegula::app {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr objects::MapFrame kFrame{.pixel_size = objects::MapFrame::PixelSize{0.5, 0.5}};

struct Made {
  objects::MeasurementPlan nucleus;
  CellColumns columns;
};

Made Make(const objects::MeasureOptions& options, const objects::MeasuredChannels& channels) {
  const objects::MeasurementPlan nucleus = objects::MeasurementPlan::Create(options, channels, kFrame).value();
  return {nucleus, CellColumns::Create(nucleus, options, channels).value()};
}

TEST(CellColumns, AreCalledAsQuPathCallsThem) {
  const objects::MeasureOptions options{
      .shape = true, .intensity = true, .neighbours = true, .percentiles = {95}, .neighbour_radius = 50};
  const std::vector<std::string> names =
      Make(options, {.map = {"nuclei"}, .image = {"DAPI", "nuclei"}, .labels_are_channels = true}).columns.Names();
  for (const char* const name :
       {"Nucleus: Area µm^2", "Cell: Area µm^2", "Nucleus/Cell area ratio", "Nucleus: Circularity", "Cell: Solidity",
        "Cell: Max diameter µm", "DAPI: Nucleus: Mean", "DAPI: Cell: Mean", "DAPI: Cytoplasm: Mean",
        "DAPI: Cytoplasm: Percentile 95", "nuclei: Nucleus: Mean", "nuclei (image): Nucleus: Std.Dev.",
        "nuclei (image): Cell: Mean", "nuclei (image): Cytoplasm: Max", "Class probability",
        "Nearest neighbour distance µm", "Neighbours within 50 µm"})
    EXPECT_THAT(names, Contains(name));
  for (const char* const name : {"nuclei: Cell: Mean", "Cytoplasm: Area µm^2", "Cell: Nearest neighbour distance µm"})
    EXPECT_THAT(names, Not(Contains(name)));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(CellColumns, SayOnceHowACellWasFound) {
  const auto made = Make({}, {.has_numbers = true, .has_scores = true});
  EXPECT_FALSE(made.columns.measures_cytoplasm());
  const std::vector<std::string> names = made.columns.Names();
  EXPECT_EQ(std::ranges::count(names, "Label"), 1);
  EXPECT_EQ(std::ranges::count(names, "Detection probability"), 1);
}

TEST(CellColumns, HaveAValueForEachName) {
  const auto [nucleus, columns] = Make({.intensity = true}, {.map = {"p"}, .image = {"DAPI"}});
  objects::MeasuredRegion inner{.region = {.area_px = 30}, .values = std::vector<double>(nucleus.columns(), 1)},
      cell{.region = {.area_px = 120}, .values = std::vector<double>(columns.cell().columns(), 2)};
  const std::vector<double> cytoplasm(columns.cytoplasm().columns(), 3);
  const std::vector<std::string> names = columns.Names();
  for (const bool has_cytoplasm : {true, false}) {
    const std::vector<double> values = columns.Values(inner, cell, has_cytoplasm ? cytoplasm : std::vector<double>());
    ASSERT_EQ(values.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      if (name == "Nucleus/Cell area ratio") {
        EXPECT_EQ(values[i], 0.25);
      } else if (name.find("Cytoplasm") == std::string::npos) {
        EXPECT_EQ(values[i], name.find("Nucleus") != std::string::npos ? 1 : 2) << name;
      } else if (has_cytoplasm) {
        EXPECT_EQ(values[i], 3) << name;
      } else {
        EXPECT_TRUE(std::isnan(values[i])) << name;
      }
    }
  }
}

}  // namespace
}  // namespace tegula::app
