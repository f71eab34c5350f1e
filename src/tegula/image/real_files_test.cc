// Files that other programs wrote, against numbers computed with tifffile and Pillow.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tegula/core/testing/shared_data.h"
#include "tegula/image/formats.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

// Sum of value * (1 + (13 t + 11 z + 7 c + 3 y + x) mod 17): tells every place from its neighbours.
struct Golden {
  const char* file;
  std::int64_t tzcyx[5];
  double sum;
};
constexpr Golden kGolden[] = {
    {"wsi/kidney-48-5.tif", {1, 1, 3, 901, 1493}, 9146522720.0},
    {"fluorescence/piximi_8b_rgb_FluorescentCells.tif", {1, 1, 3, 512, 512}, 248013661.0},
    {"fluorescence/neubias_xyc_16bit__hela-cells.tif", {1, 1, 3, 512, 672}, 3541380656.0},
    {"fluorescence/neubias_xyc_16bit__nuclei_tubulin.tif", {1, 1, 2, 214, 226}, 1253799609.0},
    {"fluorescence/neubias_xy_16bit__nuclei_high_dynamic_range.tif", {1, 1, 1, 147, 149}, 83593652.0},
    {"fluorescence/stardist_img2d.tif", {1, 1, 1, 512, 512}, 74989551.0},
    {"fluorescence/membrane_2d_timelapse.tif", {1, 5, 1, 256, 256}, 1763860639.0},
    {"3d/stardist_img3d.tif", {1, 31, 1, 61, 57}, 192111750.0},
    {"3d/neubias_xyz_8bit__chromosomes.tif", {1, 40, 1, 152, 126}, 837515335.0},
    {"ome_tiff/18x24y5z5t2c8b-text.ome.tiff", {5, 5, 2, 24, 18}, 25342255.0},
    {"ome_tiff/multi-channel.ome.tif", {1, 1, 3, 167, 439}, 94012887.0},
    {"ome_tiff/multi-channel-z-series.ome.tif", {1, 5, 3, 167, 439}, 467036966.0},
    {"spots/deepblink_image_c1.tif", {1, 1, 1, 512, 512}, 25491518.0},
    {"dsb2018/0402a81e7526_labels.tif", {1, 1, 1, 260, 347}, 9540562.0},
    {"timelapse/mitocheck_T00000.tif", {1, 1, 1, 190, 211}, 1988913.0},
    {"he/skimage_ihc.png", {1, 1, 3, 512, 512}, 1134785210.0},
    {"he/stardist_histo.jpg", {1, 1, 3, 300, 500}, 525777969.0},
    {"dsb2018/0402a81e7526.png", {1, 1, 3, 260, 347}, 99899360.0},
    {"dsb2018/45f059cf21d8.png", {1, 1, 3, 256, 320}, 314249231.0},
    {"he/instanseg_HE_example.tif", {1, 1, 3, 1484, 1380}, 9406817856.0},
    {"wsi/CMU-1-Small-Region.svs", {1, 1, 3, 2967, 2220}, 36559708358.0},
};

double WeighedSum(const Source& source) {
  double sum = 0;
  for (std::int64_t t = 0; t < source.info().size_t; ++t)
    for (std::int64_t z = 0; z < source.info().size_z; ++z) {
      const Tensor raw = testing::ReadAll(source, 0, t, z);
      Tensor pixels = Tensor::Allocate(DType::kF64, raw.shape()).value();
      ConvertCopy(raw.view(), pixels.view());
      std::size_t i = 0;
      for (std::int64_t c = 0; c < raw.shape()[0]; ++c)
        for (std::int64_t y = 0; y < raw.shape()[1]; ++y)
          for (std::int64_t x = 0; x < raw.shape()[2]; ++x)
            sum += pixels.values<double>()[i++] * static_cast<double>(1 + (13 * t + 11 * z + 7 * c + 3 * y + x) % 17);
    }
  return sum;
}

class RealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (folder_.empty()) GTEST_SKIP() << tegula::testing::NoSharedData("data/images");
  }
  std::unique_ptr<Source> Opened(const std::string& file) {
    Result<std::unique_ptr<Source>> source = Open((folder_ / file).string());
    EXPECT_TRUE(source.ok()) << (source.ok() ? "" : ToString(source.error()));
    return source.ok() ? std::move(source).value() : nullptr;
  }
  const Path folder_ = tegula::testing::SharedData("data/images");
};

TEST_F(RealFiles, HaveThePixelsThatPythonReads) {
  for (const Golden& golden : kGolden) {
    const std::unique_ptr<Source> source = Opened(golden.file);
    ASSERT_NE(source, nullptr);
    const ImageInfo& info = source->info();
    EXPECT_EQ(info.size_t, golden.tzcyx[0]) << golden.file;
    EXPECT_EQ(info.size_z, golden.tzcyx[1]) << golden.file;
    EXPECT_EQ(static_cast<std::int64_t>(info.channels.size()), golden.tzcyx[2]) << golden.file;
    EXPECT_EQ(info.levels[0].height, golden.tzcyx[3]) << golden.file;
    EXPECT_EQ(info.levels[0].width, golden.tzcyx[4]) << golden.file;
    // JPEG decoders may differ in a last bit here and there.
    EXPECT_NEAR(WeighedSum(*source), golden.sum, golden.sum * 1e-6) << golden.file;
  }
}

TEST_F(RealFiles, KnowTheirPixelSizesAndChannels) {
  const std::unique_ptr<Source> slide = Opened("wsi/CMU-1-Small-Region.svs");
  EXPECT_EQ(slide->info().format, "tiff (Aperio)");
  EXPECT_DOUBLE_EQ(slide->info().pixel_size->x_um, 0.499);
  EXPECT_EQ(slide->info().levels[0].tile_width, 240);
  EXPECT_NEAR(Opened("3d/neubias_xyz_8bit__chromosomes.tif")->info().pixel_size->x_um, 1 / 29.538460, 1e-7);
  const std::unique_ptr<Source> composite = Opened("fluorescence/neubias_xyc_16bit__hela-cells.tif");
  EXPECT_NEAR(composite->info().pixel_size->x_um, 1 / 19.420064, 1e-7);
  EXPECT_FALSE(composite->info().is_rgb);
  EXPECT_TRUE(Opened("fluorescence/piximi_8b_rgb_FluorescentCells.tif")->info().is_rgb);
  EXPECT_FALSE(Opened("fluorescence/stardist_img2d.tif")->info().pixel_size);
  const std::unique_ptr<Source> he = Opened("he/instanseg_HE_example.tif");
  EXPECT_TRUE(he->info().is_rgb);
  EXPECT_NEAR(he->info().pixel_size->y_um, 0.50008, 1e-5);
}

TEST_F(RealFiles, APlainReaderRefusesTheThumbnailAndLabelPagesOfASlide) {
  const Error error = OpenTiff((folder_ / "wsi/CMU-1-Small-Region.svs").string(), {}).error();
  EXPECT_EQ(error.code, Code::kUnsupported);
  EXPECT_NE(error.what.find("page 1"), std::string::npos);
}

}  // namespace
}  // namespace tegula::image
