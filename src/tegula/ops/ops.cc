// The operations as `tegula ops` lists them, by id.

#include <array>

#include "tegula/ops/chain.h"

namespace tegula::ops {
namespace {

constexpr auto kOps = std::to_array<OpInfo>({
    {"binarize", "1 where a value is above a threshold, else 0", true, {}},
    {"cellpose_flow_dynamics", "objects from the flows of Cellpose", true, {}},
    {"clip", "values limited to a range, given as values or percentiles", true, {}},
    {"custom", "a Python function of the model", false,
     "it is Python code of the package; take it out of the description and call it on what Tegula writes"},
    {"ensure_dtype", "values converted to another element type", true, {}},
    {"fixed_zero_mean_unit_variance", "(x - mean) / std with stated numbers", true, {}},
    {"scale_linear", "x * gain + offset", true, {}},
    {"scale_mean_variance", "mean and standard deviation made those of another tensor", true, {}},
    {"scale_range", "percentiles scaled to 0 and 1", true, {}},
    {"sigmoid", "1 / (1 + exp(-x))", true, {}},
    {"softmax", "probabilities that add up to 1 along an axis", true, {}},
    {"stardist_postprocessing", "objects from the star-convex shapes of StarDist", true, {}},
    {"zero_mean_unit_variance", "(x - mean) / std of the tensor itself", true, {}},
});

}  // namespace

std::span<const OpInfo> Ops() { return kOps; }

}  // namespace tegula::ops
