// A slide read in the blocks of statistics_pass.h, as it is and with statistics taken: what they add to decoding.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "tegula/image/open.h"
#include "tegula/ops/statistics.h"
#include "tegula/pipeline/statistics_pass.h"

namespace tegula::pipeline {
namespace {

using image::Source;

// Of every channel on its own.
ops::StatisticRequest RequestOf(ops::Measure measure, double percentile) {
  ops::StatisticRequest request;
  request.measure = measure;
  request.percentile = percentile;
  request.tensor_id = "raw";
  request.axes = {"channel", "y", "x"};
  request.reduced = {false, true, true};
  return request;
}

const std::vector<ops::StatisticRequest> kNothing;
const std::vector<ops::StatisticRequest> kMoments = {RequestOf(ops::Measure::kMean, 0),
                                                     RequestOf(ops::Measure::kStd, 0)};
const std::vector<ops::StatisticRequest> kPercentiles = {RequestOf(ops::Measure::kPercentile, 1),
                                                         RequestOf(ops::Measure::kPercentile, 99.8)};

struct Slide {
  std::int64_t values = 0;
  std::vector<ops::Statistic> statistics;
};

// Opened anew, so that no tile is decoded already.
Result<Slide> ReadSlide(const std::string& name, const std::vector<ops::StatisticRequest>& requests) {
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, image::Open(name));
  const image::Level& level = source->info().levels.front();
  const auto channels = static_cast<std::int64_t>(source->info().channels.size());
  const std::int64_t rows = CeilDiv(level.height, kStatisticsBlock), columns = CeilDiv(level.width, kStatisticsBlock);
  TEGULA_ASSIGN_OR_RETURN(auto collector,
                          ops::StatisticsCollector::Make(requests, source->info().dtype,
                                                         {channels, level.height, level.width}, rows * columns, 1));
  for (std::int64_t block = 0; block < rows * columns; ++block) {
    const std::int64_t y = block / columns * kStatisticsBlock, x = block % columns * kStatisticsBlock;
    const Box box{{y, std::min(y + kStatisticsBlock, level.height)}, {x, std::min(x + kStatisticsBlock, level.width)}};
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                            Tensor::Allocate(source->info().dtype, {channels, box.height(), box.width()}));
    TEGULA_TRY(source->Read({.box = box}, pixels.view()));
    const std::int64_t begin[] = {0, y, x};
    collector.Add(block, begin, std::as_const(pixels).view(), 0);
  }
  collector.FinishPass();
  return Slide{channels * level.height * level.width, collector.Take()};
}

void Run(benchmark::State& state, const char* file, const std::vector<ops::StatisticRequest>& requests) {
  const char* const data = std::getenv("TEGULA_TEST_DATA");
  if (data == nullptr) {
    state.SkipWithError("TEGULA_TEST_DATA does not name the folder of shared images");
    return;
  }
  const std::string name = std::string(data) + "/data/images/wsi/" + file;
  Slide slide;
  for ([[maybe_unused]] auto _ : state) {
    Result<Slide> read = ReadSlide(name, requests);
    if (!read.ok()) {
      state.SkipWithError(ToString(read.error()).c_str());
      return;
    }
    slide = std::move(read).value();
  }
  state.SetItemsProcessed(state.iterations() * slide.values);
  for (std::size_t i = 0; i < slide.statistics.size(); ++i)
    state.counters["statistic" + std::to_string(i)] = slide.statistics[i].values[0];
}

constexpr const char* kJpegSlide = "CMU-1-Small-Region.svs";
constexpr const char* kUncompressedTiff = "kidney-48-5.tif";

void DecodeJpegSlide(benchmark::State& state) { Run(state, kJpegSlide, kNothing); }
void MomentsOfJpegSlide(benchmark::State& state) { Run(state, kJpegSlide, kMoments); }
void PercentilesOfJpegSlide(benchmark::State& state) { Run(state, kJpegSlide, kPercentiles); }
void DecodeUncompressedTiff(benchmark::State& state) { Run(state, kUncompressedTiff, kNothing); }
void MomentsOfUncompressedTiff(benchmark::State& state) { Run(state, kUncompressedTiff, kMoments); }
void PercentilesOfUncompressedTiff(benchmark::State& state) { Run(state, kUncompressedTiff, kPercentiles); }
BENCHMARK(DecodeJpegSlide)->Unit(benchmark::kMillisecond);
BENCHMARK(MomentsOfJpegSlide)->Unit(benchmark::kMillisecond);
BENCHMARK(PercentilesOfJpegSlide)->Unit(benchmark::kMillisecond);
BENCHMARK(DecodeUncompressedTiff)->Unit(benchmark::kMillisecond);
BENCHMARK(MomentsOfUncompressedTiff)->Unit(benchmark::kMillisecond);
BENCHMARK(PercentilesOfUncompressedTiff)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tegula::pipeline
