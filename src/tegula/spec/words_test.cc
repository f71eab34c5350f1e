#include "tegula/spec/words.h"

#include <gtest/gtest.h>

namespace tegula::spec {
namespace {

TEST(Words, SizesAreShownAsTheyAreUsed) {
  EXPECT_EQ(SizeInWords(ParameterizedSize{64, 16}), "64, 80, 96, ...");
  EXPECT_EQ(SizeInWords(FixedSize{256}), "256");
  EXPECT_EQ(SizeInWords(SizeReference{"raw", "y", {}, 0}), "as raw.y");
  EXPECT_EQ(SizeInWords(SizeReference{"raw", "y", {1, 2}, -4}), "raw.y * 1/2 - 4");
  EXPECT_EQ(SizeInWords(SizeReference{"raw", "y", {4, 1}, 3}), "raw.y * 4 + 3");
}

TEST(Words, OperationsSayWhatTheyDo) {
  EXPECT_EQ(InWords(OpDescription(ScaleRange{StatisticAxes({"y", "x"}), 1, 99.8, 1e-6, ""})),
            "scaled so that the percentiles 1 and 99.8 over y, x become 0 and 1");
  EXPECT_EQ(InWords(OpDescription(ZeroMeanUnitVariance{})), "scaled to mean 0 and deviation 1 over the whole image");
  EXPECT_EQ(InWords(OpDescription(FixedZeroMeanUnitVariance{{1, 2}, {3, 4}, "channel"})),
            "minus 1, 2, divided by 3, 4 along channel");
  EXPECT_EQ(InWords(OpDescription(Clip{0.0, {}, {}, {}, {}})), "limited to 0 to any");
}

TEST(Words, DataAreDescribedByRangeOrValues) {
  EXPECT_EQ(InWords(DataDescription{DType::kU16, 0, 65535, "", {}}), "whole numbers from 0 to 65535 (uint16)");
  EXPECT_EQ(InWords(DataDescription{DType::kF32, {}, {}, "", {}}), "numbers (float32)");
  EXPECT_EQ(InWords(DataDescription{DType::kU8, {}, {}, "", {"0", "1"}}), "one of 0, 1 (uint8)");
}

TEST(AsBibtex, KeepsWhatIsKnownAndBreaksNothing) {
  Resource resource;
  resource.name = "Nuclei: a model";
  resource.cite = {{"A & B: {Nets}, 2015", "10.1234/a_b", ""}, {"C", "", "https://c.org/x_y"}};
  EXPECT_EQ(AsBibtex(resource),
            "@misc{nucleiamodel1,\n  note = {A \\& B: Nets, 2015},\n  doi = {10.1234/a\\_b},\n  url = "
            "{https://doi.org/10.1234/a_b}\n}\n@misc{nucleiamodel2,\n  note = {C},\n  url = {https://c.org/x_y}\n}\n");
}

}  // namespace
}  // namespace tegula::spec
