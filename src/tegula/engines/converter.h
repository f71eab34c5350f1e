// engines/converter.h — weights turned into the format that a faster engine reads.
//
// A converter is a plug-in like an engine (plugin.h) and is only needed once per model: what it writes is kept. It
// translates and does not judge; whoever calls it holds the result against the original before using it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::engines {

/// Stateless and thread-safe.
class Converter {
 public:
  virtual ~Converter() = default;
  virtual std::string_view name() const noexcept = 0;  ///< of what it reads: "torchscript"
  virtual std::string version() const = 0;             ///< of the libraries behind it
  /// Follows the network of `weights` with these inputs (contiguous, as the network takes them) and writes it as
  /// OpenVINO IR: `xml`, and the weights beside it with the suffix .bin, in float32. Sizes that the network computes
  /// become those of these inputs where it does not derive them from tensors; a run at another size shows that.
  /// kUnsupported with the operators that cannot be translated, kCorrupt if the file is no network, kInvalid if it does
  /// not take the inputs, kIo.
  virtual Status Convert(const Path& weights, std::span<const ConstView> inputs, const Path& xml) const = 0;
};

}  // namespace tegula::engines
