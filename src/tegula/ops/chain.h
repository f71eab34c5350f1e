// ops/chain.h — a tensor's pre- or postprocessing, bound once and then run on every tile.
//
// All that can fail fails in Bind: unknown ops, axes that do not exist, lists of the wrong length, statistics
// that are missing, dtypes an op is not defined for. Run cannot fail and is safe from many threads.
// Semantics, with NumPy's dtype promotion, are those of bioimageio.core (docs/differences.md lists where not).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/ops/statistics.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::ops {

/// Where an op chain stands: its tensor's id and the names of its axes, and which kind it is.
struct ChainInput {
  std::string tensor_id;
  std::vector<std::string> axes;  ///< ids, slowest first
  Shape shape;  ///< the whole tensor's: sizes along non-tiled axes (channel) are used, others may differ per tile
  DType dtype = DType::kF32;
  /// Per axis whether tiles are cut along it: an op with a value per position there is refused. Empty: none is.
  std::vector<bool> tiled = {};
};

/// Immutable and thread-safe.
class Chain {
 public:
  static Result<Chain> Bind(std::span<const spec::OpDescription> ops, const ChainInput& input,
                            const Statistics& statistics);
  Chain(Chain&&) noexcept;
  Chain& operator=(Chain&&) noexcept;
  ~Chain();

  DType output_dtype() const noexcept;
  /// Runs all ops on one tile of any size along the tiled axes. `in` has the bound dtype, `out` has output_dtype() and
  /// the same shape; they may not overlap. Ops between two softmaxes are fused: the tile is read and written once.
  /// kInvalid for a tile whose size along an axis with a value per position is not the bound one; kExhausted if memory
  /// for an intermediate result (of softmax only) is not there.
  Status Run(const ConstView& in, const View& out) const;

 private:
  struct State;
  explicit Chain(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether Tegula runs all ops of a tensor; kUnsupported names the first that it does not.
Status CheckOps(const spec::TensorDescription& tensor);

/// One row of `tegula ops`.
struct OpInfo {
  std::string_view id;
  std::string_view summary;
  bool runs = true;
  std::string_view reason;  ///< if it does not run
};
std::span<const OpInfo> Ops();

}  // namespace tegula::ops
