// Writing and reading chunks beside Blosc alone, and halving beside memcpy.
#include <benchmark/benchmark.h>
#include <blosc.h>

#include <cmath>
#include <cstring>

#include "tegula/outputs/pyramid.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {
namespace {

constexpr std::int64_t kChunk = 512, kSize = 4 * kChunk;

// A smooth map with fine noise, as probabilities are.
Tensor Plane(std::int64_t size) {
  Tensor plane = Tensor::Allocate(DType::kF32, {1, size, size}).value();
  const auto values = plane.values<float>();
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    const std::size_t row = i / static_cast<std::size_t>(size), column = i % static_cast<std::size_t>(size);
    const auto y = static_cast<float>(row), x = static_cast<float>(column);
    values[i] =
        1.0F / (1.0F + std::exp(-8.0F * std::sin(y / 20) * std::sin(x / 25))) + static_cast<float>(state >> 24) * 1e-6F;
  }
  return plane;
}

StoreOptions OptionsOf() {
  StoreOptions options;
  options.name = "bench";
  options.axes = {{.name = 'c', .size = 1, .chunk = 1},
                  {.name = 'y', .size = kSize, .chunk = kChunk},
                  {.name = 'x', .size = kSize, .chunk = kChunk}};
  options.levels = 1;
  return options;
}

void SetRates(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kSize * kSize);
  state.SetBytesProcessed(state.iterations() * kSize * kSize * 4);
}

// What Blosc needs for the same chunks with the store's settings.
void BloscCompressAlone(benchmark::State& state) {
  const Tensor chunk = Plane(kChunk);
  std::string out(static_cast<std::size_t>(chunk.bytes()) + BLOSC_MAX_OVERHEAD, '\0');
  for ([[maybe_unused]] auto _ : state)
    for (int i = 0; i < 16; ++i)
      benchmark::DoNotOptimize(blosc_compress_ctx(5, BLOSC_SHUFFLE, 4, static_cast<std::size_t>(chunk.bytes()),
                                                  chunk.view().data(), out.data(), out.size(), "lz4", 0, 1));
  SetRates(state);
}
BENCHMARK(BloscCompressAlone);

void WriteBoxOf16Chunks(benchmark::State& state) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_bench").value();
  const ChunkStore store = ChunkStore::Create(folder.path() / "s.ome.zarr", OptionsOf()).value();
  const Tensor plane = Plane(kSize);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(store.WriteBox(0, {0, 0, 0}, plane.view()).ok());
  SetRates(state);
}
BENCHMARK(WriteBoxOf16Chunks);

void ReadBoxOf16Chunks(benchmark::State& state) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_bench").value();
  const ChunkStore store = ChunkStore::Create(folder.path() / "s.ome.zarr", OptionsOf()).value();
  Tensor plane = Plane(kSize);
  if (!store.WriteBox(0, {0, 0, 0}, std::as_const(plane).view()).ok()) state.SkipWithError("cannot write");
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(store.ReadBox(0, {0, 0, 0}, plane.view()).ok());
  SetRates(state);
}
BENCHMARK(ReadBoxOf16Chunks);

void MemcpyOfThePlane(benchmark::State& state) {
  const Tensor plane = Plane(kSize);
  Tensor out = Plane(kSize);
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(out.view().data(), plane.view().data(), static_cast<std::size_t>(plane.bytes()));
    benchmark::ClobberMemory();
  }
  SetRates(state);
}
BENCHMARK(MemcpyOfThePlane);

void HalveByMean(benchmark::State& state) {
  const Tensor plane = Plane(kSize);
  Tensor out = Plane(kSize / 2);
  for ([[maybe_unused]] auto _ : state) {
    Halve(plane.view(), Reduction::kMean, out.view());
    benchmark::ClobberMemory();
  }
  SetRates(state);
}
BENCHMARK(HalveByMean);

}  // namespace
}  // namespace tegula::outputs
