// app/convert/convert.h — weights that only a Python library reads, turned into weights that engines run.
//
// The library runs in a process of its own (python.h). Code of the package runs there only after consent, without
// network and with one folder to write to. What comes out counts for nothing until it has reproduced the model's test
// outputs here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tegula/app/test.h"

namespace tegula::app {

/// Code that comes with a package and would have to run.
struct ForeignCode {
  std::string what;    ///< "my_unet.py of MODEL", or a sentence of what the weights hold
  Path file;           ///< to be read before deciding; empty if it is inside of the weights
  std::string sha256;  ///< of the file, or of the weights
};

struct ConvertRequest {
  Path model;
  std::string to =
      "auto";   ///< a weights format; openvino: as auto, and proven in OpenVINO; auto: what suits the weights
  Path output;  ///< a package to write, a folder or .zip; empty: the weights are kept in the cache
  std::string python = "auto";  ///< as FindPython takes it
  bool trusts_code = false;
  std::function<bool(const ForeignCode&)> ask;  ///< whether the code may run; empty: it may not
  bool is_confined = true;
  double seconds = 600;                    ///< that the process may take
  std::int64_t memory_bytes = 16LL << 30;  ///< address space that it may have
  EngineRequest engine;                    ///< for the proof
};

struct ConvertReport {
  spec::WeightsFormat from = spec::WeightsFormat::kPytorchStateDict, to = spec::WeightsFormat::kTorchscript;
  std::string how;     ///< "traced", "scripted", "exported"
  std::string python;  ///< that did it
  Path package;        ///< what was written; empty if the weights went to the cache
  TestReport proof;
};

/// Converts the first of the model's weights from which there is a way, proves the new ones on the model's test tensors
/// and keeps them; if they do not pass nothing is kept. kInvalid (the model has such weights, or what would be written
/// is there), kUnsupported (no way, no consent, no sandbox, the library's reason, numbers that are off, and by how
/// much), kNotFound (no Python that can), kExhausted (time, memory), kCancelled; errors of the package.
Result<ConvertReport> Convert(const ConvertRequest& request, engines::Registry& registry, const RunContext& context);

/// "pytorch_state_dict: torchscript, onnx", one line per format that can be converted; the first is the default.
std::string ConversionTable();

}  // namespace tegula::app
