// engines/toy.h — small networks for tests, written as text, whose arithmetic does not depend on where a window lies.
//
// A property test of tiling needs networks of every kind (any receptive field, pooling, upsampling, valid convolution)
// whose context and stride grid are known, and an engine that gives bit-identical pixels in every window. The toy
// engine reads files that end in .toy and is never chosen for anything else. One layer per line, applied in order to
// (1, C, H, W) float32, or to every plane of (1, C, D, H, W):
//
//   identity
//   blur R        mean over (2R+1)^2 pixels, zero outside
//   conv R SEED   sum of (2R+1)^2 weights times pixels, zero outside, then ReLU
//   valid R       as conv without the R pixels at each edge
//   pool          maximum of 2 x 2; sizes must be even
//   upsample      each pixel twice in y and x
//   global        subtracts the image's mean: a far pixel changes everything
#pragma once

#include <memory>
#include <string_view>

#include "tegula/core/rational.h"
#include "tegula/engines/engine.h"

namespace tegula::engines {

inline constexpr std::string_view kToySuffix = ".toy";

/// What follows from the layers, in pixels of the input.
struct ToyFacts {
  std::int64_t context = 0;  ///< receptive field radius
  std::int64_t grid = 1;     ///< sizes and window positions must be multiples of this
  Rational scale = {};
  std::int64_t offset = 0;  ///< output size = input size * scale + offset
  bool is_finite = true;    ///< false with a `global` layer
};

/// kInvalid with the line that is not a layer.
Result<ToyFacts> FactsOf(std::string_view text);
Result<std::unique_ptr<Network>> NewToyNetwork(std::string_view text);

/// The engine of .toy files.
const Engine* ToyEngine();

}  // namespace tegula::engines
