// app/network_examples.h — what a network is shown when it is turned into another form.
#pragma once

#include <vector>

#include "tegula/app/test_tensors.h"

namespace tegula::app {

/// What the network is given, in its own order and after preprocessing, for the test tensors and, where the description
/// allows one, at another size: a conversion that makes a size a constant is found out by the second. Errors of
/// preprocessing.
Result<std::vector<std::vector<Tensor>>> NetworkExamples(const spec::ModelDescription& model, const TestTensors& tests,
                                                         const Limits& limits);

}  // namespace tegula::app
