#include "tegula/server/look_words.h"

#include <gtest/gtest.h>

namespace tegula::server {
namespace {

TEST(ParseChannels, ReadsChannelColourAndRange) {
  const auto channels = ParseChannels("0:ff8000:100:4000.5,3:00FF00:-1:1");
  ASSERT_TRUE(channels.ok());
  ASSERT_EQ(channels->size(), 2U);
  EXPECT_EQ((*channels)[0].colour, (image::Rgb{255, 128, 0}));
  EXPECT_EQ((*channels)[0].high, 4000.5);
  EXPECT_EQ((*channels)[1].channel, 3);
  EXPECT_EQ((*channels)[1].low, -1);
}

TEST(ParseChannels, TakesNothingForNone) { EXPECT_TRUE(ParseChannels("")->empty()); }

TEST(ParseChannels, RefusesEverythingElse) {
  for (const char* words : {"0", "0:ff0000:1", "0:ff0000:1:2:3", "x:ff0000:1:2", "0:ff000:1:2", "0:gg0000:1:2",
                            "0:ff0000:1:x", "0:ff0000:1:2,", ",", "0:ff0000::2"})
    EXPECT_FALSE(ParseChannels(words).ok()) << words;
}

TEST(ParseTileName, ReadsColumnRowAndFormat) {
  const auto tile = ParseTileName("12_7.png");
  ASSERT_TRUE(tile.ok());
  EXPECT_EQ(tile->x, 12);
  EXPECT_EQ(tile->y, 7);
  EXPECT_TRUE(tile->is_png);
  EXPECT_FALSE(ParseTileName("0_0.jpg")->is_png);
}

TEST(ParseTileName, RefusesEverythingElse) {
  for (const char* name : {"", "1_2", "1_2.gif", "1-2.png", "_.png", "1_.png", ".png", "1.png_2", "a_b.png"})
    EXPECT_FALSE(ParseTileName(name).ok()) << name;
}

}  // namespace
}  // namespace tegula::server
