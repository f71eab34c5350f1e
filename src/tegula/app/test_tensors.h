// app/test_tensors.h — a package's own examples: the test tensors, and the same at other sizes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/spec/package.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/tensor.h"

namespace tegula::app {

struct TestTensors {
  std::vector<Tensor> inputs;   ///< one per input; optional ones at the end may be missing
  std::vector<Tensor> outputs;  ///< one per output; none if the description does not state all of them
  bool are_made_up = false;     ///< the inputs are noise of a small valid size: the description states none
};

/// Reads them; the format allows descriptions without. Errors of Package::File and ReadNpy; kUnsupported if the
/// description gives no size for noise either.
Result<TestTensors> ReadTestTensors(const spec::Package& package, const Limits& limits);

/// The tensor cut or mirrored at its edges, equally at both ends (one pixel more at the far end), as bioimageio.core
/// does it for its tests of other sizes. Both shapes have one rank.
Result<Tensor> Resized(const Tensor& tensor, const Shape& shape, const Limits& limits);

/// The test inputs at the sizes that the description gives for `choice`. kUnsupported where it gives none.
Result<std::vector<Tensor>> ResizedInputs(const spec::ModelDescription& model, const std::vector<Tensor>& inputs,
                                          const spec::SizeChoice& choice, const Limits& limits);

/// The sizes that `bioimageio test` tries beside those of the test tensors: batches of 1 and 2, and n of 0, 1 and 2,
/// each where it is free. Empty for descriptions before 0.5, of which it tries none.
std::vector<spec::SizeChoice> OtherSizes(const spec::ModelDescription& model);

}  // namespace tegula::app
