// app/select.h — the network for `predict`: of all that reproduce the model's test outputs here, the fastest.
#pragma once

#include "tegula/app/prove.h"

namespace tegula::app {

/// With "auto" all candidates are tried on the test tensors; those out of tolerance are rejected, and of the others the
/// fastest is taken (an earlier one unless a later one is a tenth faster). With a name only that engine's. The outcome
/// is remembered in the cache for this machine, the same description, weights, engines and request; the next call
/// then loads the chosen network at once. Weights that would have to be fetched are not once others are right; that
/// they cannot be fetched is an error. Of a description without test tensors the fastest that runs is taken, and its
/// check says that it is unproven. The error lists why each candidate was not taken.
Result<ProvenNetwork> SelectNetwork(const spec::Package& package, const EngineRequest& request,
                                    engines::Registry& registry, const RunContext& context);

/// What is remembered of a package with this request: the check of every candidate that was tried; nothing if it was
/// not tried yet.
std::optional<std::vector<WeightsCheck>> RememberedChecks(const spec::Package& package, const EngineRequest& request,
                                                          const engines::Registry& registry);

/// Remembers checks of all candidates that were made elsewhere, if one of them is right.
void RememberChecks(const spec::Package& package, const EngineRequest& request, const engines::Registry& registry,
                    const std::vector<WeightsCheck>& checks);

}  // namespace tegula::app
