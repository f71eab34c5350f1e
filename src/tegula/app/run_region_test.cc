#include "tegula/app/run_region.h"

#include <gtest/gtest.h>

#include "tegula/app/areas.h"

namespace tegula::app {
namespace {

constexpr const char* kTriangle = R"({"type":"Polygon","coordinates":[[[0,0],[8,0],[8,8],[0,0]]]})";

TEST(ParseRectangle, TakesFourWholeNumbers) {
  EXPECT_EQ(ParseRectangle("10, 20,30,40"), (Box{{20, 60}, {10, 40}}));
  EXPECT_EQ(ParseRectangle("-5,-6,7,8"), (Box{{-6, 2}, {-5, 2}}));
  for (const char* text : {"", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,-4", "1,2,3,x", "1.5,2,3,4", "1,2,3,9999999999"})
    EXPECT_FALSE(ParseRectangle(text)) << text;
}

class Region : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& content) {
    const Path path = folder_.path() / name;
    EXPECT_TRUE(WriteFileWhole(path, content).ok());
    return path.string();
  }
  static RegionRequest Parse(const std::vector<std::string>& words, std::size_t images = 1) {
    return RegionRequest::Parse(words, images).value();
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(Region, WithoutAWordIsAllOfTheImage) {
  const RegionRequest all = Parse({}, 5);
  EXPECT_TRUE(all.is_all());
  EXPECT_EQ(all.key(), "all of the image");
}

TEST_F(Region, WordsAddUp) {
  const std::string file = File("a.geojson", kTriangle);
  const RegionRequest request = Parse({"1,2,3,4", file, "tissue"});
  EXPECT_FALSE(request.is_all());
  EXPECT_TRUE(request.wants_tissue());
  EXPECT_FALSE(request.tissue_threshold());
  EXPECT_EQ(request.areas().size(), 2U);
  EXPECT_TRUE(request.Reads(folder_.path() / "." / "a.geojson"));
  EXPECT_FALSE(request.Reads(folder_.path() / "b.geojson"));
  EXPECT_EQ(Parse({"tissue=0.25"}).tissue_threshold(), 0.25);
}

TEST_F(Region, AnotherContentOfAFileIsAnotherRegion) {
  const std::string file = File("a.GeoJSON", kTriangle);
  const std::string before = Parse({file}).key();
  EXPECT_EQ(Parse({file}).key(), before);
  File("a.GeoJSON", R"({"type":"Polygon","coordinates":[[[0,0],[8,0],[8,9],[0,0]]]})");
  EXPECT_NE(Parse({file}).key(), before);
}

TEST_F(Region, OutlinesBelongToOneImage) {
  EXPECT_EQ(RegionRequest::Parse({File("a.geojson", kTriangle)}, 2).error().code, Code::kInvalid);
  EXPECT_EQ(Parse({"1,2,3,4", "tissue"}, 2).areas().size(), 1U);
}

TEST_F(Region, WhatIsNoneIsNamed) {
  for (const char* word : {"", "tissue=", "tissue=x", "tissue=inf", "tissuesample", "1,2", "a.png"}) {
    const Result<RegionRequest> request = RegionRequest::Parse({word}, 1);
    ASSERT_FALSE(request.ok()) << word;
    EXPECT_NE(request.error().what.find(std::string("--region ") + word), std::string::npos) << request.error().what;
  }
}

}  // namespace
}  // namespace tegula::app
