#include "tegula/image/jpeg_block.h"

#include <gtest/gtest.h>

#include "tegula/image/testing/jpeg_writer.h"

namespace tegula::image {
namespace {

using testing::DecodedByLibjpeg;
using testing::Jpeg;
using testing::JpegSpec;

constexpr std::int64_t kHeight = 45, kWidth = 31;  // JpegSpec's

struct Decoded {
  Status status = Ok();
  std::vector<std::uint8_t> pixels_yxs;
};

Decoded Decode(const std::string& stream, JpegColours colours, const std::string& tables = {},
               std::int64_t height = kHeight, JpegBlockDecoder&& decoder = {}) {
  Decoded decoded;
  const std::int64_t samples = colours == JpegColours::kGrey ? 1 : 3;
  const auto take = [&](std::int64_t y, const ConstView& rows_yxs) {
    EXPECT_EQ(y * kWidth * samples, static_cast<std::int64_t>(decoded.pixels_yxs.size()));
    const auto* const pixels = rows_yxs.as<std::uint8_t>();
    decoded.pixels_yxs.insert(decoded.pixels_yxs.end(), pixels, pixels + rows_yxs.elements());
  };
  decoded.status = decoder.Decode(
      {std::as_bytes(std::span(stream)), std::as_bytes(std::span(tables)), colours, height, kWidth}, height, take);
  if (decoded.status.ok()) {
    EXPECT_EQ(static_cast<std::int64_t>(decoded.pixels_yxs.size()), height * kWidth * samples);
  }
  return decoded;
}

std::string Cut(const std::string& stream, std::size_t size) { return stream.substr(0, size); }

// A stream without its tables, and these on their own: segments DQT and DHT.
std::pair<std::string, std::string> TakenApart(const std::string& stream) {
  std::string rest = Cut(stream, 2), tables = rest;
  for (std::size_t at = 2;;) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(stream[at + i]));
    };
    const std::size_t kind = byte(1), size = 2 + 256 * byte(2) + byte(3);
    (kind == 0xDB || kind == 0xC4 ? tables : rest) += stream.substr(at, size);
    at += size;
    if (kind == 0xDA) return {rest + stream.substr(at), tables + "\xFF\xD9"};
  }
}

TEST(JpegBlock, HasThePixelsOfLibjpegsDefaults) {
  const JpegSpec grey{.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, rgb{.stored = JCS_RGB};
  for (const bool progressive : {false, true})
    for (const auto& [spec, colours] : {std::pair{grey, JpegColours::kGrey}, std::pair{rgb, JpegColours::kRgb},
                                        std::pair{JpegSpec{}, JpegColours::kYCbCr}}) {
      JpegSpec written = spec;
      written.progressive = progressive;
      const std::string stream = Jpeg(written);
      const Decoded decoded = Decode(stream, colours);
      ASSERT_TRUE(decoded.status.ok()) << ToString(decoded.status.error());
      EXPECT_EQ(decoded.pixels_yxs, DecodedByLibjpeg(stream));
    }
}

TEST(JpegBlock, GivesItsRowsPieceByPieceAndNoMoreThanAreAskedFor) {
  for (const bool progressive : {false, true}) {
    const std::string stream = Jpeg({.progressive = progressive});
    const std::vector<std::uint8_t> expected = DecodedByLibjpeg(stream);
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{15}, std::int64_t{16}, std::int64_t{33}, kHeight}) {
      std::vector<std::uint8_t> got;
      const auto take = [&](std::int64_t y, const ConstView& rows_yxs) {
        EXPECT_EQ(static_cast<std::int64_t>(got.size()), y * kWidth * 3);
        const auto* const pixels = rows_yxs.as<std::uint8_t>();
        got.insert(got.end(), pixels, pixels + rows_yxs.elements());
      };
      const JpegBlock block{std::as_bytes(std::span(stream)), {}, JpegColours::kYCbCr, kHeight, kWidth};
      ASSERT_TRUE(JpegBlockDecoder().Decode(block, rows, take).ok());
      EXPECT_EQ(got, std::vector(expected.begin(), expected.begin() + rows * kWidth * 3)) << rows << " rows";
    }
  }
}

TEST(JpegBlock, HasTheColoursThatTheContainerStates) {
  const std::string stream = Jpeg({});  // YCbCr, and says so
  const Decoded as_rgb = Decode(stream, JpegColours::kRgb), as_stated = Decode(stream, JpegColours::kYCbCr);
  ASSERT_TRUE(as_rgb.status.ok());
  const auto y = static_cast<double>(as_rgb.pixels_yxs[0]), cr = static_cast<double>(as_rgb.pixels_yxs[2]);
  EXPECT_NEAR(as_stated.pixels_yxs[0], y + 1.402 * (cr - 128), 1);
}

TEST(JpegBlock, TakesTablesFromElsewhere) {
  const auto [stream, tables] = TakenApart(Jpeg({}));
  const Decoded decoded = Decode(stream, JpegColours::kYCbCr, tables);
  ASSERT_TRUE(decoded.status.ok()) << ToString(decoded.status.error());
  EXPECT_EQ(decoded.pixels_yxs, DecodedByLibjpeg(Jpeg({})));
  // Not from the stream before.
  EXPECT_EQ(Decode(stream, JpegColours::kYCbCr).status.error().code, Code::kCorrupt);
  const Decoded picture = Decode(stream, JpegColours::kYCbCr, Jpeg({}));
  EXPECT_EQ(picture.status.error().code, Code::kCorrupt);
  EXPECT_NE(picture.status.error().what.find("tables"), std::string::npos) << picture.status.error().what;
}

TEST(JpegBlock, IsDecodedAsByANewDecoderWhateverCameBefore) {
  const JpegSpec rgb{.stored = JCS_RGB}, grey{.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE};
  const auto [stream, tables] = TakenApart(Jpeg({}));
  const auto [rgb_stream, rgb_tables] = TakenApart(Jpeg(rgb));
  const std::string coarse = Jpeg({.quality = 20});
  struct Case {
    std::string stream, tables;
    JpegColours colours;
  };
  const std::vector<Case> cases = {
      {stream, tables, JpegColours::kYCbCr},
      {coarse, tables, JpegColours::kYCbCr},  // brings its own
      {TakenApart(coarse).first, tables, JpegColours::kYCbCr},
      {Cut(stream, stream.size() / 2), tables, JpegColours::kYCbCr},
      {Jpeg({}), {}, JpegColours::kYCbCr},
      {stream, {}, JpegColours::kYCbCr},
      {Jpeg({.progressive = true}), tables, JpegColours::kYCbCr},
      {Jpeg(rgb), {}, JpegColours::kRgb},
      {rgb_stream, rgb_tables, JpegColours::kRgb},
      {stream, rgb_tables, JpegColours::kYCbCr},  // which lack those of colours
      {Jpeg(grey), tables, JpegColours::kGrey},
  };
  JpegBlockDecoder decoder;
  for (const Case& first : cases)
    for (const Case& second : cases) {
      Decode(first.stream, first.colours, first.tables, kHeight, std::move(decoder));
      const Decoded again = Decode(second.stream, second.colours, second.tables, kHeight, std::move(decoder));
      const Decoded anew = Decode(second.stream, second.colours, second.tables);
      ASSERT_EQ(again.status.ok(), anew.status.ok());
      if (anew.status.ok()) {
        EXPECT_EQ(again.pixels_yxs, anew.pixels_yxs);
      } else {
        EXPECT_EQ(again.status.error().what, anew.status.error().what);
      }
    }
}

TEST(JpegBlock, OfAnotherSizeThanTheTileIsCorrupt) {
  for (const std::int64_t height : {kHeight - 1, kHeight + 1})
    EXPECT_EQ(Decode(Jpeg({}), JpegColours::kYCbCr, {}, height).status.error().code, Code::kCorrupt);
  const Error grey = Decode(Jpeg({}), JpegColours::kGrey).status.error();
  EXPECT_EQ(grey.code, Code::kCorrupt);
  EXPECT_NE(grey.what.find("of 3 samples"), std::string::npos) << grey.what;
}

TEST(JpegBlock, NeedsItsDataButNoEndMarker) {
  for (const bool progressive : {false, true}) {
    const std::string stream = Jpeg({.progressive = progressive});
    for (std::size_t size = 0; size + 8 < stream.size(); size += 13) {
      const Decoded cut = Decode(Cut(stream, size), JpegColours::kYCbCr);
      ASSERT_FALSE(cut.status.ok()) << size << " of " << stream.size();
      EXPECT_EQ(cut.status.error().code, Code::kCorrupt);
    }
  }
  const std::string stream = Jpeg({});
  // Some other marker ends the data as well.
  const Decoded ended = Decode(Cut(stream, stream.size() - 2) + "\xFF\xD8", JpegColours::kYCbCr);
  ASSERT_TRUE(ended.status.ok()) << ToString(ended.status.error());
  EXPECT_EQ(ended.pixels_yxs, DecodedByLibjpeg(stream));
}

TEST(JpegBlock, OfMoreScansThanAnyProgramWritesIsCorrupt) {
  const std::string stream = Jpeg({.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .progressive = true});
  const std::size_t last = stream.rfind("\xFF\xDA"), end = stream.rfind("\xFF\xD9");
  std::string many = Cut(stream, end);
  for (int i = 0; i < 600; ++i) many += stream.substr(last, end - last);
  EXPECT_EQ(Decode(many + "\xFF\xD9", JpegColours::kGrey).status.error().code, Code::kCorrupt);
}

TEST(JpegBlock, Of12BitsOrAnotherProcessIsNotSupported) {
  std::string deep = Jpeg({});
  deep[deep.find("\xFF\xC0") + 4] = 12;
  EXPECT_EQ(Decode(deep, JpegColours::kYCbCr).status.error().code, Code::kUnsupported);
  std::string lossless = Jpeg({});
  lossless[lossless.find("\xFF\xC0") + 1] = '\xC3';
  EXPECT_EQ(Decode(lossless, JpegColours::kYCbCr).status.error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace tegula::image
