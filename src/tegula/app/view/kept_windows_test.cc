#include "tegula/app/view/kept_windows.h"

#include <gtest/gtest.h>

namespace tegula::app {
namespace {

KeptWindows::Window Of(std::int64_t bytes) { return std::make_shared<Tensor>(*Tensor::Allocate(DType::kU8, {bytes})); }

TEST(KeptWindows, LetsGoOfWhatWasLookedAtLongestAgo) {
  KeptWindows kept(300);
  const std::uint64_t a = kept.NewOwner(), b = kept.NewOwner();
  kept.Keep(a, 0, Of(100));
  kept.Keep(b, 0, Of(100));
  kept.Keep(a, 1, Of(100));
  EXPECT_NE(kept.Find(a, 0), nullptr);  // looked at again
  kept.Keep(b, 1, Of(100));
  EXPECT_EQ(kept.Find(b, 0), nullptr);
  EXPECT_NE(kept.Find(a, 0), nullptr);
  EXPECT_EQ(kept.bytes(), 300);
}

TEST(KeptWindows, KeepsTheNewestHoweverLargeItIs) {
  KeptWindows kept(10);
  const std::uint64_t owner = kept.NewOwner();
  kept.Keep(owner, 0, Of(5));
  kept.Keep(owner, 1, Of(1000));
  EXPECT_EQ(kept.Find(owner, 0), nullptr);
  EXPECT_NE(kept.Find(owner, 1), nullptr);
  EXPECT_EQ(kept.bytes(), 1000);
}

TEST(KeptWindows, TakesAWindowThatIsMadeAgainForTheOldOne) {
  KeptWindows kept(1000);
  const std::uint64_t owner = kept.NewOwner();
  kept.Keep(owner, 7, Of(100));
  kept.Keep(owner, 7, Of(50));
  EXPECT_EQ(kept.bytes(), 50);
}

TEST(KeptWindows, ForgetsOneOwnerAndNoOther) {
  KeptWindows kept(1000);
  const std::uint64_t a = kept.NewOwner(), b = kept.NewOwner();
  kept.Keep(a, 0, Of(100));
  kept.Keep(a, 5, Of(100));
  kept.Keep(b, 0, Of(100));
  kept.Forget(a);
  EXPECT_EQ(kept.Find(a, 0), nullptr);
  EXPECT_EQ(kept.Find(a, 5), nullptr);
  EXPECT_NE(kept.Find(b, 0), nullptr);
  EXPECT_EQ(kept.bytes(), 100);
}

}  // namespace
}  // namespace tegula::app
