#include "tegula/image/companions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::image {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Companions : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {"a.mrxs", "a.tif", "s.vms", "s(0,0).jpg", "s_macro.jpg", "other.jpg", "1.dcm", "2.DCM"})
      ASSERT_TRUE(WriteFileWhole(folder_.path() / file, "").ok());
    ASSERT_TRUE(MakeFolders(folder_.path() / "a").ok());
  }
  std::vector<std::string> Of(const char* name) const {
    std::vector<std::string> names;
    const std::vector<Path> companions = CompanionsOf((folder_.path() / name).string()).value();
    for (const Path& path : companions) names.push_back(path.filename().string());
    return names;
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(Companions, SlidesOfSeveralFilesHaveThem) {
  EXPECT_THAT(Of("a.mrxs"), ElementsAre("a"));
  EXPECT_THAT(Of("s.vms"), ElementsAre("s(0,0).jpg", "s_macro.jpg"));
  EXPECT_THAT(Of("1.dcm"), ElementsAre("2.DCM"));
}

TEST_F(Companions, OtherImagesAndWhatIsNoFileHaveNone) {
  EXPECT_THAT(Of("a.tif"), IsEmpty());
  EXPECT_THAT(CompanionsOf("synthetic:noise,height=9").value(), IsEmpty());
}

TEST_F(Companions, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(CompanionsOf((folder_.path() / "no" / "a.mrxs").string()).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace tegula::image
