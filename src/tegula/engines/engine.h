// engines/engine.h — the seam between Tegula and the libraries that run networks.
//
// Three lifetimes, as OpenVINO and ONNX Runtime have them: an Engine knows whether it can run a weights file
// at all; a Network holds loaded weights and is shared by all threads; a Session is one thread's right to run it on
// inputs of one shape. Foreign exceptions stop inside the engine (Guarded). Engines are plug-ins (plugin.h),
// so that the program starts in milliseconds and runs with whichever are installed.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::engines {

/// Element type of the arithmetic inside the network. Never chosen by an engine on its own.
enum class Precision : std::uint8_t { kF32, kBf16, kF16 };
constexpr std::string_view PrecisionName(Precision precision) noexcept {
  return precision == Precision::kBf16 ? "bfloat16" : precision == Precision::kF16 ? "float16" : "float32";
}

struct NetworkOptions {
  int threads = 1;  ///< threads of one session's computation
  Precision precision = Precision::kF32;
  std::string device = "cpu";  ///< where it computes: cpu, gpu, gpu.1, cuda, cuda:1
};

/// One input or output as the network itself declares it. A size of -1 is free.
struct Port {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  bool has_shape = true;  ///< TorchScript does not say
};

/// One thread at a time; make one per worker.
class Session {
 public:
  virtual ~Session() = default;
  /// Runs the network once. Inputs are contiguous, in the network's order, of the shapes and dtypes the session was
  /// made for; they are not kept. kInternal with the library's reason, kExhausted, kCancelled after `stop` was
  /// requested (at once if the library can be interrupted, else as soon as it is done).
  virtual Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs, std::stop_token stop) = 0;
  Result<std::vector<Tensor>> Run(std::span<const ConstView> inputs) { return Run(inputs, {}); }
};

/// Immutable and thread-safe: the weights are loaded.
class Network {
 public:
  virtual ~Network() = default;
  virtual const std::vector<Port>& inputs() const noexcept = 0;
  virtual const std::vector<Port>& outputs() const noexcept = 0;
  /// Prepares (compiles, where the engine does) for inputs of these shapes and dtypes. kInvalid if the network refuses
  /// them, with names and shapes; kExhausted.
  virtual Result<std::unique_ptr<Session>> NewSession(std::span<const Shape> input_shapes,
                                                      std::span<const DType> input_dtypes) const = 0;
};

/// Stateless and thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const noexcept = 0;  ///< "openvino": as in --engine
  virtual std::string version() const = 0;             ///< the library's own
  /// Answers from the weights entry alone, without loading; kUnsupported with the reason if not.
  virtual Status CanRun(const spec::WeightsEntry& weights) const = 0;
  /// `file` is the entry's file on disk, a SavedModel's folder, or what a converter made of it. kCorrupt if it is not a
  /// network; kUnsupported with the operator that is missing, or if the device or processor does not compute in the
  /// wanted precision (then NewSession may be the first to know); kNotFound if there is no such device.
  virtual Result<std::unique_ptr<Network>> Load(const spec::WeightsEntry& weights, const Path& file,
                                                const NetworkOptions& options) const = 0;
};

}  // namespace tegula::engines
