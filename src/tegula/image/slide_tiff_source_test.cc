// Slides that are read without OpenSlide, beside OpenSlide.
#include <gtest/gtest.h>

#include <cmath>

#include "tegula/core/testing/shared_data.h"
#include "tegula/image/formats.h"
#include "tegula/image/openslide_library.h"
#include "tegula/image/testing/slide_writer.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

using testing::ReadAll;
using testing::Same;
using testing::SlidePage;

constexpr const char* kDescription =
    "Aperio Image Library v11.2.1 \r\n660x500 (64x64) JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990";

// As a scanner writes it: levels that are no whole fraction of the first, a thumbnail as the second page, label and
// macro at the end.
std::vector<SlidePage> Pages(bool ycbcr, int subsampling = 2) {
  const auto level = [&](std::int64_t height, std::int64_t width) {
    return SlidePage{
        .height = height, .width = width, .ycbcr = ycbcr, .subsampling = subsampling, .description = kDescription};
  };
  return {level(501, 663),
          {.height = 90, .width = 120, .tile = 0, .description = "Aperio Image Library v11.2.1 \r\n663x501 -> 120x90"},
          level(125, 165),
          level(31, 41),
          {.height = 60,
           .width = 50,
           .tile = 0,
           .reduced = true,
           .description = "Aperio Image Library v11.2.1 \r\nlabel 50x60"},
          {.height = 40, .width = 120, .tile = 0, .description = "Aperio Image Library v11.2.1 \r\nmacro 120x40"}};
}

class SlideTiff : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SlidesAvailable().ok()) GTEST_SKIP() << SlidesAvailable().error().what;
  }
  std::unique_ptr<Source> Written(const std::vector<SlidePage>& pages, const char* mode = "w") {
    testing::WriteSlide(file_, pages, mode);
    Result<std::unique_ptr<Source>> source = Open(file_.string());
    EXPECT_TRUE(source.ok()) << (source.ok() ? "" : ToString(source.error()));
    return source.ok() ? std::move(source).value() : nullptr;
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path file_ = folder_.path() / "a.svs";
};

// A whole level as OpenSlide renders it, from the corner, where nothing is resampled.
Tensor Rendered(const std::string& name, int level) {
  const OpenSlideLibrary& library = OpenSlideLibrary::Get().value();
  OpenSlideLibrary::Slide* const slide = library.open(name.c_str());
  std::int64_t width = 0, height = 0;
  library.get_level_dimensions(slide, level, &width, &height);
  Tensor argb = Tensor::Allocate(DType::kU32, {height, width}).value();
  library.read_region(slide, argb.values<std::uint32_t>().data(), 0, 0, level, width, height);
  EXPECT_EQ(library.get_error(slide), nullptr);
  library.close(slide);
  Tensor out = Tensor::Allocate(DType::kU8, {3, height, width}).value();
  const auto pixels = static_cast<std::size_t>(height * width);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint32_t value = argb.values<std::uint32_t>()[i];
    EXPECT_EQ(value >> 24, 255u);
    for (std::size_t c = 0; c < 3; ++c)
      out.values<std::uint8_t>()[c * pixels + i] = static_cast<std::uint8_t>(value >> (16 - 8 * c));
  }
  return out;
}

void CheckIsAsInOpenSlide(const Source& source, const std::string& name) {
  const Result<std::unique_ptr<Source>> slide = OpenSlide(name, {});
  ASSERT_TRUE(slide.ok()) << ToString(slide.error());
  const ImageInfo &info = source.info(), &expected = (*slide)->info();
  ASSERT_EQ(info.levels.size(), expected.levels.size());
  ASSERT_EQ(info.pixel_size.has_value(), expected.pixel_size.has_value());
  if (info.pixel_size) {
    EXPECT_EQ(info.pixel_size->y_um, expected.pixel_size->y_um);
    EXPECT_EQ(info.pixel_size->x_um, expected.pixel_size->x_um);
  }
  EXPECT_EQ(info.objective, expected.objective);
  EXPECT_TRUE(info.is_rgb);
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const Level &level = info.levels[i], &other = expected.levels[i];
    EXPECT_EQ(level.height, other.height);
    EXPECT_EQ(level.width, other.width);
    EXPECT_EQ(level.downsample_y, other.downsample_y);
    EXPECT_EQ(level.downsample_x, other.downsample_x);
    EXPECT_EQ(level.tile_height, other.tile_height);
    EXPECT_EQ(level.tile_width, other.tile_width);
    const Tensor rendered = Rendered(name, static_cast<int>(i));
    EXPECT_TRUE(Same(ReadAll(source, static_cast<int>(i)).view(), rendered.view())) << "level " << i;
    for (const Box& box : testing::BoxesOf(level, 7)) {
      Tensor part = Tensor::Allocate(DType::kU8, {3, box.height(), box.width()}).value();
      ASSERT_TRUE(source.Read({.level = static_cast<int>(i), .box = box}, part.view()).ok());
      EXPECT_TRUE(Same(std::as_const(part).view(), testing::Crop(rendered, box)));
    }
  }
}

TEST_F(SlideTiff, OfAperioHasLevelsPixelsAndSizesAsInOpenSlide) {
  for (const bool ycbcr : {false, true})
    for (const int subsampling : {1, 2})
      for (const char* mode : {"wl", "w8l"}) {
        if (!ycbcr && subsampling == 2) continue;
        const std::unique_ptr<Source> source = Written(Pages(ycbcr, subsampling), mode);
        ASSERT_NE(source, nullptr);
        EXPECT_EQ(source->info().format, "tiff (Aperio)");
        EXPECT_EQ(source->info().levels.size(), 3u);
        CheckIsAsInOpenSlide(*source, file_.string());
      }
}

// OpenSlide does not know these.
TEST_F(SlideTiff, InTheOrderOfBytesOfOtherMachinesHasTheSamePixels) {
  const Tensor expected = ReadAll(*Written(Pages(true), "wl"), 1);
  const std::unique_ptr<Source> source = Written(Pages(true), "wb");
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->info().format, "tiff (Aperio)");
  EXPECT_TRUE(Same(ReadAll(*source, 1).view(), expected.view()));
}

TEST_F(SlideTiff, OfAperioHasThePixelSizeThatOpenSlideReads) {
  for (const char* properties : {"|MPP = 0.25", "|MPP=0,2520", "|MPP = 0.5|MPP = 0.3", "|MPP = 0", "|MPP = a",
                                 "|AppMag = 20", "| MPP = 0.4 |", "|MPP = 1e-1", "|MPP = -0.5", "|MPP = nan",
                                 "|mpp = 0.5", "|MPP =", "|AppMag = 0", "|AppMag = 40|AppMag = 20x"}) {
    std::vector<SlidePage> pages = Pages(false);
    pages.resize(1);
    pages[0].description = std::string("Aperio \r\n") + properties;
    const std::unique_ptr<Source> source = Written(pages);
    ASSERT_NE(source, nullptr) << properties;
    const Result<std::unique_ptr<Source>> opened = OpenSlide(file_.string(), {});
    ASSERT_TRUE(opened.ok()) << properties << ": " << ToString(opened.error());
    const Source* const slide = opened->get();
    ASSERT_EQ(source->info().pixel_size.has_value(), slide->info().pixel_size.has_value()) << properties;
    if (source->info().pixel_size) {
      EXPECT_EQ(source->info().pixel_size->x_um, slide->info().pixel_size->x_um) << properties;
    }
    EXPECT_EQ(source->info().objective, slide->info().objective) << properties;
  }
}

TEST_F(SlideTiff, WithMissingTilesIsOpenSlides) {
  std::vector<SlidePage> pages = Pages(false);
  pages[2].missing = {1};
  const std::unique_ptr<Source> source = Written(pages);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->info().format, "openslide (aperio)");
}

TEST_F(SlideTiff, OfAnotherCompressionIsOpenSlides) {
  TIFF* const tiff = TIFFOpen(file_.c_str(), "w");
  SlidePage page{.height = 64, .width = 64, .description = kDescription};
  testing::SetSlideTags(tiff, page);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  std::vector<std::uint8_t> pixels(64 * 64 * 3, 7);
  ASSERT_GT(TIFFWriteEncodedTile(tiff, 0, pixels.data(), static_cast<tmsize_t>(pixels.size())), 0);
  TIFFClose(tiff);
  EXPECT_EQ(Open(file_.string()).value()->info().format, "openslide (aperio)");
}

TEST_F(SlideTiff, WithADamagedTileSaysWhereItIs) {
  const std::unique_ptr<Source> whole = Written(Pages(false));
  ASSERT_NE(whole, nullptr);
  std::string bytes = ReadFile(file_, 1 << 24).value();
  // The tile at y=64 x=128: its data become zeros.
  TIFF* const tiff = TIFFOpen(file_.c_str(), "r");
  const std::uint32_t tile = TIFFComputeTile(tiff, 128, 64, 0, 0);
  const std::uint64_t offset = TIFFGetStrileOffset(tiff, tile), size = TIFFGetStrileByteCount(tiff, tile);
  TIFFClose(tiff);
  bytes.replace(offset + size / 2, size - size / 2, size - size / 2, '\0');
  ASSERT_TRUE(WriteFileWhole(file_, bytes).ok());
  const std::unique_ptr<Source> source = Open(file_.string()).value();
  EXPECT_EQ(source->info().format, "tiff (Aperio)");
  Tensor part = Tensor::Allocate(DType::kU8, {3, 64, 64}).value();
  EXPECT_TRUE(source->Read({.box = {{0, 64}, {0, 64}}}, part.view()).ok());
  const Status read = source->Read({.box = {{64, 128}, {128, 192}}}, part.view());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kCorrupt);
  EXPECT_NE(ToString(read.error()).find("tile at y=64 x=128"), std::string::npos) << ToString(read.error());
}

TEST_F(SlideTiff, OfTheRealScannerIsAsInOpenSlide) {
  const Path part = "data/images/wsi/CMU-1-Small-Region.svs";
  const std::string name = tegula::testing::SharedData(part).string();
  if (name.empty()) GTEST_SKIP() << tegula::testing::NoSharedData(part);
  const std::unique_ptr<Source> source = Open(name).value();
  EXPECT_EQ(source->info().format, "tiff (Aperio)");
  CheckIsAsInOpenSlide(*source, name);
}

}  // namespace
}  // namespace tegula::image
