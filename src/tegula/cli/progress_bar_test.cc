#include "tegula/cli/progress_bar.h"

#include <gtest/gtest.h>

namespace tegula::cli {
namespace {

TEST(ProgressLine, ShowsRateAndTimeLeft) {
  EXPECT_EQ(ProgressLine("predicting", 50, 100, "tiles", 10, 0),
            "predicting  50 %  50/100 tiles  5.0 tiles/s  10.0 s left");
  EXPECT_EQ(ProgressLine("predicting", 100, 100, "tiles", 10, 0), "predicting 100 %  100/100 tiles  10 tiles/s");
  EXPECT_NE(ProgressLine("predicting", 50, 100, "tiles", 10, 120).find("[############            ]"),
            std::string::npos);
}

TEST(ProgressLine, TellsNoRateBeforeThereIsOne) {
  EXPECT_EQ(ProgressLine("reading", 0, 10, "blocks", 0.1, 0), "reading   0 %  0/10 blocks");
}

}  // namespace
}  // namespace tegula::cli
