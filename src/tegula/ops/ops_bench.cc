// Op chains and whole-image statistics beside memcpy of the same bytes, which is the least that a pass over memory
// costs.
//
// Names end with the edge of the three planes: those of 1024 fit into the last cache and those of 4096 do not. Counters
// are results that tools/bench/beside_numpy.py holds against NumPy's on the same pixels.
#include <benchmark/benchmark.h>

#include <array>
#include <bit>
#include <cstring>

#include "tegula/core/vector.h"
#include "tegula/ops/chain.h"
#include "tegula/ops/testing/tensors.h"

namespace tegula::ops {
namespace {

constexpr std::int64_t kChannels = 3;
const std::vector<std::string> kPlanar = {"batch", "channel", "y", "x"};
const std::vector<std::string> kInterleaved = {"batch", "y", "x", "channel"};
const spec::StatisticAxes kPerChannel = std::vector<std::string>{"y", "x"};
const spec::StatisticAxes kTogether = std::vector<std::string>{"channel", "y", "x"};

using Ops = std::vector<spec::OpDescription>;

Shape ShapeOf(const std::vector<std::string>& axes, std::int64_t edge) {
  return axes == kPlanar ? Shape{1, kChannels, edge, edge} : Shape{1, edge, edge, kChannels};
}

// Neighbours are as alike as in a picture: two gradients to and fro, and noise in the last bits.
template <class T>
T SmoothValue(std::int64_t c, std::int64_t y, std::int64_t x, std::uint64_t noise) {
  const std::int64_t dark = std::abs((y + 97 * c) % 1400 - 700), bright = std::abs((x + 31 * c) % 1024 - 512);
  const std::int64_t value = dark * bright / 80 + static_cast<std::int64_t>(noise % 32);  // < 4512
  return static_cast<T>(sizeof(T) == 1 ? value / 18 : value);
}

template <class T>
Tensor SmoothTensor(std::int64_t edge) {
  Tensor tensor = Tensor::Allocate(DTypeOf<T>(), ShapeOf(kPlanar, edge)).value();
  T* to = tensor.values<T>().data();
  std::uint64_t i = 0;
  for (std::int64_t c = 0; c < kChannels; ++c)
    for (std::int64_t y = 0; y < edge; ++y)
      for (std::int64_t x = 0; x < edge; ++x) *to++ = SmoothValue<T>(c, y, x, Mix(i++));
  return tensor;
}

// Memory that the system has handed out already.
Tensor Touched(DType dtype, const Shape& shape) {
  Tensor tensor = Tensor::Allocate(dtype, shape).value();
  std::memset(tensor.view().data(), 0, static_cast<std::size_t>(tensor.bytes()));
  return tensor;
}

void SetRates(benchmark::State& state, const Tensor& tensor) {
  state.SetItemsProcessed(state.iterations() * tensor.elements());
  state.SetBytesProcessed(state.iterations() * tensor.bytes());
}

void Memcpy(benchmark::State& state) {
  const Tensor in = testing::RandomTensor<float>(ShapeOf(kPlanar, state.range(0)), 3);
  Tensor out = Touched(DType::kF32, in.shape());
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(out.view().data(), in.view().data(), static_cast<std::size_t>(in.bytes()));
    benchmark::ClobberMemory();
  }
  SetRates(state, in);
}
BENCHMARK(Memcpy)->Arg(1024)->Arg(4096);

// What float64 division alone costs for as many pixels, between arrays in the first level cache.
void DivideOnly(benchmark::State& state) {
  std::array<double, 1024> in, out;
  in.fill(1234.5);
  double scale = 3.7;
  const std::int64_t elements = kChannels * state.range(0) * state.range(0);
  for ([[maybe_unused]] auto _ : state)
    for (std::int64_t done = 0; done < elements; done += 1024) {
      benchmark::DoNotOptimize(scale);
      RunVectorised([&]() TEGULA_INLINE {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i] / scale;
      });
      benchmark::DoNotOptimize(out);
    }
  state.SetItemsProcessed(state.iterations() * elements);
}
BENCHMARK(DivideOnly)->Arg(1024)->Arg(4096);

spec::ModelDescription ModelWith(const std::vector<std::string>& axes, const Ops& ops) {
  spec::ModelDescription model;
  model.inputs.emplace_back();
  model.inputs[0].id = "raw";
  model.inputs[0].ops = ops;
  for (const std::string& axis : axes) {
    model.inputs[0].axes.emplace_back();
    model.inputs[0].axes.back().id = axis;
  }
  return model;
}

std::vector<Statistic> Collect(const std::vector<StatisticRequest>& requests, const ConstView& in) {
  const std::vector<std::int64_t> begin(static_cast<std::size_t>(in.shape().rank()), 0);
  StatisticsCollector collector = StatisticsCollector::Make(requests, in.dtype(), in.shape(), 1, 1).value();
  while (!collector.done()) {
    collector.Add(0, begin, in, 0);
    collector.FinishPass();
  }
  return collector.Take();
}

template <class T>
void RunChain(benchmark::State& state, const std::vector<std::string>& axes, const Ops& ops) {
  const Tensor in = testing::RandomTensor<T>(ShapeOf(axes, state.range(0)), 3);
  Statistics statistics;
  for (Statistic& statistic : Collect(RequiredStatistics(ModelWith(axes, ops)).value(), in.view()))
    statistics.Set(std::move(statistic));
  const Chain chain = Chain::Bind(ops, {"raw", axes, in.shape(), in.dtype(), {}}, statistics).value();
  Tensor out = Touched(chain.output_dtype(), in.shape());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(chain.Run(in.view(), out.view()).ok());
  SetRates(state, in);
  for (std::size_t i = 0; i < statistics.all().size(); ++i)
    state.counters["statistic" + std::to_string(i)] = statistics.all()[i].values[0];
  if (out.dtype() != DType::kF32) return;
  double sum = 0;  // exact, of remainders by a prime
  for (const float value : out.values<float>()) sum += std::bit_cast<std::uint32_t>(value) % 16'777'213;
  state.counters["sum_of_bits"] = sum;
}

const spec::EnsureDtype kFloat{DType::kF32};
Ops ZeroMean(const spec::StatisticAxes& axes) { return {kFloat, spec::ZeroMeanUnitVariance{axes, 1e-6}, kFloat}; }
Ops Range(const spec::StatisticAxes& axes) { return {kFloat, spec::ScaleRange{axes, 1, 99.8, 1e-6, ""}, kFloat}; }

#define TEGULA_CHAIN(name, type, axes, ops)                                \
  void name(benchmark::State& state) { RunChain<type>(state, axes, ops); } \
  BENCHMARK(name)->Arg(1024)->Arg(4096)

TEGULA_CHAIN(ZeroMeanPerChannel, float, kPlanar, ZeroMean(kPerChannel));
TEGULA_CHAIN(ZeroMeanTogether, float, kPlanar, ZeroMean(kTogether));
TEGULA_CHAIN(ZeroMeanPerChannelLast, float, kInterleaved, ZeroMean(kPerChannel));
TEGULA_CHAIN(ZeroMeanTogetherLast, float, kInterleaved, ZeroMean(kTogether));
TEGULA_CHAIN(ScaleRangePerChannel, float, kPlanar, Range(kPerChannel));
TEGULA_CHAIN(ScaleRangeTogether, float, kPlanar, Range(kTogether));
TEGULA_CHAIN(ScaleRangePerChannelLast, float, kInterleaved, Range(kPerChannel));
TEGULA_CHAIN(ZeroMeanOfBytes, std::uint8_t, kPlanar, ZeroMean(kPerChannel));
TEGULA_CHAIN(ZeroMeanOfShorts, std::uint16_t, kPlanar, ZeroMean(kPerChannel));
TEGULA_CHAIN(ScaleLinear, float, kPlanar, (Ops{spec::ScaleLinear{{2}, {1}, ""}, kFloat}));
TEGULA_CHAIN(Sigmoid, float, kPlanar, Ops{spec::Sigmoid{}});
TEGULA_CHAIN(SoftmaxOfChannels, float, kPlanar, Ops{spec::Softmax{"channel"}});

enum class Picture { kRandom, kSmooth };

template <class T>
void RunCollector(benchmark::State& state, Picture picture, const Ops& ops) {
  Tensor in;
  if constexpr (std::is_floating_point_v<T>)
    in = testing::RandomTensor<T>(ShapeOf(kPlanar, state.range(0)), 3);
  else
    in = picture == Picture::kSmooth ? SmoothTensor<T>(state.range(0))
                                     : testing::RandomTensor<T>(ShapeOf(kPlanar, state.range(0)), 3);
  const std::vector<StatisticRequest> requests = RequiredStatistics(ModelWith(kPlanar, ops)).value();
  std::vector<Statistic> found;
  for ([[maybe_unused]] auto _ : state) found = Collect(requests, in.view());
  SetRates(state, in);
  for (std::size_t i = 0; i < found.size(); ++i) state.counters["statistic" + std::to_string(i)] = found[i].values[0];
}

#define TEGULA_STATISTICS(name, type, picture, ops)                                        \
  void name(benchmark::State& state) { RunCollector<type>(state, Picture::picture, ops); } \
  BENCHMARK(name)->Arg(1024)->Arg(4096)

TEGULA_STATISTICS(MomentsOfBytes, std::uint8_t, kRandom, ZeroMean(kPerChannel));
TEGULA_STATISTICS(MomentsOfShorts, std::uint16_t, kRandom, ZeroMean(kPerChannel));
TEGULA_STATISTICS(MomentsOfFloats, float, kRandom, ZeroMean(kPerChannel));
TEGULA_STATISTICS(PercentilesOfBytes, std::uint8_t, kRandom, Range(kPerChannel));
TEGULA_STATISTICS(PercentilesOfSmoothBytes, std::uint8_t, kSmooth, Range(kPerChannel));
TEGULA_STATISTICS(PercentilesOfShorts, std::uint16_t, kRandom, Range(kPerChannel));
TEGULA_STATISTICS(PercentilesOfShortsTogether, std::uint16_t, kRandom, Range(kTogether));
TEGULA_STATISTICS(PercentilesOfSmoothShorts, std::uint16_t, kSmooth, Range(kPerChannel));
TEGULA_STATISTICS(PercentilesOfSmoothShortsTogether, std::uint16_t, kSmooth, Range(kTogether));
TEGULA_STATISTICS(PercentilesOfFloats, float, kRandom, Range(kPerChannel));

}  // namespace
}  // namespace tegula::ops
