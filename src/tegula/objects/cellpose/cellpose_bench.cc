// Objects from flows, step by step, beside memcpy of the network's output: 1024² with about 500 cells.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "tegula/core/random.h"
#include "tegula/objects/cellpose/cell_map.h"
#include "tegula/objects/cellpose/cellpose.h"
#include "tegula/objects/cellpose/flow_ends.h"
#include "tegula/objects/cellpose/flow_error.h"
#include "tegula/objects/cellpose/flow_sinks.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kSize = 1024, kSpacing = 46;

// Smooth noise without period within the image.
double Wave(double y, double x, double phase) {
  return std::sin(y / 5.3 + 2 * std::sin(x / 7.9 + phase)) + std::sin(x / 4.7 + 2 * std::sin(y / 8.3 - phase));
}

// Cells of different sizes on a grid, with flows to their middles that are disturbed as those of networks are.
Tensor Output() {
  Tensor out = Tensor::Allocate(DType::kF32, {3, kSize, kSize}).value();
  float* flow_y = out.values<float>().data();
  float* flow_x = flow_y + kSize * kSize;
  float* logit = flow_x + kSize * kSize;
  for (std::int64_t y = 0; y < kSize; ++y)
    for (std::int64_t x = 0; x < kSize; ++x, ++flow_y, ++flow_x, ++logit) {
      const std::int64_t row = y / kSpacing, column = x / kSpacing;
      const double to_y =
          (static_cast<double>(row) + 0.4 + 0.2 * UniformAt(7, 0, row, column)) * kSpacing - static_cast<double>(y);
      const double to_x =
          (static_cast<double>(column) + 0.4 + 0.2 * UniformAt(7, 1, row, column)) * kSpacing - static_cast<double>(x);
      const double distance = std::hypot(to_y, to_x), radius = 12 + 10 * UniformAt(7, 2, row, column);
      const auto v = static_cast<double>(y), u = static_cast<double>(x);
      *logit = static_cast<float>(radius - distance + 0.5 * Wave(v, u, 2));
      const double length = distance > radius + 2 ? 0 : 5 / std::max(distance, 1e-9);
      *flow_y = static_cast<float>(to_y * length + 0.4 * Wave(v, u, 0));
      *flow_x = static_cast<float>(to_x * length + 0.4 * Wave(v, u, 1));
    }
  return out;
}

void SetRate(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * kSize * kSize); }

void MemcpyOfTheOutput(benchmark::State& state) {
  const Tensor in = Output();
  Tensor out = Tensor::Allocate(DType::kF32, in.shape()).value();
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(out.view().data(), in.view().data(), static_cast<std::size_t>(in.bytes()));
    benchmark::ClobberMemory();
  }
  SetRate(state);
}
BENCHMARK(MemcpyOfTheOutput);

// What the steps are given.
struct Setting {
  SerialExecutor executor;
  SilentProgress progress;
  RunContext context{executor, progress};
  Tensor output = Output();
  PerAxis<std::int64_t> block = {{1, 1, kSize, kSize}};
  TensorBlocks values{ConstView(output.view().data(), DType::kF32, {1, 3, 1, kSize, kSize}), block};
  MemoryScratch scratch;
  ObjectWork work{context, scratch};

  FlowEnds Ends() { return FlowEnds::Follow(values, 0, 200, work).value(); }
  CellMap Cells() {
    const FlowEnds ends = Ends();
    return CellMap::Measure(LabelBySinks(ends, FlowSinks::Of(ends, context).value(), work).value(), context).value();
  }
};

void FollowFlows(benchmark::State& state) {
  Setting setting;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(setting.Ends());
  SetRate(state);
}
BENCHMARK(FollowFlows)->Unit(benchmark::kMillisecond);

void GroupBySinks(benchmark::State& state) {
  Setting setting;
  const FlowEnds ends = setting.Ends();
  for ([[maybe_unused]] auto _ : state) {
    const FlowSinks sinks = FlowSinks::Of(ends, setting.context).value();
    benchmark::DoNotOptimize(LabelBySinks(ends, sinks, setting.work).ok());
  }
  SetRate(state);
}
BENCHMARK(GroupBySinks)->Unit(benchmark::kMillisecond);

void CompareFlows(benchmark::State& state) {
  Setting setting;
  const CellMap cells = setting.Cells();
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(FlowErrors(cells, setting.values, 0, setting.work).ok());
  SetRate(state);
}
BENCHMARK(CompareFlows)->Unit(benchmark::kMillisecond);

void AllOfCellpose(benchmark::State& state) {
  const Tensor output = Output();
  std::int64_t objects = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Result<CellposeObjects> found = CellposeLabels(output.view(), {}, SerialExecutor());
    if (!found.ok()) return state.SkipWithError("refused");
    objects = found->objects;
  }
  state.counters["objects"] = static_cast<double>(objects);
  SetRate(state);
}
BENCHMARK(AllOfCellpose)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tegula::objects
