#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "tegula/image/formats.h"
#include "tegula/image/testing/jpeg_writer.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

using testing::DecodedByLibjpeg;
using testing::Jpeg;
using testing::JpegPixels;
using testing::JpegSpec;

const JpegSpec kGrey = {.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE};
constexpr std::size_t kFrameHeader = 2;  // from a SOF marker to its length

// Where the frame header (SOF0 or SOF2) begins.
std::size_t Frame(const std::string& jpeg) { return std::min(jpeg.find("\xFF\xC0"), jpeg.find("\xFF\xC2")); }

// Exif with one tag, Orientation (0x0112), of that value.
std::string Exif(char orientation) {
  std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0", 32);
  exif[24] = orientation;
  return exif;
}

class JpegFiles : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Source>> Written(const std::string& bytes, const Limits& limits = {}) {
    EXPECT_TRUE(WriteFileWhole(file_, bytes).ok());
    return Open(file_.string(), {.limits = limits});
  }
  Error Refused(const std::string& bytes, const Limits& limits = {}) {
    const Result<std::unique_ptr<Source>> source = Written(bytes, limits);
    EXPECT_FALSE(source.ok());
    return source.ok() ? Error{} : source.error();
  }
  // Pixels as (y, x, channel).
  std::vector<std::uint8_t> Read(const Source& source) {
    const Tensor pixels_cyx = testing::ReadAll(source);
    const Shape& shape = pixels_cyx.shape();
    std::vector<std::uint8_t> out;
    for (std::int64_t i = 0; i < shape[1] * shape[2]; ++i)
      for (std::int64_t c = 0; c < shape[0]; ++c)
        out.push_back(pixels_cyx.values<std::uint8_t>()[static_cast<std::size_t>(c * shape[1] * shape[2] + i)]);
    return out;
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path file_ = folder_.path() / "a.jpg";
};

TEST_F(JpegFiles, HaveThePixelsOfLibjpegAndNearlyThoseThatWereSaved) {
  for (const bool progressive : {false, true})
    for (const auto& [pixels, stored] : {std::pair{JCS_GRAYSCALE, JCS_GRAYSCALE}, std::pair{JCS_RGB, JCS_YCbCr},
                                         std::pair{JCS_RGB, JCS_RGB}, std::pair{JCS_RGB, JCS_GRAYSCALE}})
      for (const int restart_rows : {0, 1}) {
        const JpegSpec spec{
            .pixels = pixels, .stored = stored, .progressive = progressive, .restart_rows = restart_rows};
        const std::string bytes = Jpeg(spec);
        const Result<std::unique_ptr<Source>> source = Written(bytes);
        ASSERT_TRUE(source.ok()) << ToString(source.error());
        EXPECT_EQ((*source)->info().format, "jpeg");
        EXPECT_EQ((*source)->info().is_rgb, stored != JCS_GRAYSCALE);
        EXPECT_FALSE((*source)->info().pixel_size);
        const std::vector<std::uint8_t> read = Read(**source);
        EXPECT_EQ(read, DecodedByLibjpeg(bytes));
        const std::vector<std::uint8_t> saved = JpegPixels(spec);
        if (saved.size() != read.size()) continue;  // colours that were saved as grey
        double difference = 0;
        for (std::size_t i = 0; i < saved.size(); ++i) difference += std::abs(int{saved[i]} - int{read[i]});
        EXPECT_LT(difference / static_cast<double>(saved.size()), stored == JCS_YCbCr ? 6 : 2);
      }
}

TEST_F(JpegFiles, ComeInTheOrderOfTheFileWhateverExifSays) {
  JpegSpec spec;
  const std::vector<std::uint8_t> plain = Read(*Written(Jpeg(spec)).value());
  spec.exif = Exif(6);  // "turn me by 90 degrees"
  const std::unique_ptr<Source> turned = Written(Jpeg(spec)).value();
  EXPECT_EQ(turned->info().levels[0].height, spec.height);
  EXPECT_EQ(turned->info().levels[0].width, spec.width);
  EXPECT_EQ(Read(*turned), plain);
}

TEST_F(JpegFiles, OfInkOr12BitsOrAnotherProcessAreRefused) {
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    const Error error = Refused(Jpeg({.pixels = JCS_CMYK, .stored = stored}));
    EXPECT_EQ(error.code, Code::kUnsupported);
    EXPECT_NE(error.what.find("CMYK"), std::string::npos);
  }
  std::string deep = Jpeg(kGrey);
  deep[Frame(deep) + kFrameHeader + 2] = 12;
  EXPECT_EQ(Refused(deep).code, Code::kUnsupported);
  EXPECT_NE(Refused(deep).what.find("precision 12"), std::string::npos);
  std::string lossless = Jpeg(kGrey);
  lossless[Frame(lossless) + 1] = '\xC3';
  EXPECT_EQ(Refused(lossless).code, Code::kUnsupported);
}

TEST_F(JpegFiles, ThatAreCutAnywhereAreCorrupt) {
  for (const bool progressive : {false, true}) {
    const std::string jpeg = Jpeg({.progressive = progressive});
    for (std::size_t size = 3; size < jpeg.size(); size += size + 50 < jpeg.size() ? 17 : 1) {
      const Error error = Refused(jpeg.substr(0, size));
      EXPECT_EQ(error.code, Code::kCorrupt) << size << " of " << jpeg.size();
      EXPECT_EQ(error.context.size(), 1u);
    }
    // With an end marker after the cut libjpeg would only warn, and give grey.
    const Error ended = Refused(jpeg.substr(0, jpeg.size() / 2) + "\xFF\xD9");
    EXPECT_EQ(ended.code, Code::kCorrupt) << progressive;
  }
}

TEST_F(JpegFiles, WithoutTheDataOfAComponentAreCorrupt) {
  const std::string whole = Jpeg({.separate = true});
  EXPECT_EQ(Read(*Written(whole).value()), DecodedByLibjpeg(whole));
  const Error error = Refused(whole.substr(0, whole.rfind("\xFF\xDA")) + "\xFF\xD9");
  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_NE(error.what.find("component"), std::string::npos) << error.what;
}

TEST_F(JpegFiles, LargerThanAllowedAreRefusedByTheirHeader) {
  EXPECT_EQ(Refused(Jpeg({}), {.tensor_bytes = 1000}).code, Code::kExhausted);
  EXPECT_EQ(Refused(Jpeg({.progressive = true}), {.tensor_bytes = 4400}).code, Code::kExhausted);
  EXPECT_EQ(Refused(Jpeg({}), {.axis_size = 40}).code, Code::kExhausted);
  std::string vast = Jpeg(kGrey);
  for (int i = 0; i < 4; ++i) vast[Frame(vast) + kFrameHeader + 3 + static_cast<std::size_t>(i)] = '\xF0';
  const Error error = Refused(vast);
  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_NE(error.what.find("too few"), std::string::npos) << error.what;
}

TEST_F(JpegFiles, WithMoreScansThanAnyProgramWritesAreCorrupt) {
  const std::string jpeg =
      Jpeg({.height = 8, .width = 8, .pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .progressive = true});
  const std::size_t last = jpeg.rfind("\xFF\xDA"), end = jpeg.rfind("\xFF\xD9");
  std::string many = jpeg.substr(0, end);
  for (int i = 0; i < 600; ++i) many += jpeg.substr(last, end - last);
  EXPECT_EQ(Refused(many + "\xFF\xD9").code, Code::kCorrupt);
}

TEST_F(JpegFiles, DamagedInAnyWayAreAPictureOrAnErrorThatSaysWhy) {
  const std::string originals[] = {
      Jpeg({.height = 19, .width = 21, .pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}),
      Jpeg({.height = 19, .width = 21, .restart_rows = 1}),
      Jpeg({.height = 19, .width = 21, .progressive = true, .exif = Exif(3)}),
      Jpeg({.height = 19, .width = 21, .pixels = JCS_CMYK, .stored = JCS_YCCK}),
  };
  const Limits limits{.tensor_bytes = 1 << 22};
  std::mt19937 random(5);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  int pictures = 0, errors = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = originals[below(std::size(originals))];
    for (std::size_t flips = below(4); flips > 0; --flips)
      bytes[below(bytes.size())] ^= static_cast<char>(1U << below(8));
    if (below(3) == 0) bytes.resize(below(bytes.size()) + 1);
    if (below(5) == 0) bytes.insert(below(bytes.size()), bytes.substr(below(bytes.size()), below(40)));
    // A name of its own for each: replacing a file waits for the disk.
    const Path file = folder_.path() / std::to_string(i);
    std::ofstream(file, std::ios::binary) << bytes;  // lint-allow: so does WriteFileWhole
    const Result<std::unique_ptr<Source>> source = OpenJpeg(file.string(), {.limits = limits});
    if (source.ok()) {
      ++pictures;
      testing::CheckMetadata((*source)->info());
      static_cast<void>(testing::ReadAll(**source));
    } else {
      ++errors;
      const Code code = source.error().code;
      EXPECT_TRUE(code == Code::kCorrupt || code == Code::kUnsupported || code == Code::kExhausted)
          << ToString(source.error());
      EXPECT_FALSE(source.error().what.empty());
    }
  }
  EXPECT_GT(pictures, 100);
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace tegula::image
