#include "tegula/image/testing/source_conformance.h"

#include <png.h>

#include <functional>

#include "tegula/core/testing/shared_data.h"
#include "tegula/image/open.h"
#include "tegula/image/testing/jpeg_writer.h"
#include "tegula/image/testing/tiff_writer.h"
#include "tegula/image/testing/zarr_writer.h"
#include "tegula/tensor/npy.h"

namespace tegula::image::testing {
namespace {

void WritePng(const Path& path, std::int64_t height, std::int64_t width, int colour) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  image.format = static_cast<png_uint_32>(colour);
  // Alpha is opaque: 255, or 65535 of 16 bits.
  const std::size_t bytes = PNG_IMAGE_SAMPLE_COMPONENT_SIZE(image.format),
                    channels = PNG_IMAGE_SAMPLE_CHANNELS(image.format);
  const bool has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(has_alpha && i / bytes % channels == channels - 1 ? 255 : i * 7 % 251);
  ASSERT_NE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr), 0);
}

const Path kSlide = "data/images/wsi/CMU-1-Small-Region.svs";

// One reader and one kind of image. `make` returns the name to open; empty: it cannot be made here.
struct Case {
  std::string name;
  std::function<std::string(const Path& folder)> make;
  bool is_file = true;
};

std::string Tiff(const Path& folder, const std::vector<PageSpec>& pages, const char* mode = "w") {
  WriteTiff(folder / "image.tif", pages, mode);
  return folder / "image.tif";
}

std::string Png(const Path& folder, int format) {
  WritePng(folder / "image.png", 45, 31, format);
  return folder / "image.png";
}

std::string WrittenJpeg(const Path& folder, const JpegSpec& spec) {
  EXPECT_TRUE(WriteFileWhole(folder / "image.jpg", Jpeg(spec)).ok());
  return folder / "image.jpg";
}

std::string Npy(const Path& folder, const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::Allocate(dtype, shape).value();
  for (std::int64_t i = 0; i < tensor.bytes(); ++i)
    tensor.view().data()[i] = static_cast<std::byte>(dtype == DType::kBool ? i % 3 == 0 : i * 7 % 61);
  EXPECT_TRUE(WriteNpy(folder / "image.npy", std::as_const(tensor).view()).ok());
  return folder / "image.npy";
}

Tensor Filled(const Shape& shape) {
  Tensor tensor = Tensor::Allocate(DType::kU8, shape).value();
  for (std::int64_t i = 0; i < tensor.bytes(); ++i) tensor.view().data()[i] = static_cast<std::byte>(i * 7 % 251);
  return tensor;
}

std::vector<Case> Cases() {
  return {
      {"noise",
       [](const Path&) { return std::string("synthetic:noise,height=97,width=61,channels=3,levels=3,pixel_size=0.5"); },
       false},
      {"gradient",
       [](const Path&) {
         return std::string("synthetic:gradient,height=97,width=61,channels=2,dtype=float32,levels=2");
       },
       false},
      {"nuclei", [](const Path&) { return std::string("synthetic:nuclei,height=130,width=161,dtype=uint16,levels=2"); },
       false},
      {"npy_plane",
       [](const Path& f) {
         return Npy(f, {45, 31}, DType::kF32);
       }},
      {"npy_channels",
       [](const Path& f) {
         return Npy(f, {3, 45, 31}, DType::kI16);
       }},
      {"npy_bool",
       [](const Path& f) {
         return Npy(f, {45, 31}, DType::kBool);
       }},
      {"png_rgb", [](const Path& f) { return Png(f, PNG_FORMAT_RGB); }},
      {"png_grey", [](const Path& f) { return Png(f, PNG_FORMAT_GRAY); }},
      {"png_grey_16_bits", [](const Path& f) { return Png(f, PNG_FORMAT_LINEAR_Y); }},
      {"png_rgb_16_bits", [](const Path& f) { return Png(f, PNG_FORMAT_LINEAR_RGB); }},
      {"png_opaque_16_bits", [](const Path& f) { return Png(f, PNG_FORMAT_LINEAR_RGB_ALPHA); }},
      {"jpeg_grey", [](const Path& f) { return WrittenJpeg(f, {.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}); }},
      {"jpeg_rgb", [](const Path& f) { return WrittenJpeg(f, {}); }},
      {"jpeg_progressive",
       [](const Path& f) { return WrittenJpeg(f, {.height = 33, .width = 70, .progressive = true}); }},
      {"tiff_strips", [](const Path& f) { return Tiff(f, {{.samples = 3}}); }},
      {"tiff_tiles_planar",
       [](const Path& f) {
         return Tiff(
             f, {{.samples = 3, .dtype = DType::kU16, .tile = 32, .planar = true, .compression = COMPRESSION_LZW}});
       }},
      {"tiff_pyramid",
       [](const Path& f) {
         return Tiff(f, {{.tile = 16, .sub_pages = 1}, {.height = 37, .width = 26, .tile = 16, .reduced = true}});
       }},
      {"bigtiff_strips", [](const Path& f) { return Tiff(f, {{.samples = 3, .dtype = DType::kU16}}, "w8l"); }},
      {"bigtiff_tiles_big_endian",
       [](const Path& f) { return Tiff(f, {{.samples = 3, .dtype = DType::kU16, .tile = 32}}, "w8b"); }},
      {"bigtiff_pyramid",
       [](const Path& f) {
         return Tiff(f, {{.tile = 16, .sub_pages = 1}, {.height = 37, .width = 26, .tile = 16, .reduced = true}},
                     "w8b");
       }},
      {"zarr_pyramid",
       [](const Path& f) {
         const Tensor large = Filled({3, 75, 53}), small = Filled({3, 37, 26});
         return WriteZarr(f / "image.zarr", "cyx", {{&large, {2, 16, 20}, 0.5}, {&small, {2, 16, 20}, 1}});
       },
       false},
      {"tiff_stack",
       [](const Path& f) {
         return Tiff(f, {{.dtype = DType::kF32}, {.dtype = DType::kF32, .plane = 1}});
       }},
      {"slide", [](const Path&) { return tegula::testing::SharedData(kSlide).string(); }},
  };
}

class SourceConformance : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    name_ = GetParam().make(folder_.path());
    if (name_.empty()) GTEST_SKIP() << tegula::testing::NoSharedData(kSlide);
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  std::string name_;
};

TEST_P(SourceConformance, KeepsItsPromises) {
  const Result<std::unique_ptr<Source>> source = Open(name_);
  ASSERT_TRUE(source.ok()) << ToString(source.error());
  CheckSource(**source);
}

TEST_P(SourceConformance, ACutFileIsAnErrorThatNamesIt) {
  if (!GetParam().is_file) GTEST_SKIP() << "not a file";
  const std::string bytes = ReadFile(name_, 1 << 24).value();
  const Path cut = folder_.path() / ("cut" + Path(name_).extension().string());
  for (const std::size_t part : {bytes.size() / 2, bytes.size() / 8, std::size_t{9}}) {
    ASSERT_TRUE(WriteFileWhole(cut, bytes.substr(0, part)).ok());
    const Result<std::unique_ptr<Source>> source = Open(cut.string());
    std::string message;
    if (source.ok()) {
      const ImageInfo& info = (*source)->info();
      const Level& level = info.levels[0];
      Tensor out =
          Tensor::Allocate(info.dtype, {static_cast<std::int64_t>(info.channels.size()), level.height, level.width})
              .value();
      const Status read = (*source)->Read({.box = {{0, level.height}, {0, level.width}}}, out.view());
      ASSERT_FALSE(read.ok()) << part;
      message = ToString(read.error());
    } else {
      message = ToString(source.error());
    }
    EXPECT_NE(message.find("cut."), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, SourceConformance, ::testing::ValuesIn(Cases()),
                         [](const auto& case_info) { return case_info.param.name; });

}  // namespace
}  // namespace tegula::image::testing
