// app/weights_check.h — how one way of running a model did: which weights, with which engine, how exact, how fast.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tegula/app/compare.h"
#include "tegula/engines/engine.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

enum class CheckStatus : std::uint8_t {
  kPassed,
  kUnproven,  ///< it ran, but the description states no test tensors to compare with
  kFailed,
  kNotRun,  ///< no engine for it here, or the engine cannot run it
};
std::string_view StatusName(CheckStatus status);

/// One output of one weights entry.
struct OutputCheck {
  std::string output_id;
  Comparison comparison;
};

/// Another valid size of the inputs than that of the test tensors; only the shapes of the outputs are compared.
struct SizeCheck {
  std::int64_t batch = 1;
  std::int64_t n = 0;  ///< sizes are min + n * step
  std::string reason;  ///< empty if it passed
  bool passed() const { return reason.empty(); }
};

/// What running the network costs, at the size of the test tensors; 0 where it was not measured.
struct Cost {
  double load_s = 0;              ///< reading, and preparing for the shape
  double run_s = 0;               ///< one run of the network alone, the fastest of several
  double megapixels = 0;          ///< that it takes in: y · x (· z) of the first input, times the batch
  std::int64_t memory_bytes = 0;  ///< by which the process grew at most; 0 if the system does not say
};

/// One weights entry with one engine.
struct WeightsCheck {
  spec::WeightsFormat format = spec::WeightsFormat::kOnnx;
  std::string engine;  ///< empty if none runs this format
  std::string engine_version;
  engines::Precision precision = engines::Precision::kF32;
  std::string weights_sha256;  ///< of the file that was run; empty if it was not read
  bool is_converted = false;   ///< the engine runs it in another format, which was made of it here
  CheckStatus status = CheckStatus::kNotRun;
  std::string reason;  ///< why it failed or was not run
  std::vector<OutputCheck> outputs;
  std::vector<SizeCheck> sizes;
  std::vector<std::string> notes;
  Cost cost;
};

/// "torchscript with openvino (converted)", "onnx with openvino in bfloat16".
std::string Title(const WeightsCheck& check);

/// The elements of `bioimageio`-like reports as JSON, and back. Reading gives nothing for what Write did not write.
std::string ChecksToJson(const std::vector<WeightsCheck>& checks);
std::optional<std::vector<WeightsCheck>> ChecksFromJson(const std::string& text);

}  // namespace tegula::app
