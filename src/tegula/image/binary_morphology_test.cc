#include "tegula/image/binary_morphology.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tegula::image {
namespace {

Tensor MaskOf(const std::vector<std::string>& rows) {
  Tensor mask = Tensor::Allocate(DType::kU8, {std::ssize(rows), std::ssize(rows[0])}).value();
  auto pixel = mask.values<std::uint8_t>().begin();
  for (const std::string& row : rows)
    for (const char c : row) *pixel++ = c == '#' ? 1 : 0;
  return mask;
}

std::vector<std::string> RowsOf(const Tensor& mask) {
  std::vector<std::string> rows(static_cast<std::size_t>(mask.shape()[0]));
  auto pixel = mask.values<std::uint8_t>().begin();
  for (std::string& row : rows)
    for (std::int64_t x = 0; x < mask.shape()[1]; ++x) row += *pixel++ == 1 ? '#' : '.';
  return rows;
}

// By the definition: a pixel has the value if one within the radius has it.
std::vector<std::string> Grown(const std::vector<std::string>& rows, int radius, char value) {
  std::vector<std::string> grown = rows;
  const int height = static_cast<int>(rows.size()), width = static_cast<int>(rows[0].size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int v = 0; v < height; ++v)
        for (int u = 0; u < width; ++u)
          if ((v - y) * (v - y) + (u - x) * (u - x) <= radius * radius &&
              rows[static_cast<std::size_t>(v)][static_cast<std::size_t>(u)] == value)
            grown[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] = value;
  return grown;
}

TEST(BinaryMorphology, IsWhatItsDefinitionSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> rows(5 + random() % 20, std::string(5 + random() % 20, '.'));
    for (std::string& row : rows)
      for (char& c : row)
        if (random() % 100 < 20 + 2 * static_cast<unsigned>(round)) c = '#';
    const int radius = static_cast<int>(random() % 4);
    Tensor closed = MaskOf(rows), opened = MaskOf(rows);
    ASSERT_TRUE(CloseGaps(closed, radius).ok());
    ASSERT_TRUE(OpenThreads(opened, radius).ok());
    ASSERT_EQ(RowsOf(closed), Grown(Grown(rows, radius, '#'), radius, '.'));
    ASSERT_EQ(RowsOf(opened), Grown(Grown(rows, radius, '.'), radius, '#'));
  }
}

TEST(BinaryMorphology, TheEdgeOfTheMaskTakesNothingAway) {
  Tensor mask = MaskOf({"###", "###", "###"});
  ASSERT_TRUE(OpenThreads(mask, 2).ok());
  EXPECT_EQ(RowsOf(mask), (std::vector<std::string>{"###", "###", "###"}));
}

TEST(BinaryMorphology, GapsAreClosedAndThreadsOpened) {
  Tensor mask = MaskOf({".......", "##.####", "##.####", "##.####", ".......", "...#..."});
  ASSERT_TRUE(CloseGaps(mask, 1).ok());
  EXPECT_EQ(RowsOf(mask)[2], "#######");
  ASSERT_TRUE(OpenThreads(mask, 1).ok());
  EXPECT_EQ(RowsOf(mask)[5], ".......");
}

}  // namespace
}  // namespace tegula::image
