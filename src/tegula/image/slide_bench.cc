// Reading JPEG slides by region beside libjpeg-turbo alone on the same tiles, and beside OpenSlide.
#include <benchmark/benchmark.h>
#include <tiffio.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>
// After cstdio, which it needs:
#include <jpeglib.h>

#include "tegula/core/platform.h"
#include "tegula/image/formats.h"
#include "tegula/image/testing/slide_writer.h"

namespace tegula::image {
namespace {

constexpr const char* kRegion = "/data/images/wsi/CMU-1-Small-Region.svs";
constexpr std::int64_t kRepeats = 3;  // of the region along both axes: 59 megapixels
constexpr std::int64_t kBlock = 1024, kWindow = 2048, kContext = 56;
constexpr std::int64_t kCache = 256 << 20;  // what `predict` allows with 2 GiB

struct Kind {
  const char* name;
  testing::SlidePage page;
};
// As scanners of Aperio write it, as libvips and Bio-Formats do, and with larger tiles.
const Kind kKinds[] = {
    {"aperio.svs",
     {.tile = 240, .quality = 30, .description = "Aperio Image Library v11.2.1 \r\n|AppMag = 20|MPP = 0.4990"}},
    {"pyramid.tif", {.tile = 256, .ycbcr = true, .quality = 80}},
    {"large_tiles.tif", {.tile = 1024, .ycbcr = true, .quality = 80}},
};

/// A slide of one level, and its tiles as they stand in the file.
struct Slide {
  std::string name;
  std::int64_t height = 0, width = 0;
  std::string tables;
  std::vector<std::string> tiles;
  std::int64_t tile = 0;
  bool ycbcr = false;
  std::int64_t pixels() const { return height * width; }
};

std::vector<std::uint8_t> Mosaic(const Source& region, std::int64_t& height, std::int64_t& width) {
  const Level& level = region.info().levels.front();
  Tensor one = Tensor::Allocate(DType::kU8, {level.height, level.width, 3}).value();
  const View cyx(one.view().data(), DType::kU8, {3, level.height, level.width}, {1, level.width * 3, 3});
  if (!region.Read({.box = {{0, level.height}, {0, level.width}}}, cyx).ok()) return {};
  height = level.height * kRepeats, width = level.width * kRepeats;
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(height * width * 3));
  const std::uint8_t* const from = one.values<std::uint8_t>().data();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t i = 0; i < kRepeats; ++i) {
      const std::uint8_t* const row = from + y % level.height * level.width * 3;
      pixels.insert(pixels.end(), row, row + level.width * 3);
    }
  return pixels;
}

void ReadTiles(Slide& slide) {
  TIFF* const tiff = TIFFOpen(slide.name.c_str(), "r");
  std::uint32_t size = 0;
  void* tables = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_JPEGTABLES, &size, &tables) == 1)
    slide.tables.assign(static_cast<char*>(tables), size);
  for (std::uint32_t i = 0; i < TIFFNumberOfTiles(tiff); ++i) {
    std::string bytes(TIFFGetStrileByteCount(tiff, i), '\0');
    TIFFReadRawTile(tiff, i, bytes.data(), static_cast<tmsize_t>(bytes.size()));
    slide.tiles.push_back(std::move(bytes));
  }
  TIFFClose(tiff);
}

std::vector<Slide> WriteSlides(const Path& folder) {
  const std::unique_ptr<Source> region = Open(EnvironmentVariable("TEGULA_TEST_DATA") + kRegion).value();
  std::vector<Slide> slides;
  Slide slide;
  const std::vector<std::uint8_t> pixels = Mosaic(*region, slide.height, slide.width);
  for (const Kind& kind : kKinds) {
    testing::SlidePage page = kind.page;
    page.height = slide.height, page.width = slide.width, page.pixels_yxc = pixels.data();
    slide.name = (folder / kind.name).string();
    slide.tile = page.tile, slide.ycbcr = page.ycbcr;
    testing::WriteSlide(slide.name, {page});
    slides.push_back(slide);
    ReadTiles(slides.back());
  }
  return slides;
}

const Slide& SlideOf(std::size_t kind) {
  static const TemporaryFolder folder = TemporaryFolder::Create("tegula_bench").value();
  static const std::vector<Slide> slides = WriteSlides(folder.path());
  return slides[kind];
}

// As fast as libjpeg-turbo goes: one decoder, tables read once, all rows that it makes at once, into the same place; at
// no multiple of 32 bytes, where it would write past the caches.
void LibjpegAlone(benchmark::State& state, std::size_t kind) {
  const Slide& slide = SlideOf(kind);
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  std::vector<std::uint8_t> place(static_cast<std::size_t>(slide.tile * slide.tile * 3 + 64));
  std::uint8_t* const pixels = place.data() + 48 - reinterpret_cast<std::uintptr_t>(place.data()) % 32;
  const auto source = [&](const std::string& bytes) {
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  };
  source(slide.tables);
  jpeg_read_header(&jpeg, FALSE);
  for ([[maybe_unused]] auto _ : state) {
    for (const std::string& tile : slide.tiles) {
      source(tile);
      jpeg_read_header(&jpeg, TRUE);
      jpeg.jpeg_color_space = slide.ycbcr ? JCS_YCbCr : JCS_RGB;
      jpeg.out_color_space = JCS_RGB;
      jpeg_start_decompress(&jpeg);
      while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW rows[16];
        for (std::size_t i = 0; i < std::size(rows); ++i)
          rows[i] = pixels + (jpeg.output_scanline + i) * static_cast<std::size_t>(slide.tile) * 3;
        jpeg_read_scanlines(&jpeg, rows, static_cast<JDIMENSION>(jpeg.rec_outbuf_height));
      }
      jpeg_finish_decompress(&jpeg);
      benchmark::DoNotOptimize(place.data());
    }
  }
  jpeg_destroy_decompress(&jpeg);
  state.SetItemsProcessed(state.iterations() * slide.pixels());
}

// Every pixel is asked for at least once: boxes of `step` with `context` around them, row by row. Opened anew, so that
// nothing is decoded already.
void Read(benchmark::State& state, std::size_t kind,
          Result<std::unique_ptr<Source>> (*open)(const std::string&, const Access&), std::int64_t step,
          std::int64_t context) {
  const Slide& slide = SlideOf(kind);
  const std::int64_t edge = step + 2 * context;
  Tensor out = Tensor::Allocate(DType::kU8, {3, edge, edge}).value();
  for ([[maybe_unused]] auto _ : state) {
    const Result<std::unique_ptr<Source>> source = open(slide.name, {.cache_bytes = kCache});
    if (!source.ok()) return state.SkipWithError(source.error().what.c_str());
    for (std::int64_t y = 0; y < slide.height; y += step)
      for (std::int64_t x = 0; x < slide.width; x += step) {
        const Box around{{y - context, y + step + context}, {x - context, x + step + context}};
        const Box box = Intersect(around, Box{{0, slide.height}, {0, slide.width}});
        const View part = out.view().Slice(1, 0, box.height()).Slice(2, 0, box.width());
        if (!(*source)->Read({.box = box, .overlap = {2 * context, 2 * context}}, part).ok())
          return state.SkipWithError("cannot read");
      }
  }
  state.SetItemsProcessed(state.iterations() * slide.pixels());
}
void ReadBlocks(benchmark::State& state, std::size_t kind) { Read(state, kind, &Open, kBlock, 0); }
void ReadWindows(benchmark::State& state, std::size_t kind) {
  Read(state, kind, &Open, kWindow - 2 * kContext, kContext);
}
// What windows write ends where tiles do, so each tile at their edges is wanted by both sides.
void ReadAlignedWindows(benchmark::State& state, std::size_t kind) { Read(state, kind, &Open, kWindow, kContext); }
void OpenSlideBlocks(benchmark::State& state, std::size_t kind) { Read(state, kind, &OpenSlide, kBlock, 0); }

#define TEGULA_BENCHMARK_SLIDES(function)                                 \
  BENCHMARK_CAPTURE(function, aperio, 0)->Unit(benchmark::kMillisecond);  \
  BENCHMARK_CAPTURE(function, pyramid, 1)->Unit(benchmark::kMillisecond); \
  BENCHMARK_CAPTURE(function, large_tiles, 2)->Unit(benchmark::kMillisecond)
TEGULA_BENCHMARK_SLIDES(LibjpegAlone);
TEGULA_BENCHMARK_SLIDES(ReadBlocks);
TEGULA_BENCHMARK_SLIDES(ReadWindows);
TEGULA_BENCHMARK_SLIDES(ReadAlignedWindows);
TEGULA_BENCHMARK_SLIDES(OpenSlideBlocks);

}  // namespace
}  // namespace tegula::image
