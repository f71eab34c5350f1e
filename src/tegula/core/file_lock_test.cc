#include "tegula/core/file_lock.h"

#include <gtest/gtest.h>

namespace tegula {
namespace {

class Locks : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path file_ = folder_.path() / "lock";
};

TEST_F(Locks, OneHolderOfAnExclusiveLockKeepsTheOthersOut) {
  std::optional<FileLock> shared = FileLock::Try(file_, FileLock::Kind::kShared).value();
  EXPECT_TRUE(FileLock::Try(file_, FileLock::Kind::kShared).value());
  EXPECT_FALSE(FileLock::Try(file_, FileLock::Kind::kExclusive).value());
  shared.reset();
  EXPECT_TRUE(FileLock::Try(file_, FileLock::Kind::kExclusive).value());
}

TEST_F(Locks, ATemporaryLockLeavesNoFileWhenItIsGivenBack) {
  {
    std::optional<TemporaryLock> lock = TemporaryLock::Try(file_).value();
    ASSERT_TRUE(lock);
    const TemporaryLock moved = std::move(*lock);
    EXPECT_TRUE(std::filesystem::exists(file_));
    EXPECT_FALSE(TemporaryLock::Try(file_).value());
    EXPECT_TRUE(std::filesystem::exists(file_));  // who was kept out takes nothing with it
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(Locks, TheFileOfAProcessThatWasKilledHindersNobody) {
  ASSERT_TRUE(WriteFileWhole(file_, "").ok());
  EXPECT_TRUE(TemporaryLock::Try(file_).value());
}

TEST_F(Locks, ALockWhoseFileWasRemovedIsNotTheLockOfItsSuccessor) {
  const std::optional<TemporaryLock> old = TemporaryLock::Try(file_).value();
  std::filesystem::remove(file_);
  const std::optional<TemporaryLock> next = TemporaryLock::Try(file_).value();
  EXPECT_TRUE(next);
  EXPECT_FALSE(TemporaryLock::Try(file_).value());
}

TEST_F(Locks, WhereNoFileCanBeMadeThereIsNoLock) {
  EXPECT_EQ(TemporaryLock::Try(folder_.path() / "no" / "lock").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace tegula
