#include <gtest/gtest.h>
#include <png.h>

#include "tegula/core/testing/shared_data.h"
#include "tegula/image/open.h"
#include "tegula/image/openslide_library.h"
#include "tegula/image/testing/source_conformance.h"
#include "tegula/tensor/npy.h"

namespace tegula::image {
namespace {

class Formats : public ::testing::Test {
 protected:
  Error Refused(const std::string& file, const std::string& bytes, const Limits& limits = {}) {
    EXPECT_TRUE(WriteFileWhole(folder_.path() / file, bytes).ok());
    const Result<std::unique_ptr<Source>> source = Open((folder_.path() / file).string(), {.limits = limits});
    EXPECT_FALSE(source.ok());
    return source.ok() ? Error{} : source.error();
  }
  // A PNG by libpng's full interface: any kind, rows as they are stored.
  std::string Png(int bits, int colour, std::uint32_t height, std::uint32_t width, std::vector<std::uint8_t> rows,
                  const std::vector<png_color>& palette = {}) {
    std::string bytes;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(
        png, &bytes,
        [](png_structp p, png_bytep data, std::size_t size) {
          static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<const char*>(data), size);
        },
        nullptr);
    png_set_IHDR(png, info, width, height, bits, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
    png_write_info(png, info);
    for (std::uint32_t y = 0; y < height; ++y) png_write_row(png, rows.data() + y * rows.size() / height);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return bytes;
  }
  std::unique_ptr<Source> Opened(const std::string& file, const std::string& bytes) {
    EXPECT_TRUE(WriteFileWhole(folder_.path() / file, bytes).ok());
    return Open((folder_.path() / file).string()).value();
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(Formats, NamesThatLeadNowhereSayWhy) {
  EXPECT_EQ(Open((folder_.path() / "none.tif").string()).error().code, Code::kNotFound);
  EXPECT_NE(ToString(Open("no-such.tif").error()).find("no-such.tif"), std::string::npos);
  EXPECT_EQ(Open(folder_.path().string()).error().code, Code::kUnsupported);
  EXPECT_EQ(Refused("empty.tif", "").code, Code::kCorrupt);
  const Error text = Refused("notes.txt", "This is not an image.");
  EXPECT_EQ(text.code, Code::kUnsupported);
  EXPECT_NE(text.what.find("notes.txt is a text file"), std::string::npos) << text.what;
  const Error unknown = Refused("a.dat", std::string("\x07\0\xC3\x01", 4));
  EXPECT_EQ(unknown.code, Code::kUnsupported);
  EXPECT_NE(unknown.what.find("a.dat"), std::string::npos);
  EXPECT_NE(unknown.what.find("07 00 C3 01"), std::string::npos) << unknown.what;
  EXPECT_NE(unknown.what.find("`tegula formats`"), std::string::npos);
}

TEST_F(Formats, APngOf16BitsKeepsItsByteOrder) {
  const std::unique_ptr<Source> source = Opened("a.png", Png(16, PNG_COLOR_TYPE_GRAY, 1, 2, {0x12, 0x34, 0x00, 0x01}));
  EXPECT_EQ(source->info().dtype, DType::kU16);
  const Tensor pixels = testing::ReadAll(*source);
  EXPECT_EQ(pixels.values<std::uint16_t>()[0], 0x1234);
  EXPECT_EQ(pixels.values<std::uint16_t>()[1], 1);
}

TEST_F(Formats, APngOf16BitsWithAlphaIsReadIfNothingShinesThrough) {
  const std::vector<std::uint8_t> pixel = {0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xFF, 0xFF};
  const std::unique_ptr<Source> source = Opened("a.png", Png(16, PNG_COLOR_TYPE_RGB_ALPHA, 1, 1, pixel));
  const Tensor pixels = testing::ReadAll(*source);
  EXPECT_TRUE(source->info().is_rgb);
  EXPECT_EQ(pixels.values<std::uint16_t>()[0], 0x1234);
  EXPECT_EQ(pixels.values<std::uint16_t>()[2], 0x9ABC);
  EXPECT_EQ(Refused("b.png", Png(16, PNG_COLOR_TYPE_GRAY_ALPHA, 1, 1, {0, 1, 0xFF, 0xFE})).code, Code::kUnsupported);
}

TEST_F(Formats, APngPaletteIsLookedUp) {
  const std::unique_ptr<Source> source =
      Opened("a.png", Png(8, PNG_COLOR_TYPE_PALETTE, 1, 2, {1, 0}, {{9, 8, 7}, {200, 100, 50}}));
  EXPECT_TRUE(source->info().is_rgb);
  const Tensor pixels = testing::ReadAll(*source);
  EXPECT_EQ(pixels.values<std::uint8_t>()[0], 200);
  EXPECT_EQ(pixels.values<std::uint8_t>()[1], 9);
  EXPECT_EQ(pixels.values<std::uint8_t>()[4], 50);
}

TEST_F(Formats, APngIsOnlyReadIfNothingShinesThrough) {
  const std::unique_ptr<Source> opaque =
      Opened("a.png", Png(8, PNG_COLOR_TYPE_RGB_ALPHA, 1, 2, {1, 2, 3, 255, 4, 5, 6, 255}));
  EXPECT_EQ(opaque->info().channels.size(), 3u);
  EXPECT_EQ(testing::ReadAll(*opaque).values<std::uint8_t>()[1], 4);
  EXPECT_EQ(Refused("b.png", Png(8, PNG_COLOR_TYPE_RGB_ALPHA, 1, 2, {1, 2, 3, 255, 4, 5, 6, 0})).code,
            Code::kUnsupported);
}

TEST_F(Formats, AHostilePngIsRefused) {
  const std::string png = Png(8, PNG_COLOR_TYPE_GRAY, 40, 50, std::vector<std::uint8_t>(2000, 7));
  EXPECT_EQ(Refused("a.png", png.substr(0, png.size() - 20)).code, Code::kCorrupt);
  EXPECT_EQ(Refused("b.png", png.substr(0, 20)).code, Code::kCorrupt);
  EXPECT_EQ(Refused("c.png", png, {.tensor_bytes = 1000}).code, Code::kExhausted);
  std::string flipped = png;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
  EXPECT_EQ(Refused("d.png", flipped).code, Code::kCorrupt);
}

TEST_F(Formats, AnArrayThatIsNoImageIsRefused) {
  const auto code = [&](const Shape& shape) {
    const Tensor tensor = Tensor::Allocate(DType::kU8, shape).value();
    EXPECT_TRUE(WriteNpy(folder_.path() / "a.npy", tensor.view()).ok());
    return Open((folder_.path() / "a.npy").string()).error();
  };
  EXPECT_EQ(code({5}).code, Code::kUnsupported);
  EXPECT_EQ(code({1, 1, 5, 5}).code, Code::kUnsupported);
  EXPECT_EQ(code({0, 5, 5}).code, Code::kUnsupported);
  EXPECT_NE(code({50, 60, 3}).what.find("channels last"), std::string::npos);
}

TEST_F(Formats, EveryFormatSaysWhetherItWorksHere) {
  for (const Format& format : image::Formats()) {
    const Status available = format.available();
    EXPECT_TRUE(available.ok() || !available.error().what.empty()) << format.name;
    EXPECT_FALSE(format.description.empty());
    static_cast<void>(format.detail());
  }
}

TEST(OpenSlideLibrary, SaysWhyNoneLoads) {
  const Path missing[] = {"/no/such/libopenslide.so.1"};
  const Result<OpenSlideLibrary> library = OpenSlideLibrary::Load(missing);
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code, Code::kUnsupported);
  EXPECT_NE(library.error().what.find("libopenslide.so.1"), std::string::npos);
}

TEST(OpenSlideLibrary, AnOlderVersionNamesWhatItDoesNotRead) {
  OpenSlideLibrary library;
  library.version = "3.4.1";
  EXPECT_NE(library.Description().find("DICOM"), std::string::npos);
  library.version = "4.0.1";
  EXPECT_EQ(library.Description(), "OpenSlide 4.0.1");
}

TEST(OpenSlideLibrary, TheDistributionsVersionWorksToo) {
  const Path older[] = {"libopenslide.so.0"};
  const Result<OpenSlideLibrary> library = OpenSlideLibrary::Load(older);
  if (!library.ok()) GTEST_SKIP() << library.error().what;
  const Path part = "data/images/wsi/CMU-1-Small-Region.svs";
  const std::string file = tegula::testing::SharedData(part).string();
  if (file.empty()) GTEST_SKIP() << tegula::testing::NoSharedData(part);
  OpenSlideLibrary::Slide* slide = library->open(file.c_str());
  ASSERT_NE(slide, nullptr);
  EXPECT_EQ(library->get_level_count(slide), 1);
  library->close(slide);
}

}  // namespace
}  // namespace tegula::image
