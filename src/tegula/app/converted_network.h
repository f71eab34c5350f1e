// app/converted_network.h — weights in the format of a faster engine, made once, held against the original, and kept.
#pragma once

#include "tegula/app/prove.h"

namespace tegula::app {

/// A network made of `file`, the weights of `candidate`, by its converter: from the cache, or made now. It is kept only
/// if it gives what the original gives in LibTorch, at the size of the test tensors and, where the description allows
/// one, at another size: the same shapes and types, NaN in the same places, and numbers within 1e-4 of the largest (at
/// least of 1). `tests` may be null: then only the cache is asked, and kNotFound. kUnsupported with the reason:
/// operators that cannot be converted, or numbers that differ.
Result<std::unique_ptr<engines::Network>> LoadConverted(const spec::ModelDescription& model, const Candidate& candidate,
                                                        const spec::WeightsOnDisk& file, const TestTensors* tests,
                                                        const EngineRequest& request, engines::Registry& registry,
                                                        const RunContext& context);

}  // namespace tegula::app
