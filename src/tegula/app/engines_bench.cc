// What a window costs with each way of running a network, turn by turn in one process: CPU seconds of the ONNX weights
// in OpenVINO, of the TorchScript weights in OpenVINO, in the LibTorch engine, and in LibTorch as a script uses it
// (torch.jit.load and a call).
//
//   engines_bench ENGINES MODEL...     prints one JSON array, a row per model and window
#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tegula/app/select.h"
#include "tegula/core/platform.h"

namespace tegula::app {
namespace {

constexpr int kLeastRounds = 7;
constexpr double kLeastSeconds = 15;            // of a model and window, all ways together
constexpr int kWarm = 3;                        // PyTorch's executor optimises in the second run
constexpr std::int64_t kEdges[] = {512, 1024};  // of a 2D window; 3D windows have as many voxels
constexpr std::int64_t kDepth = 16;
constexpr auto kRest = std::chrono::milliseconds(60);  // until the threads of the one before no longer spin

using Clock = std::chrono::steady_clock;

// One way of running the network on the window.
using Way = std::function<Status()>;

Shape WindowOf(const spec::TensorDescription& input, std::int64_t edge) {
  std::vector<std::int64_t> sizes;
  const bool is_3d = std::any_of(input.axes.begin(), input.axes.end(), [](const auto& axis) { return axis.id == "z"; });
  for (const spec::Axis& axis : input.axes)
    sizes.push_back(axis.type == spec::AxisType::kBatch     ? 1
                    : axis.type == spec::AxisType::kChannel ? static_cast<std::int64_t>(axis.channel_names.size())
                    : axis.id == "z"                        ? kDepth
                    : is_3d                                 ? edge / 4
                                                            : edge);
  return Shape(sizes);
}

Tensor Noise(const Shape& shape) {
  Tensor window = Tensor::Allocate(DType::kF32, shape).value();
  std::uint32_t state = 1;
  for (float& value : window.values<float>()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F;
  }
  return window;
}

Result<Way> InEngine(const spec::Package& package, const Candidate& candidate, const TestTensors& tests,
                     const EngineRequest& request, const Tensor& window, engines::Registry& registry,
                     const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(ProvenNetwork loaded, LoadCandidate(package, candidate, &tests, request, registry, context));
  const Shape shape = window.shape();
  const DType dtype = DType::kF32;
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<engines::Session> made, loaded.network->NewSession({&shape, 1}, {&dtype, 1}));
  return Way([network = std::shared_ptr(std::move(loaded.network)),
              session = std::shared_ptr<engines::Session>(std::move(made)), &window]() -> Status {
    const ConstView view = window.view();
    TEGULA_TRY(session->Run({&view, 1}));
    return Ok();
  });
}

// As a script does it; errors are exceptions, and end the program.
Way InLibTorch(const Path& file, const Tensor& window, int threads) {
  auto module = std::make_shared<torch::jit::Module>(torch::jit::load(file.string()));
  module->eval();
  const Shape& shape = window.shape();
  const at::Tensor input =
      torch::from_blob(const_cast<std::byte*>(window.view().data()),
                       std::vector<std::int64_t>(shape.sizes().begin(), shape.sizes().end()), at::kFloat);
  return [module, input, threads]() -> Status {
    const c10::InferenceMode inference;
    at::set_num_threads(threads);
    module->forward({input});
    return Ok();
  };
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

Result<nlohmann::ordered_json> MeasureWindow(const spec::Package& package, std::int64_t edge,
                                             engines::Registry& registry, const EngineRequest& request,
                                             const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package, context.limits));
  const Tensor window = Noise(WindowOf(package.description().inputs.front(), edge));
  std::map<std::string, Way> ways;
  for (const Candidate& candidate : CandidatesOf(package.description(), request)) {
    const std::string name = fmt::format("{} in {}", spec::WeightsFormatName(candidate.weights->format),
                                         candidate.engine == "openvino" ? "OpenVINO" : "the LibTorch engine");
    TEGULA_ASSIGN_OR_RETURN(ways[name],
                            InEngine(package, candidate, tests, request, window, registry, context).Context(name));
    if (candidate.engine != "libtorch") continue;
    TEGULA_ASSIGN_OR_RETURN(const Path file, package.File(candidate.weights->file));
    ways["torchscript in LibTorch"] = InLibTorch(file, window, request.threads);
  }
  std::map<std::string, std::vector<double>> seconds;
  int rounds = -kWarm;
  for (const auto began_all = Clock::now();
       rounds < kLeastRounds || Clock::now() - began_all < std::chrono::duration<double>(kLeastSeconds); ++rounds)
    for (const auto& [name, run] : ways) {
      std::this_thread::sleep_for(kRest);
      const double began = CpuSeconds();
      TEGULA_TRY(run());
      if (rounds >= 0) seconds[name].push_back(CpuSeconds() - began);
    }
  nlohmann::ordered_json cpu;
  for (const auto& [name, times] : seconds) cpu[name] = Median(times);
  return nlohmann::ordered_json{{"model", package.description().name},
                                {"window", ToString(window.shape())},
                                {"edge", edge},
                                {"threads", request.threads},
                                {"rounds", rounds},
                                {"cpu_s", cpu}};
}

Result<nlohmann::ordered_json> Measure(engines::Registry& registry, std::span<char*> models) {
  const EngineRequest request{.threads = AvailableCores()};
  const auto executor = NewThreadExecutor(request.threads);
  SilentProgress progress;
  const RunContext context{.executor = *executor, .progress = progress};
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const char* const model : models) {
    TEGULA_ASSIGN_OR_RETURN(const spec::Package package, spec::Package::Open(model, context.limits));
    for (const std::int64_t edge : kEdges) {
      TEGULA_ASSIGN_OR_RETURN(nlohmann::ordered_json row,
                              MeasureWindow(package, edge, registry, request, context).Context(model));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace
}  // namespace tegula::app

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: engines_bench ENGINES MODEL...\n");
    return 2;
  }
  tegula::engines::Registry registry(argv[1]);
  const auto rows = tegula::app::Measure(registry, std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  if (!rows.ok()) {
    std::fprintf(stderr, "engines_bench: %s\n", tegula::ToString(rows.error()).c_str());
    return 1;
  }
  std::printf("%s\n", rows->dump(2).c_str());
  return 0;
}
