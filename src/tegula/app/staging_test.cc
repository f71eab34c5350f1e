#include "tegula/app/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/core/folders.h"

namespace tegula::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunKey KeyOf(const char* image) {
  RunKey key;
  key.Add("image", image);
  return key;
}

class StagingTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path out_ = folder_.path() / "deep" / "out";
  std::vector<std::string> names_ = {"run.json", "pixels"};

  Result<Staging> Open(bool overwrite = false, const char* image = "a") const {
    return Staging::Open(out_, names_, overwrite, KeyOf(image));
  }
  // A complete run.
  static Status Make(Staging& staging, const char* content) {
    TEGULA_TRY(MakeFolders(staging.folder() / "pixels"));
    TEGULA_TRY(WriteFileWhole(staging.folder() / "pixels" / "0", content));
    return WriteFileWhole(staging.folder() / "run.json", content);
  }
  std::string Content(const char* name) const { return ReadFile(out_ / name, 100).value(); }
  std::vector<std::string> Results() const { return NamesIn(out_).value(); }
};

TEST_F(StagingTest, ResultsAppearTogetherAndNothingElseStays) {
  Staging staging = Open().value();
  ASSERT_TRUE(Make(staging, "1").ok());
  EXPECT_FALSE(std::filesystem::exists(out_ / "run.json"));
  ASSERT_TRUE(staging.Commit().ok());
  const Staging gone = std::move(staging);
  EXPECT_EQ(Content("pixels/0"), "1");
}

TEST_F(StagingTest, AfterAnErrorNothingStaysUnlessItIsKept) {
  { const Staging staging = Open().value(); }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "deep"));
  {
    Staging staging = Open().value();
    staging.Keep();
  }
  EXPECT_THAT(Results(), ElementsAre(".tegula-partial"));
  {
    Staging staging = Open().value();
    EXPECT_TRUE(staging.is_continued());
    staging.Discard();
  }
  EXPECT_TRUE(Results().empty());
}

TEST_F(StagingTest, OneAtATimeIsAtWorkInAFolder) {
  std::optional<Staging> first = Open().value();
  const Result<Staging> second = Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kIo);
  EXPECT_THAT(second.error().what, HasSubstr("another process is making results in " + out_.string()));
  EXPECT_FALSE(Open(true).ok());  // least of all by overwriting
  EXPECT_TRUE(std::filesystem::exists(first->folder() / ".run-key.json"));
  first.reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(StagingTest, AnotherRunDoesNotGoOnAndSaysWhatDiffers) {
  {
    Staging staging = Open().value();
    staging.Keep();
  }
  const Result<Staging> other = Open(false, "b");
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().what, HasSubstr("the image is b here and was a"));
  EXPECT_FALSE(Open(true, "b").value().is_continued());
}

TEST_F(StagingTest, WhatWasBeingWrittenByAKilledRunGoes) {
  {
    Staging staging = Open().value();
    staging.Keep();
    ASSERT_TRUE(Make(staging, "1").ok());
    ASSERT_TRUE(WriteFileWhole(staging.folder() / "pixels" / ".1.99.9.partial", "half").ok());
  }
  Staging staging = Open().value();
  EXPECT_THAT(NamesIn(staging.folder() / "pixels").value(), ElementsAre("0"));
}

TEST_F(StagingTest, ResultsThatAreThereAreReplacedOnlyOnRequest) {
  {
    Staging staging = Open().value();
    ASSERT_TRUE(Make(staging, "1").ok());
    ASSERT_TRUE(staging.Commit().ok());
  }
  ASSERT_TRUE(WriteFileWhole(out_ / "objects", "1").ok());
  EXPECT_THAT(Open().error().what, HasSubstr("is there already"));
  {
    Staging staging = Open(true).value();
    ASSERT_TRUE(Make(staging, "2").ok());
    EXPECT_EQ(Content("run.json"), "1");
    ASSERT_TRUE(staging.Commit({"objects", "pixels"}).ok());
  }
  EXPECT_EQ(Content("pixels/0"), "2");
  EXPECT_THAT(Results(), ElementsAre("pixels", "run.json"));
}

// A commit that was cut off after any number of its moves.
TEST_F(StagingTest, ACommitThatWasCutOffIsFinished) {
  for (int moved = 0; moved <= 2; ++moved) {
    {
      Staging staging = Open(true).value();
      staging.Keep();
      ASSERT_TRUE(Make(staging, "new").ok());
      ASSERT_TRUE(WriteFileWhole(staging.folder() / ".commit", "objects\n../escape\n").ok());
      for (int i = 0; i < moved; ++i) ASSERT_TRUE(Replace(staging.folder() / names_[1 - i], out_ / names_[1 - i]).ok());
    }
    ASSERT_TRUE(WriteFileWhole(out_ / "objects", "old").ok());
    ASSERT_TRUE(WriteFileWhole(out_ / ".." / "escape", "").ok());
    ASSERT_TRUE(Staging::FinishCutOff(out_).ok());
    EXPECT_EQ(Content("pixels/0"), "new") << moved;
    EXPECT_EQ(Content("run.json"), "new") << moved;
    EXPECT_EQ(std::filesystem::exists(out_ / "objects"), moved == 2) << moved;  // all was moved: only cleaning was left
    EXPECT_FALSE(std::filesystem::exists(out_ / ".tegula-partial")) << moved;
    EXPECT_TRUE(std::filesystem::exists(out_ / ".." / "escape"));
  }
  EXPECT_TRUE(Staging::FinishCutOff(out_).ok());
}

TEST_F(StagingTest, AFileIsNoFolderForResults) {
  ASSERT_TRUE(MakeFolders(out_.parent_path()).ok());
  ASSERT_TRUE(WriteFileWhole(out_, "").ok());
  EXPECT_THAT(Open().error().what, HasSubstr("is a file"));
}

}  // namespace
}  // namespace tegula::app
