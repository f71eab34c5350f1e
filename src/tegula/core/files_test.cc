#include <gtest/gtest.h>

#include <fstream>

#include "tegula/core/files.h"

namespace tegula {
namespace {

class Files : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path At(const char* name) const { return folder_.path() / name; }
};

TEST_F(Files, WholeWritesAreReadBack) {
  ASSERT_TRUE(WriteFileWhole(At("a"), "content").ok());
  EXPECT_EQ(ReadFile(At("a"), 100).value(), "content");
  EXPECT_EQ(ReadFile(At("a"), 3).error().code, Code::kExhausted);
  EXPECT_EQ(ReadFile(At("b"), 100).error().code, Code::kNotFound);
}

TEST_F(Files, NothingAppearsUnderTheFinalNameBeforeCommit) {
  {
    AtomicFile file = AtomicFile::Create(At("a")).value();
    ASSERT_TRUE(file.Write(std::string(1 << 20, 'x')).ok());
    EXPECT_FALSE(std::filesystem::exists(At("a")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Files, WrittenBytesCanBeReplacedBeforeCommit) {
  AtomicFile file = AtomicFile::Create(At("a")).value();
  ASSERT_TRUE(file.Write("head tail").ok());
  ASSERT_TRUE(file.Overwrite(1, "EA").ok());
  ASSERT_TRUE(file.Write(" end").ok());
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(ReadFile(At("a"), 100).value(), "hEAd tail end");
}

TEST_F(Files, Sha256IsThatOfTheStandard) {
  ASSERT_TRUE(WriteFileWhole(At("a"), "abc").ok());
  constexpr std::string_view kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Sha256OfFile(At("a")).value(), kAbc);
  EXPECT_EQ(Sha256OfBytes("abc"), kAbc);
}

TEST_F(Files, ReadsBehindTheEndAreCorrupt) {
  ASSERT_TRUE(WriteFileWhole(At("a"), "12345").ok());
  const RandomAccessFile file = RandomAccessFile::Open(At("a")).value();
  std::array<std::byte, 4> out{};
  EXPECT_TRUE(file.Read(1, out).ok());
  EXPECT_EQ(file.Read(2, out).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula
