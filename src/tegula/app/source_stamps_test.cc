#include "tegula/app/source_stamps.h"

#include <gtest/gtest.h>

#include "tegula/core/files.h"
#include "tegula/core/folders.h"

namespace tegula::app {
namespace {

class Stamps : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  std::string At(const char* name) const { return (folder_.path() / name).string(); }
  void Write(const char* name, const char* content) const {
    ASSERT_TRUE(MakeFolders(Path(At(name)).parent_path()).ok());
    ASSERT_TRUE(WriteFileWhole(At(name), content).ok());
  }
  void MakeOlder(const char* name, int seconds) const {
    std::filesystem::last_write_time(At(name),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }
  SourceStamps Taken(const char* name) const {
    SourceStamps stamps{image::Access()};
    stamps.Add(At(name));
    return stamps;
  }
};

TEST_F(Stamps, AFileIsTheSameUntilItIsTouched) {
  Write("a", "content");
  MakeOlder("a", 5);
  const SourceStamps stamps = Taken("a");
  EXPECT_TRUE(stamps.IsAsItWas(At("a")).value());
  Write("a", "tnetnoc");
  EXPECT_FALSE(stamps.IsAsItWas(At("a")).value());
}

TEST_F(Stamps, AFileThatIsGoneIsNotTheSame) {
  Write("a", "content");
  const SourceStamps stamps = Taken("a");
  std::filesystem::remove(At("a"));
  EXPECT_FALSE(stamps.IsAsItWas(At("a")).value());
}

TEST_F(Stamps, AnyFileOfAFolderCounts) {
  Write("f/a", "content");
  Write("f/deep/b", "content");
  MakeOlder("f/a", 50);
  MakeOlder("f/deep/b", 40);
  const SourceStamps stamps = Taken("f");
  EXPECT_TRUE(stamps.IsAsItWas(At("f")).value());
  MakeOlder("f/a", 45);  // neither the number of bytes nor the latest time says so
  EXPECT_FALSE(stamps.IsAsItWas(At("f")).value());
}

TEST_F(Stamps, FilesThatChangedNamesAreNotTheSame) {
  Write("f/a", "content");
  const SourceStamps stamps = Taken("f");
  std::filesystem::rename(At("f/a"), At("f/b"));
  EXPECT_FALSE(stamps.IsAsItWas(At("f")).value());
}

TEST_F(Stamps, TheOtherFilesOfASlideCount) {
  Write("a.mrxs", "thumbnail");
  Write("a/Data0001.dat", "pixels");
  MakeOlder("a/Data0001.dat", 50);
  const SourceStamps stamps = Taken("a.mrxs");
  EXPECT_TRUE(stamps.IsAsItWas(At("a.mrxs")).value());
  MakeOlder("a/Data0001.dat", 40);
  EXPECT_FALSE(stamps.IsAsItWas(At("a.mrxs")).value());
}

TEST_F(Stamps, ALinkToNothingIsNoHindrance) {
  Write("f/a", "content");
  std::filesystem::create_symlink(At("f/missing"), At("f/link"));
  EXPECT_TRUE(StampOf(At("f"), {}).ok());
}

TEST_F(Stamps, WhatIsNoFileStandsForItself) {
  EXPECT_EQ(StampOf("synthetic:noise,height=9", {}).value(), "synthetic:noise,height=9");
  EXPECT_EQ(StampOf("0.5", {}).value(), "0.5");
}

}  // namespace
}  // namespace tegula::app
