// Non-maximum suppression of 100,000 candidates, beside the making of their outlines, without which nobody could do it.
//
// stardist itself is measured by a script with the same candidates, which it stores as KIND_dist.npy (n, 32) and
// KIND_points.npy (n, 2) in the order of falling score, for the kinds of field below; $TEGULA_STARDIST_CANDIDATES names
// their folder. Without it similar ones are made here.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "tegula/core/executor.h"
#include "tegula/objects/stardist/stardist.h"
#include "tegula/objects/stardist/sweep_polygon.h"
#include "tegula/tensor/npy.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kCandidates = 100'000, kRays = 32;

StarDist TwoDimensional() {
  StarDistOptions options;
  options.n_rays = kRays;
  options.grid = {1, 1};
  options.border = {{0, 0}, {0, 0}};
  return StarDist::Create(options).value();
}

// Candidates everywhere, so that most remain; or fifty around every object.
Stars MadeCandidates(bool is_sparse) {
  std::mt19937 random(1);
  std::normal_distribution<float> noise(1, is_sparse ? 0.1F : 0.08F);
  const std::int32_t size = is_sparse ? 6000 : 1200;
  std::uniform_int_distribution<std::int32_t> place(5, size - 5), near(-4, 4);
  std::vector<std::array<std::int32_t, 3>> objects;
  for (std::int64_t i = 0; i < kCandidates / 50; ++i) objects.push_back({0, place(random), place(random)});
  Stars stars;
  for (std::int64_t i = 0; i < kCandidates; ++i) {
    const std::array<std::int32_t, 3>& object = objects[static_cast<std::size_t>(random()) % objects.size()];
    stars.centres.push_back(is_sparse
                                ? std::array<std::int32_t, 3>{0, place(random), place(random)}
                                : std::array<std::int32_t, 3>{0, object[1] + near(random), object[2] + near(random)});
    stars.scores.push_back(1 - static_cast<float>(i) / (2 * kCandidates));
    for (std::int64_t ray = 0; ray < kRays; ++ray)
      stars.distances.push_back(std::max(0.001F, (is_sparse ? 8.F : 12.F) * noise(random)));
  }
  return stars;
}

Stars StoredCandidates(const Path& folder, const std::string& kind) {
  const Tensor distances = ReadNpy(folder / (kind + "_dist.npy")).value();
  const Tensor points = ReadNpy(folder / (kind + "_points.npy")).value();
  Stars stars;
  const std::span<const float> values = distances.values<float>(), places = points.values<float>();
  stars.distances.assign(values.begin(), values.end());
  for (std::size_t i = 0; i < places.size(); i += 2) {
    stars.centres.push_back({0, static_cast<std::int32_t>(places[i]), static_cast<std::int32_t>(places[i + 1])});
    stars.scores.push_back(1 - static_cast<float>(i) / (2 * static_cast<float>(places.size())));
  }
  return stars;
}

Stars Candidates(bool is_sparse) {
  const char* const folder = std::getenv("TEGULA_STARDIST_CANDIDATES");
  return folder == nullptr ? MadeCandidates(is_sparse) : StoredCandidates(folder, is_sparse ? "sparse" : "dense");
}

void Suppress(benchmark::State& state, bool is_sparse) {
  const StarDist stardist = TwoDimensional();
  const Stars candidates = Candidates(is_sparse);
  const std::unique_ptr<Executor> executor = NewThreadExecutor(static_cast<int>(state.range(0)));
  std::int64_t kept = 0;
  for ([[maybe_unused]] auto _ : state) kept = stardist.Suppress(candidates, *executor)->size();
  state.counters["kept"] = static_cast<double>(kept);
  state.SetItemsProcessed(state.iterations() * candidates.size());
}

void SuppressSparse(benchmark::State& state) { Suppress(state, true); }
BENCHMARK(SuppressSparse)
    ->ArgName("workers")
    ->Arg(1)
    ->Arg(2)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void SuppressDense(benchmark::State& state) { Suppress(state, false); }
BENCHMARK(SuppressDense)
    ->ArgName("workers")
    ->Arg(1)
    ->Arg(2)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void MakeOutlines(benchmark::State& state) {
  const Stars candidates = Candidates(true);
  std::vector<GridPoint> corners(static_cast<std::size_t>(kRays));
  SweepPolygon polygon;
  for ([[maybe_unused]] auto _ : state)
    for (std::size_t i = 0; i < candidates.centres.size(); ++i) {
      for (std::size_t ray = 0; ray < corners.size(); ++ray) {
        const float angle = static_cast<float>(ray) * 0.19635F;
        const float distance = candidates.distances[i * corners.size() + ray];
        corners[ray] = {static_cast<std::int32_t>(distance * std::cos(angle)),
                        static_cast<std::int32_t>(distance * std::sin(angle))};
      }
      polygon.Assign(corners);
      benchmark::DoNotOptimize(polygon.edges().data());
    }
  state.SetItemsProcessed(state.iterations() * candidates.size());
}
BENCHMARK(MakeOutlines)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tegula::objects
