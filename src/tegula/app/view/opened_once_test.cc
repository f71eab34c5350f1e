#include "tegula/app/view/opened_once.h"

#include <gtest/gtest.h>

namespace tegula::app {
namespace {

class OpenedOnceTest : public testing::Test {
 protected:
  int Get(const std::string& name, const std::string& stamp = "") {
    return *opened_.Get(name, stamp, [&]() -> Result<int> { return ++times_; });
  }
  int times_ = 0;
  OpenedOnce<int> opened_{2};
};

TEST_F(OpenedOnceTest, OpensANameOnce) {
  EXPECT_EQ(Get("a"), 1);
  EXPECT_EQ(Get("b"), 2);
  EXPECT_EQ(Get("a"), 1);
}

TEST_F(OpenedOnceTest, LetsGoOfWhatWasUsedLongestAgo) {
  Get("a");
  Get("b");
  Get("a");
  Get("c");
  EXPECT_EQ(Get("a"), 1);
  EXPECT_EQ(Get("b"), 4);
}

TEST_F(OpenedOnceTest, OpensWhatHasChangedAgain) {
  EXPECT_EQ(Get("a", "1"), 1);
  EXPECT_EQ(Get("a", "2"), 2);
  EXPECT_EQ(Get("b"), 3);
  EXPECT_EQ(Get("a", "2"), 2) << "the one before has left its place";
}

TEST_F(OpenedOnceTest, DoesNotRememberWhatFailed) {
  const auto fails = [&]() -> Result<int> { return IoError("not there yet"); };
  EXPECT_FALSE(opened_.Get("a", "", fails).ok());
  EXPECT_EQ(Get("a"), 1);
}

}  // namespace
}  // namespace tegula::app
