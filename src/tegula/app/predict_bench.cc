// The price of everything around the network: CPU time of a whole `predict` beside that of the engine alone on as many
// windows of the same shape before and after it, in one process. A run before has filled the cache with what is found
// out once (engine, context, costs), and says which windows `predict` takes.
//
//   predict_bench ENGINES MODEL IMAGE OUT     prints one JSON object; fails if the engine ran on one core
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "tegula/app/image_access.h"
#include "tegula/app/predict.h"
#include "tegula/app/select.h"
#include "tegula/core/platform.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/statistics_pass.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

// Below this share of the threads' time the engine cannot have used them all.
constexpr double kLeastUse = 0.65;
constexpr int kRounds = 5;

struct Times {
  std::vector<double> wall, cpu;
  void Take(double wall_began, double cpu_began) {
    wall.push_back(MonotonicSeconds() - wall_began);
    cpu.push_back(CpuSeconds() - cpu_began);
  }
};

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Of each value and the mean of what came before and after it: a machine that gets slower or faster meanwhile changes
// both alike.
std::vector<double> Ratios(const std::vector<double>& values, const std::vector<double>& around) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i) ratios.push_back(2 * values[i] / (around[i] + around[i + 1]));
  return ratios;
}

// The session that `predict` uses and one window of the image as it is given to it.
struct EngineAlone {
  std::unique_ptr<engines::Session> session;
  Tensor window;
  std::int64_t tiles = 0;
};

Result<EngineAlone> Prepare(const spec::Package& package, const ProvenNetwork& proven, const std::string& image,
                            const PredictRequest& request, const RunContext& context) {
  const spec::ModelDescription& model = package.description();
  TEGULA_ASSIGN_OR_RETURN(const Feeds feeds, Feeds::Open(model, image, request.binding, {}, AccessTo(context)));
  TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds.FrameAt(0, 0));
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics,
                          pipeline::ComputeStatistics(context, model, *frame.feeds.front().image));
  TEGULA_ASSIGN_OR_RETURN(const auto prediction, pipeline::Prediction::Bind(model, *proven.network, frame.feeds,
                                                                            statistics, {{0}, request.tiling}));
  EngineAlone alone;
  alone.tiles = prediction.plan().tiles();
  TEGULA_ASSIGN_OR_RETURN(alone.session, prediction.NewSession());
  TEGULA_ASSIGN_OR_RETURN(alone.window, Tensor::Allocate(prediction.network_dtypes().front(),
                                                         prediction.network_shapes().front(), context.limits));
  // Values around zero of the size that normalised images have; the arithmetic of a network does not depend on them.
  std::uint32_t state = 1;
  for (float& value : alone.window.values<float>()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F;
  }
  return alone;
}

// The windows of the run in this folder.
Result<tiling::TileRequest> TilingOf(const Path& folder) {
  TEGULA_ASSIGN_OR_RETURN(const outputs::RunRecord record, outputs::ReadRunRecord(folder));
  tiling::TileRequest tiling;
  for (const outputs::TileAxisRecord& along : record.tiles.axes)
    for (const GridAxis axis : kGridAxes)
      if (along.axis == std::string(1, GridAxisName(axis)))
        tiling.tile[axis] = along.tile, tiling.context[axis] = along.context, tiling.grid[axis] = along.grid;
  return tiling;
}

Result<nlohmann::json> Measure(PredictRequest request, engines::Registry& registry) {
  const auto executor = NewThreadExecutor(request.engine.threads + 2);
  SilentProgress progress;
  const RunContext context{.executor = *executor, .progress = progress};
  TEGULA_TRY(Predict(request, registry, context));
  TEGULA_ASSIGN_OR_RETURN(request.tiling, TilingOf(request.output));
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, spec::Package::Open(request.model, context.limits));
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork proven, SelectNetwork(package, request.engine, registry, context));
  TEGULA_ASSIGN_OR_RETURN(EngineAlone alone, Prepare(package, proven, request.images.front(), request, context));
  const ConstView window = std::as_const(alone.window).view();
  TEGULA_TRY(alone.session->Run({&window, 1}));

  Times engine, predict;
  double megapixels = 0;
  const auto run_engine = [&]() -> Status {
    const double wall = MonotonicSeconds(), cpu = CpuSeconds();
    for (std::int64_t i = 0; i < alone.tiles; ++i) TEGULA_TRY(alone.session->Run({&window, 1}));
    engine.Take(wall, cpu);
    return Ok();
  };
  TEGULA_TRY(run_engine());
  for (int round = 0; round < kRounds; ++round) {
    ResetPeakMemory();
    const double wall = MonotonicSeconds(), cpu = CpuSeconds();
    TEGULA_ASSIGN_OR_RETURN(const std::vector<ImagePrediction> done, Predict(request, registry, context));
    predict.Take(wall, cpu);
    megapixels = done.front().megapixels;
    TEGULA_TRY(run_engine());
  }
  const double engine_cpu = Median(engine.cpu), engine_wall = Median(engine.wall);
  const double use = engine_cpu / (engine_wall * request.engine.threads);
  if (use < kLeastUse)
    return InternalError(
        fmt::format("the engine used {:.2f} of its {} threads' time, so this run says nothing; was the "
                    "machine busy, or were its threads bound to one core?",
                    use, request.engine.threads));
  return nlohmann::json{{"model", package.description().name},
                        {"engine", proven.check.engine},
                        {"threads", request.engine.threads},
                        {"windows", alone.tiles},
                        {"window", fmt::format("{}", ToString(alone.window.shape()))},
                        {"megapixels", megapixels},
                        {"rounds", kRounds},
                        {"engine_cpu_s", engine_cpu},
                        {"engine_wall_s", engine_wall},
                        {"predict_cpu_s", Median(predict.cpu)},
                        {"predict_wall_s", Median(predict.wall)},
                        {"cpu_ratio", Median(Ratios(predict.cpu, engine.cpu))},
                        {"cpu_ratios", Ratios(predict.cpu, engine.cpu)},
                        {"wall_ratio", Median(Ratios(predict.wall, engine.wall))},
                        {"peak_memory_mb", PeakMemoryBytes() / 1000000}};
}

}  // namespace
}  // namespace tegula::app

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: predict_bench ENGINES MODEL IMAGE OUT\nTEGULA_CACHE names what is kept\n");
    return 2;
  }
  tegula::engines::Registry registry(argv[1]);
  tegula::app::PredictRequest request;
  request.model = argv[2];
  request.images = {argv[3]};
  request.output = argv[4];
  request.overwrite = true;
  request.engine.threads = tegula::AvailableCores();
  request.engine.cache = tegula::CacheFolder();
  const auto result = tegula::app::Measure(request, registry);
  if (!result.ok()) {
    std::fprintf(stderr, "predict_bench: %s\n", tegula::ToString(result.error()).c_str());
    return 1;
  }
  std::printf("%s\n", result->dump(2).c_str());
  return 0;
}
