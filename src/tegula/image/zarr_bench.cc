// Reading an image of 8192² uint8 pixels in zstd chunks, window by window, beside zstd alone on the same chunks.
#include <benchmark/benchmark.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/image/open.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kSize = 8192, kChunk = 512, kWindow = 1024, kContext = 64;

// Smooth with noise in the lower bits, as micrographs are.
std::vector<std::string> Chunks() {
  std::vector<std::string> chunks;
  std::uint32_t state = 1;
  std::vector<std::uint8_t> pixels(kChunk * kChunk);
  for (std::int64_t i = 0; i < (kSize / kChunk) * (kSize / kChunk); ++i) {
    for (std::size_t k = 0; k < pixels.size(); ++k) {
      state = state * 1664525U + 1013904223U;
      pixels[k] = static_cast<std::uint8_t>(k / kChunk / 8 + k % kChunk / 8 + (state >> 29));
    }
    std::string chunk(ZSTD_compressBound(pixels.size()), '\0');
    chunk.resize(ZSTD_compress(chunk.data(), chunk.size(), pixels.data(), pixels.size(), 1));
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

const std::vector<std::string>& SharedChunks() {
  static const std::vector<std::string> chunks = Chunks();
  return chunks;
}

Status WriteImage(const Path& folder) {
  constexpr std::int64_t kAcross = kSize / kChunk;
  TEGULA_TRY(MakeFolders(folder / "0"));
  for (std::int64_t y = 0; y < kAcross; ++y) {
    TEGULA_TRY(MakeFolders(folder / "0/c" / std::to_string(y)));
    for (std::int64_t x = 0; x < kAcross; ++x)
      TEGULA_TRY(WriteFileWhole(folder / "0/c" / std::to_string(y) / std::to_string(x),
                                SharedChunks()[static_cast<std::size_t>(y * kAcross + x)]));
  }
  TEGULA_TRY(WriteFileWhole(folder / "0/zarr.json", R"({"zarr_format": 3, "node_type": "array", "shape": [8192, 8192],
    "data_type": "uint8", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [512, 512]}},
    "chunk_key_encoding": {"name": "default"}, "fill_value": 0, "codecs": [{"name": "bytes"}, {"name": "zstd"}]})"));
  return WriteFileWhole(folder / "zarr.json", R"({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {
    "version": "0.5", "multiscales": [{"axes": [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}],
    "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}]}]}}})");
}

void ZstdAlone(benchmark::State& state) {
  const std::vector<std::string>& chunks = SharedChunks();  // made before the clock runs
  std::vector<char> out(kChunk * kChunk);
  for ([[maybe_unused]] auto _ : state)
    for (const std::string& chunk : chunks)
      benchmark::DoNotOptimize(ZSTD_decompress(out.data(), out.size(), chunk.data(), chunk.size()));
  state.SetBytesProcessed(state.iterations() * kSize * kSize);
}
BENCHMARK(ZstdAlone)->Unit(benchmark::kMillisecond);

// Windows of 1024² pixels with `context` more on each side, row by row; opened anew so that nothing is cached at first.
void ReadWindows(benchmark::State& state) {
  const std::int64_t context = state.range(0);
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_bench").value();
  if (!WriteImage(folder.path() / "a.zarr").ok()) return state.SkipWithError("cannot write");
  Tensor out = Tensor::Allocate(DType::kU8, {1, kWindow + 2 * context, kWindow + 2 * context}).value();
  for ([[maybe_unused]] auto _ : state) {
    const std::unique_ptr<Source> source = Open((folder.path() / "a.zarr").string()).value();
    for (std::int64_t y = 0; y < kSize; y += kWindow)
      for (std::int64_t x = 0; x < kSize; x += kWindow) {
        const Interval all{0, kSize};
        const Box box{Intersect({y - context, y + kWindow + context}, all),
                      Intersect({x - context, x + kWindow + context}, all)};
        const View part = out.view().Slice(1, 0, box.height()).Slice(2, 0, box.width());
        if (!source->Read({.box = box}, part).ok()) return state.SkipWithError("cannot read");
      }
  }
  state.SetBytesProcessed(state.iterations() * kSize * kSize);
}
BENCHMARK(ReadWindows)->Arg(0)->Arg(kContext)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tegula::image
