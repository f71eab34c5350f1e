#include "tegula/outputs/ome_tiff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiffio.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "tegula/core/random.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/image/open.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr DType kHeld[] = {DType::kBool, DType::kU8,  DType::kI8,  DType::kU16, DType::kI16,
                           DType::kU32,  DType::kI32, DType::kF32, DType::kF64};

StoreOptions SomeOptions(DType dtype = DType::kF32) {
  StoreOptions options;
  options.name = "nuclei";
  options.dtype = dtype;
  options.axes = {{.name = 'c', .size = 3, .chunk = 1},
                  {.name = 'y', .size = 201, .chunk = 64, .step = 0.25},
                  {.name = 'x', .size = 155, .chunk = 48, .step = 0.5}};
  options.levels = 3;
  options.channels = {{"background", {128, 128, 128}}, {"nucleus", {0, 158, 115}}, {"other", {255, 0, 0}}};
  return options;
}

// What libtiff says about a page, and its numbers.
struct Page {
  std::uint32_t kind = 0, height = 0, width = 0, tile_height = 0, tile_width = 0;
  std::uint16_t bits = 0, format = 0, compression = 0, predictor = 0, photometric = 0, samples = 0;
  float x_per_cm = 0, y_per_cm = 0;
  std::string description, software;
  std::vector<Page> reduced;
  Tensor pixels;
};

template <class T>
T Field(TIFF* tiff, std::uint32_t tag) {
  T value{};
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}
std::string TextField(TIFF* tiff, std::uint32_t tag) {
  const char* text = nullptr;
  return TIFFGetField(tiff, tag, &text) == 1 ? text : "";
}

Page ReadPage(TIFF* tiff, DType dtype) {
  Page page{.kind = Field<std::uint32_t>(tiff, TIFFTAG_SUBFILETYPE),
            .height = Field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH),
            .width = Field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH),
            .tile_height = Field<std::uint32_t>(tiff, TIFFTAG_TILELENGTH),
            .tile_width = Field<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH),
            .bits = Field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE),
            .format = Field<std::uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT),
            .compression = Field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION),
            .predictor = Field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION) == COMPRESSION_NONE
                             ? std::uint16_t{PREDICTOR_NONE}
                             : Field<std::uint16_t>(tiff, TIFFTAG_PREDICTOR),
            .photometric = Field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC),
            .samples = Field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL),
            .x_per_cm = Field<float>(tiff, TIFFTAG_XRESOLUTION),
            .y_per_cm = Field<float>(tiff, TIFFTAG_YRESOLUTION),
            .description = TextField(tiff, TIFFTAG_IMAGEDESCRIPTION),
            .software = TextField(tiff, TIFFTAG_SOFTWARE),
            .reduced = {},
            .pixels = {}};
  page.pixels = Tensor::Allocate(dtype, {page.height, page.width}).value();
  Tensor tile = Tensor::Allocate(dtype, {page.tile_height, page.tile_width}).value();
  EXPECT_EQ(TIFFTileSize(tiff), tile.bytes());
  for (std::uint32_t y = 0; y < page.height; y += page.tile_height)
    for (std::uint32_t x = 0; x < page.width; x += page.tile_width) {
      EXPECT_EQ(TIFFReadTile(tiff, tile.view().data(), x, y, 0, 0), tile.bytes());
      const std::int64_t rows = std::min(page.tile_height, page.height - y),
                         columns = std::min(page.tile_width, page.width - x);
      ConvertCopy(std::as_const(tile).view().Slice(0, 0, rows).Slice(1, 0, columns),
                  page.pixels.view().Slice(0, y, rows).Slice(1, x, columns));
    }
  return page;
}

std::vector<Page> ReadPages(const Path& path, DType dtype) {
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff(TIFFOpen(path.c_str(), "r"), &TIFFClose);
  std::vector<Page> pages;
  if (tiff == nullptr) return pages;
  for (tdir_t number = 0; TIFFSetDirectory(tiff.get(), number) == 1; ++number) {
    pages.push_back(ReadPage(tiff.get(), dtype));
    std::uint16_t count = 0;
    std::uint64_t* offsets = nullptr;
    TIFFGetField(tiff.get(), TIFFTAG_SUBIFD, &count, &offsets);
    const std::vector<std::uint64_t> reduced(offsets, offsets + count);
    for (const std::uint64_t offset : reduced) {
      EXPECT_EQ(TIFFSetSubDirectory(tiff.get(), offset), 1);
      pages.back().reduced.push_back(ReadPage(tiff.get(), dtype));
    }
    if (number + 1 == TIFFNumberOfDirectories(tiff.get())) break;
  }
  return pages;
}

bool SameBytes(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.bytes() == b.bytes() &&
         std::memcmp(a.view().data(), b.view().data(), static_cast<std::size_t>(a.bytes())) == 0;
}

class OmeTiff : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-ome-tiff").value();
  SilentProgress silent_;
  SerialExecutor serial_;
  RunContext context_{.executor = serial_, .progress = silent_};
  Path path() const { return folder_.path() / "out.ome.tif"; }

  // A store of noise; chunks whose number is odd stay missing if `sparse`.
  ChunkStore Make(const StoreOptions& options, bool sparse = false) {
    ChunkStore store = ChunkStore::Create(folder_.path() / "in.ome.zarr", options).value();
    for (std::int64_t number = 0; number < store.ChunkCount(0); number += sparse ? 2 : 1) {
      const Shape index = store.ChunkIndex(0, number);
      Tensor noise = Tensor::Allocate(DType::kF64, store.ChunkExtent(0, index)).value();
      for (std::int64_t i = 0; i < noise.elements(); ++i)
        noise.values<double>()[static_cast<std::size_t>(i)] =
            options.dtype == DType::kBool ? UniformAt(7, 0, number, i) < 0.5 : 200 * UniformAt(7, 0, number, i) - 60;
      Tensor pixels = Tensor::Allocate(options.dtype, noise.shape()).value();
      ConvertCopy(noise.view(), pixels.view());
      EXPECT_TRUE(store.WriteChunk(0, index, pixels.view()).ok());
    }
    EXPECT_TRUE(FinishPyramid(context_, store).ok());
    return store;
  }

  // A plane of the store as the file is to hold it.
  static Tensor Expected(const ChunkStore& store, int level, const std::string& axes, std::vector<std::int64_t> at) {
    Shape begin = store.LevelShape(level), shape = begin;
    for (int axis = 0; axis < store.rank(); ++axis) {
      const std::size_t place = axes.find(store.options().axes[static_cast<std::size_t>(axis)].name);
      begin[axis] = place == std::string::npos ? 0 : at[place];
      if (place != std::string::npos) shape[axis] = 1;
    }
    const bool is_bool = store.options().dtype == DType::kBool;
    Tensor pixels = Tensor::Allocate(is_bool ? DType::kU8 : store.options().dtype, shape).value();
    EXPECT_TRUE(store.ReadBox(level, begin, pixels.view()).ok());
    if (is_bool)
      for (std::uint8_t& value : pixels.values<std::uint8_t>()) value = value != 0 ? 255 : 0;
    return pixels;
  }

  std::string BytesWith(const ChunkStore& store, const Executor& executor) {
    EXPECT_TRUE(WriteOmeTiff({.executor = executor, .progress = silent_}, store, path()).ok());
    return ReadFile(path(), 1 << 28).value();
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename().string());
    return names;
  }
};

TEST_F(OmeTiff, LibtiffReadsEveryTypeAsItIs) {
  for (const DType dtype : kHeld) {
    SCOPED_TRACE(DTypeName(dtype));
    std::filesystem::remove_all(folder_.path() / "in.ome.zarr");
    const ChunkStore store = Make(SomeOptions(dtype), /*sparse=*/true);
    ASSERT_TRUE(WriteOmeTiff(context_, store, path()).ok());
    const DType stored = dtype == DType::kBool ? DType::kU8 : dtype;
    const std::vector<Page> pages = ReadPages(path(), stored);
    ASSERT_EQ(pages.size(), 3U);
    for (std::int64_t c = 0; c < 3; ++c) {
      const Page& page = pages[static_cast<std::size_t>(c)];
      EXPECT_EQ(page.bits, 8 * DTypeSize(dtype));
      EXPECT_EQ(page.format, IsFloat(dtype) ? SAMPLEFORMAT_IEEEFP
                             : stored == DType::kI8 || stored == DType::kI16 || stored == DType::kI32
                                 ? SAMPLEFORMAT_INT
                                 : SAMPLEFORMAT_UINT);
      EXPECT_EQ(page.predictor, dtype == DType::kF64 ? PREDICTOR_NONE : PREDICTOR_HORIZONTAL);
      EXPECT_TRUE(SameBytes(page.pixels, Expected(store, 0, "c", {c}))) << c;
      ASSERT_EQ(page.reduced.size(), 2U);
      EXPECT_TRUE(SameBytes(page.reduced[0].pixels, Expected(store, 1, "c", {c}))) << c;
      EXPECT_TRUE(SameBytes(page.reduced[1].pixels, Expected(store, 2, "c", {c}))) << c;
    }
  }
}

TEST_F(OmeTiff, EveryLosslessCompressionGivesTheSamePixels) {
  for (const DType dtype : {DType::kU8, DType::kU16, DType::kF32, DType::kF64}) {
    std::filesystem::remove_all(folder_.path() / "in.ome.zarr");
    const ChunkStore store = Make(SomeOptions(dtype));
    for (const zarr::Compressor compressor :
         {zarr::Compressor::kZlib, zarr::Compressor::kZstd, zarr::Compressor::kNone})
      for (const bool has_float_predictor : {false, true}) {
        if (compressor == zarr::Compressor::kNone && has_float_predictor) continue;
        const int level = zarr::LevelsOf(compressor).least;
        ASSERT_TRUE(WriteOmeTiff(context_, store, path(),
                                 {.encoding = {compressor, level}, .has_float_predictor = has_float_predictor})
                        .ok());
        const std::vector<Page> pages = ReadPages(path(), dtype);
        ASSERT_EQ(pages.size(), 3U);
        EXPECT_EQ(pages[0].predictor == PREDICTOR_FLOATINGPOINT, has_float_predictor && IsFloat(dtype));
        for (std::int64_t c = 0; c < 3; ++c)
          EXPECT_TRUE(SameBytes(pages[static_cast<std::size_t>(c)].reduced.at(0).pixels, Expected(store, 1, "c", {c})))
              << DTypeName(dtype) << " " << static_cast<int>(compressor);
      }
  }
}

TEST_F(OmeTiff, IsABigTiffOnlyIfItCouldBeTooLarge) {
  const ChunkStore store = Make(SomeOptions());
  const auto version = [&](const OmeTiffOptions& options) {
    EXPECT_TRUE(WriteOmeTiff(context_, store, path(), options).ok());
    const std::vector<Page> pages = ReadPages(path(), DType::kF32);
    EXPECT_EQ(pages.size(), 3U);
    EXPECT_TRUE(SameBytes(pages.at(2).reduced.at(1).pixels, Expected(store, 2, "c", {2})));
    return static_cast<int>(ReadFile(path(), 1 << 28).value()[2]);
  };
  EXPECT_EQ(version({}), 42);
  EXPECT_EQ(version({.most_classic_bytes = 1 << 20}), 43);
}

TEST_F(OmeTiff, ChunksThatAreCodedAsTilesBecomeTilesAsTheyAre) {
  const OmeTiffOptions zstd{.encoding = {zarr::Compressor::kZstd, 1}};
  StoreOptions options = SomeOptions();
  const ChunkStore usual = Make(options);
  ASSERT_TRUE(WriteOmeTiff(context_, usual, path(), zstd).ok());
  const std::string expected = ReadFile(path(), 1 << 28).value();
  std::filesystem::remove_all(folder_.path() / "in.ome.zarr");
  options.coding = TileCoding(zstd, options.dtype);
  const ChunkStore coded = Make(options);
  ASSERT_TRUE(WriteOmeTiff(context_, coded, path(), zstd).ok());
  EXPECT_EQ(ReadFile(path(), 1 << 28).value(), expected);
  // It is not looked into: other bytes of a chunk are other bytes of the file.
  const std::string chunk = ReadFile(coded.folder() / "0/c/0/0/0", 1 << 28).value();
  EXPECT_NE(expected.find(chunk), std::string::npos);
  ASSERT_TRUE(WriteFileWhole(coded.folder() / "0/c/0/0/0", "not a stream").ok());
  ASSERT_TRUE(WriteOmeTiff(context_, coded, path(), zstd).ok());
  EXPECT_NE(ReadFile(path(), 1 << 28).value().find("not a stream"), std::string::npos);
}

TEST_F(OmeTiff, RgbIsOnePageOfThreeSamplesInJpeg) {
  StoreOptions options = SomeOptions(DType::kU8);
  options.levels = 2;
  const ChunkStore store = ChunkStore::Create(folder_.path() / "rgb.ome.zarr", options).value();
  Tensor pixels = Tensor::Allocate(DType::kU8, store.LevelShape(0)).value();
  for (std::int64_t c = 0; c < 3; ++c)
    for (std::int64_t y = 0; y < 201; ++y)
      for (std::int64_t x = 0; x < 155; ++x)
        pixels.values<std::uint8_t>()[static_cast<std::size_t>((c * 201 + y) * 155 + x)] =
            static_cast<std::uint8_t>(c == 0   ? y
                                      : c == 1 ? x
                                               : 255 - y);
  ASSERT_TRUE(store.WriteBox(0, {0, 0, 0}, std::as_const(pixels).view()).ok());
  ASSERT_TRUE(FinishPyramid(context_, store).ok());
  ASSERT_TRUE(WriteOmeTiff(context_, store, path(), {.jpeg_quality = 95}).ok());
  const auto source = image::Open(path().string());
  ASSERT_TRUE(source.ok()) << ToString(source.error());
  EXPECT_TRUE((*source)->info().is_rgb);
  ASSERT_EQ((*source)->info().levels.size(), 2U);
  Tensor back = Tensor::Allocate(DType::kU8, {3, 201, 155}).value();
  ASSERT_TRUE((*source)->Read({.level = 0, .box = {{0, 201}, {0, 155}}}, back.view()).ok());
  int largest = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(back.elements()); ++i)
    largest = std::max(largest, std::abs(back.values<std::uint8_t>()[i] - pixels.values<std::uint8_t>()[i]));
  EXPECT_LT(largest, 12);
  EXPECT_EQ(CheckOmeTiff(SomeOptions(), {.jpeg_quality = 90}).error().code, Code::kUnsupported);
  options.is_label = true;
  EXPECT_NE(ToString(CheckOmeTiff(options, {.jpeg_quality = 90}).error()).find("labels"), std::string::npos);
}

TEST_F(OmeTiff, TagsSayWhatThePagesAre) {
  const ChunkStore store = Make(SomeOptions());
  ASSERT_TRUE(WriteOmeTiff(context_, store, path(), {.creator = "Tegula 9"}).ok());
  const std::vector<Page> pages = ReadPages(path(), DType::kF32);
  ASSERT_EQ(pages.size(), 3U);
  for (const Page& page : pages) {
    EXPECT_EQ(page.kind, 0U);
    EXPECT_THAT((std::vector{page.height, page.width, page.tile_height, page.tile_width}),
                ElementsAre(201, 155, 64, 48));
    EXPECT_EQ(page.compression, COMPRESSION_ADOBE_DEFLATE);
    EXPECT_EQ(page.photometric, PHOTOMETRIC_MINISBLACK);
    EXPECT_EQ(page.samples, 1);
    EXPECT_EQ(page.y_per_cm, 40'000);
    EXPECT_EQ(page.x_per_cm, 20'000);
    EXPECT_EQ(page.software, "Tegula 9");
    ASSERT_EQ(page.reduced.size(), 2U);
    EXPECT_EQ(page.reduced[1].kind, FILETYPE_REDUCEDIMAGE);
    EXPECT_EQ(page.reduced[1].height, 51U);
    EXPECT_EQ(page.reduced[1].width, 39U);
    EXPECT_EQ(page.reduced[1].y_per_cm, 10'000);
  }
  EXPECT_EQ(pages[0].description, OmeXml(store.options(), {.creator = "Tegula 9"}));
  EXPECT_EQ(pages[1].description, "");
}

TEST_F(OmeTiff, PlanesAreInTheOrderXyzct) {
  StoreOptions options = SomeOptions(DType::kU16);
  options.axes = {{.name = 't', .size = 2, .chunk = 1, .step = 0.5},
                  {.name = 'c', .size = 2, .chunk = 2},
                  {.name = 'z', .size = 3, .chunk = 2, .step = 1.5},
                  {.name = 'y', .size = 33, .chunk = 40},
                  {.name = 'x', .size = 20, .chunk = 7}};
  options.channels.resize(2);
  options.levels = 2;
  const ChunkStore store = Make(options);
  ASSERT_TRUE(WriteOmeTiff(context_, store, path()).ok());
  const std::vector<Page> pages = ReadPages(path(), DType::kU16);
  ASSERT_EQ(pages.size(), 12U);
  for (std::int64_t t = 0; t < 2; ++t)
    for (std::int64_t c = 0; c < 2; ++c)
      for (std::int64_t z = 0; z < 3; ++z) {
        const Page& page = pages[static_cast<std::size_t>(z + 3 * (c + 2 * t))];
        EXPECT_TRUE(SameBytes(page.pixels, Expected(store, 0, "tcz", {t, c, z}))) << t << c << z;
        EXPECT_TRUE(SameBytes(page.reduced.at(0).pixels, Expected(store, 1, "tcz", {t, c, z}))) << t << c << z;
      }
  // Chunks that cannot be tiles become tiles of their own size, no larger than the image needs.
  EXPECT_EQ(pages[0].tile_height, 48U);
  EXPECT_EQ(pages[0].tile_width, 32U);
  EXPECT_THAT(pages[0].description, HasSubstr("DimensionOrder=\"XYZCT\""));
  EXPECT_THAT(pages[0].description, HasSubstr("PhysicalSizeZ=\"1.5\" PhysicalSizeZUnit=\"µm\""));
  EXPECT_THAT(pages[0].description, HasSubstr("TimeIncrement=\"0.5\" TimeIncrementUnit=\"s\""));
  EXPECT_THAT(pages[0].description, HasSubstr("<TiffData FirstZ=\"2\" FirstC=\"1\" FirstT=\"0\" IFD=\"5\""));
}

TEST_F(OmeTiff, OurOwnReaderFindsLevelsChannelsAndPixelSize) {
  const ChunkStore store = Make(SomeOptions());
  ASSERT_TRUE(WriteOmeTiff(context_, store, path()).ok());
  const auto source = image::Open(path().string());
  ASSERT_TRUE(source.ok()) << ToString(source.error());
  const image::ImageInfo& info = (*source)->info();
  ASSERT_EQ(info.levels.size(), 3U);
  EXPECT_EQ(info.levels[2].height, 51);
  ASSERT_EQ(info.channels.size(), 3U);
  EXPECT_EQ(info.channels[1].name, "nucleus");
  ASSERT_TRUE(info.pixel_size.has_value());
  EXPECT_EQ(info.pixel_size->y_um, 0.25);
  EXPECT_EQ(info.pixel_size->x_um, 0.5);
}

TEST_F(OmeTiff, NamesOfOthersCannotBreakTheXml) {
  StoreOptions options = SomeOptions();
  options.name = "a \"b\" <c> & 'd'\n";
  options.channels[0].name = "\"/><Channel ID=\"x\"/>\t]]>";
  options.channels[1].name = std::string("nul\0 bell\a \xff\xfe cut \xe2\x82", 20);
  options.channels[2].name = "CD3⁺ µ 漢字 \uFFFE";
  const std::string xml = OmeXml(options, {});
  EXPECT_THAT(xml, HasSubstr("Name=\"a &quot;b&quot; &lt;c&gt; &amp; 'd'&#10;\""));
  EXPECT_THAT(xml, HasSubstr("Name=\"&quot;/&gt;&lt;Channel ID=&quot;x&quot;/&gt;&#9;]]&gt;\""));
  EXPECT_THAT(xml, HasSubstr("Name=\"nul\uFFFD bell\uFFFD \uFFFD\uFFFD cut \uFFFD\""));
  EXPECT_THAT(xml, HasSubstr("Name=\"CD3⁺ µ 漢字 \uFFFD\""));
  EXPECT_THAT(xml, HasSubstr("Color=\"-2139062017\""));  // 128, 128, 128, 255
  const ChunkStore store = Make(options);
  ASSERT_TRUE(WriteOmeTiff(context_, store, path()).ok());
  const auto source = image::Open(path().string());
  ASSERT_TRUE(source.ok()) << ToString(source.error());
  EXPECT_EQ((*source)->info().channels[0].name, options.channels[0].name);
}

TEST_F(OmeTiff, AnImageWithoutChannelsAndPixelSizeSaysNothingOfThem) {
  StoreOptions options;
  options.dtype = DType::kU8;
  options.axes = {{.name = 'y', .size = 1, .chunk = 16}, {.name = 'x', .size = 1, .chunk = 16}};
  const ChunkStore store = Make(options);
  ASSERT_TRUE(WriteOmeTiff(context_, store, path()).ok());
  const std::vector<Page> pages = ReadPages(path(), DType::kU8);
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_TRUE(pages[0].reduced.empty());
  EXPECT_EQ(pages[0].x_per_cm, 0);
  EXPECT_THAT(pages[0].description, ::testing::Not(HasSubstr("PhysicalSize")));
  EXPECT_THAT(pages[0].description, HasSubstr("<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"1\"/>"));
}

TEST_F(OmeTiff, TheBytesDoNotDependOnWorkersOrOrder) {
  const ChunkStore store = Make(SomeOptions(), /*sparse=*/true);
  const std::string one = BytesWith(store, SerialExecutor());
  EXPECT_EQ(BytesWith(store, *NewThreadExecutor(4)), one);
  EXPECT_EQ(BytesWith(store, testing::ShuffledExecutor(3, 5)), one);
}

TEST_F(OmeTiff, SixtyFourBitIntegersAreRefusedBeforeAnythingIsWritten) {
  for (const DType dtype : {DType::kI64, DType::kU64}) {
    const StoreOptions options = SomeOptions(dtype);
    EXPECT_EQ(CheckOmeTiff(options).error().code, Code::kUnsupported);
    EXPECT_THAT(CheckOmeTiff(options).error().what, HasSubstr(DTypeName(dtype)));
  }
  const ChunkStore store = ChunkStore::Create(folder_.path() / "in.ome.zarr", SomeOptions(DType::kI64)).value();
  EXPECT_EQ(WriteOmeTiff(context_, store, path()).error().code, Code::kUnsupported);
  EXPECT_THAT(Names(), ElementsAre("in.ome.zarr"));
}

// Asks to stop when it has heard of the first tiles.
class StopsAfterFirst final : public Progress {
 public:
  void Update(std::string_view, std::int64_t, std::int64_t, std::string_view) override { source.request_stop(); }
  void Note(std::string_view) override {}
  std::stop_source source;
};

TEST_F(OmeTiff, AStoppedExportLeavesNothing) {
  const ChunkStore store = Make(SomeOptions());
  StopsAfterFirst progress;
  const Status status =
      WriteOmeTiff({.executor = serial_, .progress = progress, .stop = progress.source.get_token()}, store, path());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kCancelled);
  EXPECT_THAT(Names(), ElementsAre("in.ome.zarr"));
}

TEST_F(OmeTiff, ADamagedChunkIsAnErrorThatNamesItAndLeavesNothing) {
  const ChunkStore store = Make(SomeOptions());
  ASSERT_TRUE(WriteFileWhole(store.folder() / "1/c/2/0/1", "damaged").ok());
  const Status status = WriteOmeTiff(context_, store, path());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kCorrupt);
  EXPECT_THAT(ToString(status.error()), HasSubstr("1/c/2/0/1"));
  EXPECT_THAT(Names(), ElementsAre("in.ome.zarr"));
}

TEST_F(OmeTiff, AFolderThatCannotBeWrittenIsAnError) {
  const ChunkStore store = Make(SomeOptions());
  const Status missing = WriteOmeTiff(context_, store, folder_.path() / "not" / "there.ome.tif");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(ToString(missing.error()), HasSubstr("there.ome.tif"));
  const Status device = WriteOmeTiff(context_, store, "/proc/out.ome.tif");
  ASSERT_FALSE(device.ok());
}

}  // namespace
}  // namespace tegula::outputs
