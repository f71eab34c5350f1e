#include "tegula/core/folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tegula/core/system_error.h"

namespace tegula {
namespace {

using ::testing::ElementsAre;

class Folders : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path At(const char* name) const { return folder_.path() / name; }
  void Make(const char* folder, const char* content) const {
    ASSERT_TRUE(MakeFolders(At(folder)).ok());
    ASSERT_TRUE(WriteFileWhole(At(folder) / "x", content).ok());
  }
  std::vector<std::string> Names() const { return NamesIn(folder_.path()).value(); }
};

TEST_F(Folders, AFolderTakesThePlaceOfAnother) {
  Make("old", "old");
  Make("new", "new");
  ASSERT_TRUE(Replace(At("new"), At("old")).ok());
  EXPECT_EQ(ReadFile(At("old") / "x", 10).value(), "new");
  EXPECT_THAT(Names(), ElementsAre("old"));
}

TEST_F(Folders, AFileTakesThePlaceOfAFileAndOfAFolder) {
  Make("folder", "old");
  ASSERT_TRUE(WriteFileWhole(At("old"), "old").ok());
  ASSERT_TRUE(WriteFileWhole(At("new"), "new").ok());
  ASSERT_TRUE(Replace(At("new"), At("old")).ok());
  EXPECT_EQ(ReadFile(At("old"), 10).value(), "new");
  ASSERT_TRUE(Replace(At("old"), At("folder")).ok());
  EXPECT_EQ(ReadFile(At("folder"), 10).value(), "new");
  EXPECT_THAT(Names(), ElementsAre("folder"));
}

TEST_F(Folders, WhatCannotBeReplacedComesBack) {
  Make("old", "old");
  EXPECT_EQ(Replace(At("missing"), At("old")).error().code, Code::kNotFound);
  EXPECT_EQ(ReadFile(At("old") / "x", 10).value(), "old");
  EXPECT_THAT(Names(), ElementsAre("old"));
}

TEST_F(Folders, ACopyAppearsWhole) {
  Make("from", "content");
  Make("from/deep", "deeper");
  ASSERT_TRUE(CopyFolderWhole(At("from"), At("new/to")).ok());
  EXPECT_EQ(ReadFile(At("new/to/deep/x"), 10).value(), "deeper");
  EXPECT_THAT(NamesIn(At("new")).value(), ElementsAre("to"));
  EXPECT_EQ(CopyFolderWhole(At("missing"), At("new/other")).error().code, Code::kNotFound);
  EXPECT_THAT(NamesIn(At("new")).value(), ElementsAre("to"));
}

TEST_F(Folders, LeftoversAtAnyDepthAreRemovedAndNothingElse) {
  Make("a/b", "kept");
  ASSERT_TRUE(WriteFileWhole(At("a/b/.y.123.4.partial"), "half").ok());
  ASSERT_TRUE(WriteFileWhole(At("a/b/.z"), "hidden").ok());
  ASSERT_TRUE(MakeFolders(At("a/.old.123.5.partial/deep")).ok());
  ASSERT_TRUE(RemoveLeftovers(folder_.path()).ok());
  EXPECT_THAT(NamesIn(At("a")).value(), ElementsAre("b"));
  EXPECT_THAT(NamesIn(At("a/b")).value(), ElementsAre(".z", "x"));
}

TEST_F(Folders, NothingIsThereOnlyIfTheSystemSaysSo) {
  Make("a", "content");
  EXPECT_TRUE(Exists(At("a/x")).value());
  EXPECT_FALSE(Exists(At("b")).value());
  EXPECT_FALSE(Exists(At("a/x/y")).value());
  EXPECT_EQ(Exists(At(std::string(300, 'n').c_str())).error().code, Code::kIo);
}

TEST_F(Folders, WhatIsSynchronisedMustBeThere) {
  Make("a/b", "content");
  EXPECT_TRUE(SyncFolders(folder_.path()).ok());
  EXPECT_TRUE(Sync(At("a/b/x")).ok());
  EXPECT_EQ(Sync(At("a/y")).error().code, Code::kNotFound);
  EXPECT_EQ(SyncFolders(At("c")).error().code, Code::kNotFound);
}

TEST(SystemError, SaysWhatAPersonCanDo) {
  const Error full = SystemError("write", "/out/a", ENOSPC);
  EXPECT_EQ(full.code, Code::kExhausted);
  EXPECT_EQ(full.what, "cannot write /out/a: No space left on device; make room there and give the same command again");
  EXPECT_EQ(SystemError("open", "/out/a", ENOENT).code, Code::kNotFound);
  EXPECT_EQ(SystemError("open", "/out/a", ENOENT).what, "cannot open /out/a: No such file or directory");
  EXPECT_EQ(SystemError("read", "/out/a", EIO).code, Code::kIo);
  EXPECT_EQ(SystemError("read", "/out/a", EISDIR).what, "cannot read /out/a: Is a directory");
}

}  // namespace
}  // namespace tegula
