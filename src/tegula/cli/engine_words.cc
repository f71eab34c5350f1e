#include "tegula/cli/engine_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace tegula::cli {
void EngineWords::AddTo(CLI::App& command) {
  command
      .add_option(
          "--engine", engine,
          "what runs the network (tegula engines lists them); auto: the fastest that reproduces the model's test "
          "outputs here")
      ->capture_default_str();
  command.add_option("--weight-format", weights, "only these weights: onnx, torchscript, ...");
  command.add_option("--device", device, "where the engine computes: cpu, gpu, cuda, ...")->capture_default_str();
  std::vector<std::string> words;
  for (const app::PrecisionWord& row : app::kPrecisionWords) words.emplace_back(row.word);
  command
      .add_option("--precision", precision,
                  "of the arithmetic in the network; bf16 and f16 change the numbers, and the run says by how much; "
                  "auto-fast: the fastest with which the test outputs are still reproduced")
      ->check(CLI::IsMember(words))
      ->capture_default_str();
}

Result<app::EngineRequest> EngineWords::Request(const Session& session) const {
  app::EngineRequest request;
  request.engine = engine;
  request.device = device;
  request.threads = session.threads;
  request.cache = session.cache;
  for (const app::PrecisionWord& row : app::kPrecisionWords)
    if (precision == row.word) request.precision = row.precision, request.allows_less = row.allows_less;
  if (weights.empty() || weights == "all" || weights == "any") return request;
  request.weights = spec::WeightsFormatFromName(weights);
  if (!request.weights)
    return InvalidError(
        fmt::format("there is no weights format {}: say onnx, torchscript, "
                    "tensorflow_saved_model_bundle, keras_hdf5, keras_v3 or pytorch_state_dict",
                    weights));
  return request;
}

}  // namespace tegula::cli
