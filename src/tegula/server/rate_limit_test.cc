#include "tegula/server/rate_limit.h"

#include <gtest/gtest.h>

namespace tegula::server {
namespace {

TEST(RateLimit, GivesItsBurstAndThenWhatFillsUp) {
  RateLimit limit(8, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.Take(100));
  EXPECT_FALSE(limit.Take(100));
  EXPECT_FALSE(limit.Take(100.0625));
  EXPECT_TRUE(limit.Take(100.125));
  EXPECT_FALSE(limit.Take(100.125));
}

TEST(RateLimit, NeverHoldsMoreThanItsBurst) {
  RateLimit limit(10, 3);
  EXPECT_TRUE(limit.Take(0));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.Take(1e6));
  EXPECT_FALSE(limit.Take(1e6));
}

}  // namespace
}  // namespace tegula::server
