// Op chains and whole-image statistics beside memcpy of the same bytes: what a pass over memory must cost at least.
#include <benchmark/benchmark.h>

#include <cstring>

#include "tegula/ops/chain.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

const Shape kPlanes{1, 3, 1024, 1024};
const std::vector<std::string> kAxes = {"batch", "channel", "y", "x"};

void Memcpy(benchmark::State& state) {
  const Tensor in = testing::RandomTensor<float>(kPlanes, 3);
  Tensor out = Tensor::Allocate(DType::kF32, kPlanes).value();
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(out.view().data(), in.view().data(), static_cast<std::size_t>(in.bytes()));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kPlanes.elements());
}
BENCHMARK(Memcpy);

template <class T>
void RunChain(benchmark::State& state, const std::vector<spec::OpDescription>& ops) {
  const Tensor in = testing::RandomTensor<T>(kPlanes, 3);
  const Chain chain = Chain::Bind(ops, {"raw", kAxes, kPlanes, DTypeOf<T>(), {}}, {}).value();
  Tensor out = Tensor::Allocate(chain.output_dtype(), kPlanes).value();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(chain.Run(in.view(), out.view()).ok());
  state.SetItemsProcessed(state.iterations() * kPlanes.elements());
}

void FixedNormalisationOfBytes(benchmark::State& state) {
  RunChain<std::uint8_t>(state, {spec::FixedZeroMeanUnitVariance{std::vector<double>{100, 110, 120},
                                                                 std::vector<double>{10, 11, 12}, "channel"},
                                 spec::EnsureDtype{DType::kF32}});
}
BENCHMARK(FixedNormalisationOfBytes);

void ScaleLinear(benchmark::State& state) {
  RunChain<float>(state, {spec::ScaleLinear{{2}, {1}, ""}, spec::EnsureDtype{DType::kF32}});
}
BENCHMARK(ScaleLinear);

void Sigmoid(benchmark::State& state) { RunChain<float>(state, {spec::Sigmoid{}}); }
BENCHMARK(Sigmoid);

void SoftmaxOfChannels(benchmark::State& state) { RunChain<float>(state, {spec::Softmax{"channel"}}); }
BENCHMARK(SoftmaxOfChannels);

template <class T>
void Collect(benchmark::State& state, const std::vector<StatisticRequest>& requests) {
  const Tensor in = testing::RandomTensor<T>(kPlanes, 3);
  const std::vector<std::int64_t> begin(4, 0);
  for ([[maybe_unused]] auto _ : state) {
    StatisticsCollector collector = StatisticsCollector::Make(requests, DTypeOf<T>(), kPlanes, 1, 1).value();
    while (!collector.done()) {
      collector.Add(0, begin, in.view(), 0);
      collector.FinishPass();
    }
    benchmark::DoNotOptimize(collector.Take());
  }
  state.SetItemsProcessed(state.iterations() * kPlanes.elements());
}

StatisticRequest RequestOf(Measure measure, double percentile) {
  StatisticRequest request;
  request.measure = measure;
  request.percentile = percentile;
  request.tensor_id = "raw";
  request.reduced = {true, false, true, true};
  return request;
}

template <class T>
void MeanAndDeviation(benchmark::State& state) {
  Collect<T>(state, {RequestOf(Measure::kMean, 0), RequestOf(Measure::kStd, 0)});
}
BENCHMARK(MeanAndDeviation<std::uint8_t>);
BENCHMARK(MeanAndDeviation<std::uint16_t>);
BENCHMARK(MeanAndDeviation<float>);

template <class T>
void TwoPercentiles(benchmark::State& state) {
  Collect<T>(state, {RequestOf(Measure::kPercentile, 1), RequestOf(Measure::kPercentile, 99.8)});
}
BENCHMARK(TwoPercentiles<std::uint8_t>);
BENCHMARK(TwoPercentiles<std::uint16_t>);
BENCHMARK(TwoPercentiles<float>);

}  // namespace
}  // namespace tegula::ops
