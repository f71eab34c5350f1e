#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"
#include "tegula/image/testing/tiff_writer.h"

namespace tegula::image {
namespace {

using testing::ExpectedPixels;
using testing::PageSpec;
using testing::ReadAll;
using testing::Same;

class Tiff : public ::testing::Test {
 protected:
  std::unique_ptr<Source> Written(const std::vector<PageSpec>& pages, const char* mode = "w") {
    testing::WriteTiff(file_, pages, mode);
    Result<std::unique_ptr<Source>> source = Open(file_.string());
    EXPECT_TRUE(source.ok()) << (source.ok() ? "" : ToString(source.error()));
    return source.ok() ? std::move(source).value() : nullptr;
  }
  Error Refused(const std::vector<PageSpec>& pages) {
    testing::WriteTiff(file_, pages);
    const Result<std::unique_ptr<Source>> source = Open(file_.string());
    EXPECT_FALSE(source.ok());
    return source.ok() ? Error{} : source.error();
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path file_ = folder_.path() / "a.tif";
};

TEST_F(Tiff, EveryLayoutOfPixelsIsRead) {
  for (const DType dtype : {DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kU32, DType::kI32, DType::kU64,
                            DType::kF32, DType::kF64})
    for (const std::int64_t samples : {1, 2, 3})
      for (const std::int64_t tile : {0, 32})
        for (const bool planar : {false, true})
          for (const char* mode : {"wl", "wb", "w8l", "w8b"}) {
            const PageSpec page{.samples = samples, .dtype = dtype, .tile = tile, .planar = planar};
            const std::unique_ptr<Source> source = Written({page}, mode);
            ASSERT_NE(source, nullptr);
            EXPECT_TRUE(Same(ReadAll(*source).view(), ExpectedPixels(page).view()))
                << DTypeName(dtype) << " " << samples << " samples, tile " << tile
                << (planar ? ", planar, " : ", interleaved, ") << mode;
            EXPECT_EQ(source->info().is_rgb, samples == 3);
          }
}

TEST_F(Tiff, LosslessCompressionsAreRead) {
  for (const int compression : {COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE, COMPRESSION_PACKBITS,
                                COMPRESSION_ZSTD, COMPRESSION_LZMA}) {
    if (TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression)) == 0) continue;
    const PageSpec page{.samples = 3, .dtype = DType::kU16, .tile = 32, .compression = compression};
    const std::unique_ptr<Source> source = Written({page});
    ASSERT_NE(source, nullptr);
    EXPECT_TRUE(Same(ReadAll(*source).view(), ExpectedPixels(page).view())) << compression;
  }
}

TEST_F(Tiff, JpegInYCbCrComesAsRgb) {
  PageSpec page{.height = 64,
                .width = 64,
                .samples = 3,
                .tile = 64,
                .compression = COMPRESSION_JPEG,
                .photometric = PHOTOMETRIC_YCBCR};
  TIFF* const tiff = TIFFOpen(file_.c_str(), "w");
  testing::SetTags(tiff, page);
  std::vector<std::uint8_t> red(64 * 64 * 3, 0);
  for (std::size_t i = 0; i < red.size(); i += 3) red[i] = 200, red[i + 1] = 40;
  ASSERT_GT(TIFFWriteEncodedTile(tiff, 0, red.data(), static_cast<tmsize_t>(red.size())), 0);
  TIFFClose(tiff);
  const std::unique_ptr<Source> source = Open(file_.string()).value();
  EXPECT_TRUE(source->info().is_rgb);
  const Tensor pixels = ReadAll(*source);
  const auto at = [&](std::size_t c) {
    return static_cast<int>(pixels.values<std::uint8_t>()[c * 64 * 64 + 64 * 30 + 20]);
  };
  EXPECT_NEAR(at(0), 200, 3);
  EXPECT_NEAR(at(1), 40, 3);
  EXPECT_NEAR(at(2), 0, 3);
}

TEST_F(Tiff, SubPagesAndMarkedPagesAreLevels) {
  const PageSpec full{.samples = 3, .tile = 16, .sub_pages = 2};
  PageSpec half{.height = 37, .width = 26, .samples = 3, .tile = 16, .reduced = true, .plane = 1};
  PageSpec quarter{.height = 18, .width = 13, .samples = 3, .tile = 16, .reduced = true, .plane = 2};
  for (const bool sub : {true, false}) {
    PageSpec first = full;
    if (!sub) first.sub_pages = 0;
    const std::unique_ptr<Source> source = Written({first, half, quarter});
    ASSERT_NE(source, nullptr);
    ASSERT_EQ(source->info().levels.size(), 3u) << sub;
    EXPECT_EQ(source->info().size_z, 1);
    EXPECT_EQ(source->info().levels[1].height, 37);
    EXPECT_EQ(source->info().levels[1].tile_width, 16);
    EXPECT_DOUBLE_EQ(source->info().levels[2].downsample_x, 53.0 / 13.0);
    EXPECT_TRUE(Same(ReadAll(*source, 1).view(), ExpectedPixels(half).view()));
    EXPECT_TRUE(Same(ReadAll(*source, 2).view(), ExpectedPixels(quarter).view()));
  }
}

TEST_F(Tiff, PagesWithoutADescriptionAreAStack) {
  const std::unique_ptr<Source> source = Written({{.plane = 0}, {.plane = 1}, {.plane = 2}});
  EXPECT_EQ(source->info().size_z, 3);
  EXPECT_TRUE(Same(ReadAll(*source, 0, 0, 2).view(), ExpectedPixels({.plane = 2}).view()));
}

TEST_F(Tiff, ImageJsOrderIsChannelsThenSlicesThenFrames) {
  std::vector<PageSpec> pages;
  for (int i = 0; i < 12; ++i) pages.push_back({.per_centimetre = 4, .resolution_unit = RESUNIT_NONE, .plane = i});
  pages[0].description = "ImageJ=1.53t\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\nunit=micron\n";
  const std::unique_ptr<Source> source = Written(pages);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->info().channels.size(), 2u);
  EXPECT_EQ(source->info().size_z, 3);
  EXPECT_EQ(source->info().size_t, 2);
  EXPECT_DOUBLE_EQ(source->info().pixel_size->x_um, 0.25);
  const int page = 1 * 6 + 2 * 2 + 1;
  EXPECT_TRUE(Same(ReadAll(*source, 0, 1, 2).view().Slice(0, 1, 1), ExpectedPixels({.plane = page}).view()));
}

std::string Ome(const char* pixels, const char* inside, const char* uuid = "urn:uuid:1") {
  return fmt::format(
      R"(<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{}"><Image ID="Image:0"><Pixels ID="P" {}>{}</Pixels></Image></OME>)",
      uuid, pixels, inside);
}

TEST_F(Tiff, OmeXmlPlacesPlanesAndNamesChannels) {
  std::vector<PageSpec> pages;
  for (int i = 0; i < 12; ++i) pages.push_back({.plane = i});
  pages[0].description = Ome(
      R"(DimensionOrder="XYZTC" SizeX="53" SizeY="75" SizeZ="3" SizeC="2" SizeT="2" Type="uint8" PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5")",
      R"(<Channel ID="C0" Name="DAPI" Color="65535"/><Channel ID="C1" Name="GFP"/><TiffData/>)");
  const std::unique_ptr<Source> source = Written(pages);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->info().channels[0].name, "DAPI");
  EXPECT_EQ(source->info().channels[0].colour, (Rgb{0, 0, 255}));
  EXPECT_EQ(source->info().channels[1].name, "GFP");
  EXPECT_DOUBLE_EQ(source->info().pixel_size->x_um, 0.25);
  EXPECT_DOUBLE_EQ(source->info().pixel_size->y_um, 0.5);
  const int page = 1 * 6 + 1 * 3 + 2;  // c=1, t=1, z=2: z fastest, then t
  EXPECT_TRUE(Same(ReadAll(*source, 0, 1, 2).view().Slice(0, 1, 1), ExpectedPixels({.plane = page}).view()));
}

TEST_F(Tiff, OmeTiffDataMayTurnTheOrderRound) {
  std::vector<PageSpec> pages = {{.plane = 0}, {.plane = 1}, {.plane = 2}};
  const char* pixels = R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="3" SizeT="1" Type="uint8")";
  pages[0].description = Ome(
      pixels,
      R"(<TiffData IFD="2" FirstC="0"/><TiffData IFD="1" FirstC="1" PlaneCount="1"/><TiffData IFD="0" FirstC="2"/>)");
  const std::unique_ptr<Source> source = Written(pages);
  ASSERT_NE(source, nullptr);
  for (int c = 0; c < 3; ++c)
    EXPECT_TRUE(Same(ReadAll(*source).view().Slice(0, c, 1), ExpectedPixels({.plane = 2 - c}).view()));
}

TEST_F(Tiff, AnOmePyramidHasTheLevelsOfEveryPlane) {
  std::vector<PageSpec> pages;
  for (int plane = 0; plane < 2; ++plane) {
    pages.push_back({.tile = 16, .sub_pages = 1, .plane = plane});
    pages.push_back({.height = 38, .width = 27, .tile = 16, .reduced = true, .plane = 10 + plane});
  }
  pages[0].description =
      Ome(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="2" SizeT="1" Type="uint8")", "<TiffData/>");
  const std::unique_ptr<Source> source = Written(pages);
  ASSERT_NE(source, nullptr);
  ASSERT_EQ(source->info().levels.size(), 2u);
  EXPECT_TRUE(Same(ReadAll(*source, 1).view().Slice(0, 1, 1), ExpectedPixels(pages[3]).view()));
}

TEST_F(Tiff, OmeXmlThatContradictsTheFileIsRefused) {
  const auto code = [&](const char* pixels, const char* inside) {
    const std::vector<PageSpec> pages = {{.description = Ome(pixels, inside)}, {.plane = 1}};
    return Refused(pages);
  };
  EXPECT_EQ(code(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="3" SizeT="1")", "<TiffData/>").code,
            Code::kCorrupt);
  EXPECT_EQ(code(R"(DimensionOrder="XYCZT" SizeX="54" SizeY="75" SizeZ="1" SizeC="2" SizeT="1")", "<TiffData/>").code,
            Code::kCorrupt);
  EXPECT_EQ(code(R"(DimensionOrder="XYCC" SizeX="53" SizeY="75" SizeZ="1" SizeC="2" SizeT="1")", "<TiffData/>").code,
            Code::kCorrupt);
  EXPECT_EQ(
      code(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="2" SizeT="1")", R"(<TiffData IFD="7"/>)")
          .code,
      Code::kCorrupt);
  EXPECT_EQ(
      code(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="2" SizeT="1")", R"(<TiffData IFD="0"/>)")
          .code,
      Code::kCorrupt);
  EXPECT_EQ(
      code(
          R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="99999999999" SizeC="99999999999" SizeT="99999999999")",
          "<TiffData/>")
          .code,
      Code::kCorrupt);
  EXPECT_EQ(code(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="-1" SizeC="2" SizeT="1")", "<TiffData/>").code,
            Code::kCorrupt);
  EXPECT_EQ(code(R"(DimensionOrder="XYCZT" SizeX="53)", "<TiffData/>").code, Code::kCorrupt);
  const Error elsewhere = code(R"(DimensionOrder="XYCZT" SizeX="53" SizeY="75" SizeZ="1" SizeC="2" SizeT="1")",
                               R"(<TiffData IFD="0"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData>)");
  EXPECT_EQ(elsewhere.code, Code::kUnsupported);
  EXPECT_NE(elsewhere.what.find("b.ome.tif"), std::string::npos);
}

TEST_F(Tiff, WhatIsNotSupportedIsRefusedWithASentence) {
  const Error white = Refused({{.photometric = PHOTOMETRIC_MINISWHITE}});
  EXPECT_EQ(white.code, Code::kUnsupported);
  EXPECT_NE(white.what.find("min-is-white"), std::string::npos);
  EXPECT_NE(ToString(white).find("a.tif"), std::string::npos);
  EXPECT_EQ(Refused({{.samples = 4, .photometric = PHOTOMETRIC_SEPARATED}}).code, Code::kUnsupported);
  EXPECT_EQ(Refused({{.samples = 4, .photometric = PHOTOMETRIC_RGB, .extra_samples = {EXTRASAMPLE_ASSOCALPHA}}}).code,
            Code::kUnsupported);
  EXPECT_EQ(Refused({{}, {.height = 10, .width = 10}}).code, Code::kUnsupported);
  EXPECT_EQ(Refused({{}, {.dtype = DType::kU16}}).code, Code::kUnsupported);
  EXPECT_EQ(Refused({{.height = 80, .width = 80}, {.height = 40, .width = 10, .reduced = true}}).code,
            Code::kUnsupported);
  EXPECT_EQ(Refused({{.description = "ImageJ=1.53t\nimages=40\nslices=40\n"}}).code, Code::kUnsupported);
  EXPECT_EQ(Refused({{.description = "ImageJ=1.53t\nimages=2\nslices=3\n"}, {}}).code, Code::kCorrupt);
}

TEST_F(Tiff, AlphaIsLeftOutAndOtherExtraSamplesAreChannels) {
  const PageSpec alpha{.samples = 4, .photometric = PHOTOMETRIC_RGB, .extra_samples = {EXTRASAMPLE_UNASSALPHA}};
  const std::unique_ptr<Source> colour = Written({alpha});
  EXPECT_TRUE(colour->info().is_rgb);
  EXPECT_TRUE(Same(ReadAll(*colour).view(), ExpectedPixels(alpha).view().Slice(0, 0, 3)));
  const PageSpec more{.samples = 4, .photometric = PHOTOMETRIC_RGB, .extra_samples = {EXTRASAMPLE_UNSPECIFIED}};
  const std::unique_ptr<Source> four = Written({more});
  EXPECT_FALSE(four->info().is_rgb);
  EXPECT_TRUE(Same(ReadAll(*four).view(), ExpectedPixels(more).view()));
}

TEST_F(Tiff, ResolutionCountsOnlyWhereItIsAMicroscopes) {
  const auto pixel_size = [&](double per_unit, int unit) {
    return Written({{.per_centimetre = per_unit, .resolution_unit = unit}})->info().pixel_size;
  };
  EXPECT_NEAR(pixel_size(20000, RESUNIT_CENTIMETER)->x_um, 0.5, 1e-6);
  EXPECT_NEAR(pixel_size(25400, RESUNIT_INCH)->y_um, 1.0, 1e-6);
  EXPECT_FALSE(pixel_size(20000, RESUNIT_NONE));
  EXPECT_FALSE(pixel_size(300, RESUNIT_INCH));
  EXPECT_FALSE(pixel_size(118.11, RESUNIT_CENTIMETER));
  EXPECT_FALSE(pixel_size(72, RESUNIT_INCH));
}

TEST_F(Tiff, AFileThatIsCutAnywhereIsAnErrorOrReadsTheSame) {
  const std::vector<PageSpec> pages = {{.samples = 3, .tile = 32, .compression = COMPRESSION_LZW},
                                       {.samples = 3, .tile = 32, .compression = COMPRESSION_LZW, .plane = 1}};
  testing::WriteTiff(file_, pages);
  const std::string bytes = ReadFile(file_, 1 << 20).value();
  const Path cut = folder_.path() / "cut.tif";
  for (std::size_t size = 1; size < bytes.size(); size += 97) {
    ASSERT_TRUE(WriteFileWhole(cut, bytes.substr(0, size)).ok());
    const Result<std::unique_ptr<Source>> source = Open(cut.string());
    if (!source.ok()) {
      EXPECT_NE(ToString(source.error()).find("cut.tif"), std::string::npos);
      continue;
    }
    const ImageInfo& info = (*source)->info();
    Tensor out = Tensor::Allocate(info.dtype, {3, 75, 53}).value();
    const Status read = (*source)->Read({.z = info.size_z - 1, .box = {{0, 75}, {0, 53}}}, out.view());
    if (read.ok()) {
      EXPECT_TRUE(
          Same(std::as_const(out).view(), ExpectedPixels(pages[static_cast<std::size_t>(info.size_z - 1)]).view()));
    } else {
      EXPECT_NE(ToString(read.error()).find("cut.tif"), std::string::npos);
    }
  }
}

// Overwrites what the file has of the tiles that touch `box`.
void DestroyTiles(const Path& file, const Box& box) {
  TIFF* const tiff = TIFFOpen(file.c_str(), "r");
  ASSERT_NE(tiff, nullptr);
  std::uint32_t tile = 0;
  ASSERT_EQ(TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile), 1);
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  for (auto y = static_cast<std::uint32_t>(box.y.begin) / tile; y * tile < box.y.end; ++y)
    for (auto x = static_cast<std::uint32_t>(box.x.begin) / tile; x * tile < box.x.end; ++x) {
      const std::uint32_t number = TIFFComputeTile(tiff, x * tile, y * tile, 0, 0);
      out.seekp(static_cast<std::streamoff>(TIFFGetStrileOffset(tiff, number)));
      out << std::string(TIFFGetStrileByteCount(tiff, number), '\0');
    }
  TIFFClose(tiff);
}

TEST_F(Tiff, WindowsThatOverlapDecodeEachTileOnce) {
  // Two rows of tiles are more than what is kept of any file.
  constexpr std::int64_t kTile = 1024, kHeight = 5 * kTile, kWidth = 20 * kTile, kContext = 56;
  TIFF* const tiff = TIFFOpen(file_.c_str(), "w");
  testing::SetTags(tiff, {.height = kHeight, .width = kWidth, .tile = kTile, .compression = COMPRESSION_ADOBE_DEFLATE});
  std::vector<std::uint8_t> pixels(kTile * kTile, 7);
  for (std::uint32_t i = 0; i < TIFFNumberOfTiles(tiff); ++i)
    ASSERT_GT(TIFFWriteEncodedTile(tiff, i, pixels.data(), static_cast<tmsize_t>(pixels.size())), 0);
  TIFFClose(tiff);
  const std::string bytes = ReadFile(file_, 1 << 24).value();
  // Windows that end where tiles do, near it and elsewhere.
  for (const std::int64_t step : {1 * kTile, 2 * kTile, 2 * kTile - 2 * kContext, 3 * kTile - 500}) {
    ASSERT_TRUE(WriteFileWhole(file_, bytes).ok());
    const std::unique_ptr<Source> source = Open(file_.string(), {.cache_bytes = std::int64_t{1} << 30}).value();
    for (std::int64_t y = 0; y < kHeight; y += step)
      for (std::int64_t x = 0; x < kWidth; x += step) {
        const Box box = Intersect(Box{{y - kContext, y + step + kContext}, {x - kContext, x + step + kContext}},
                                  Box{{0, kHeight}, {0, kWidth}});
        Tensor out = Tensor::Allocate(DType::kU8, {1, box.height(), box.width()}).value();
        const Status read = source->Read({.box = box, .overlap = {2 * kContext, 2 * kContext}}, out.view());
        ASSERT_TRUE(read.ok()) << "step " << step << ": " << ToString(read.error());
        ASSERT_NO_FATAL_FAILURE(DestroyTiles(file_, box));
      }
  }
}

TEST_F(Tiff, DamagedFilesDoNotCrash) {
  testing::WriteTiff(file_, {{.samples = 3, .tile = 32, .compression = COMPRESSION_ADOBE_DEFLATE, .sub_pages = 1},
                             {.height = 37, .width = 26, .samples = 3, .tile = 16, .reduced = true}});
  const std::string bytes = ReadFile(file_, 1 << 20).value();
  std::mt19937 random(11);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (int round = 0; round < 200; ++round) {
    std::string damaged = bytes;
    for (int i = 0; i < 4; ++i)
      damaged[damaged.size() - 1 - below(round % 2 == 0 ? damaged.size() : 600)] = static_cast<char>(below(256));
    ASSERT_TRUE(WriteFileWhole(file_, damaged).ok());
    const Result<std::unique_ptr<Source>> source = Open(file_.string());
    if (!source.ok()) continue;
    const ImageInfo& info = (*source)->info();
    const std::int64_t h = std::min<std::int64_t>(info.levels[0].height, 64),
                       w = std::min<std::int64_t>(info.levels[0].width, 64);
    Tensor out = Tensor::Allocate(info.dtype, {static_cast<std::int64_t>(info.channels.size()), h, w}).value();
    static_cast<void>((*source)->Read({.box = {{0, h}, {0, w}}}, out.view()));
  }
}

}  // namespace
}  // namespace tegula::image
