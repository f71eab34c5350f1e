// spec/op_description.h — the pre- and postprocessing operations as the format defines them, one struct
// each, with the format's defaults. The versions' different spellings (mode: per_dataset, axes letters, lists or
// scalars) end here; ops/ gives each its meaning.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tegula/tensor/dtype.h"

namespace tegula::spec {

/// Over what statistics are taken: axis ids that are reduced. Nothing means all axes, batch included. With
/// "batch" among them (or nothing) they belong to the dataset, else to the sample.
using StatisticAxes = std::optional<std::vector<std::string>>;

/// x > threshold; with `axis` one threshold per position along it.
struct Binarize {
  std::vector<double> threshold;
  std::string axis;  ///< empty: one threshold for all
};
/// Limits are values or percentiles; at least one is set.
struct Clip {
  std::optional<double> min, max;
  std::optional<double> min_percentile, max_percentile;
  StatisticAxes axes;
};
struct EnsureDtype {
  DType dtype = DType::kF32;
};
/// (x - mean) / (std + 1e-6), per position along `axis` if there is one.
struct FixedZeroMeanUnitVariance {
  std::vector<double> mean, std;
  std::string axis;
};
/// x * gain + offset, per position along `axis` if there is one (then one of the lists may have length 1).
struct ScaleLinear {
  std::vector<double> gain, offset;
  std::string axis;
};
struct ScaleMeanVariance {
  std::string reference_tensor;
  StatisticAxes axes;
  double eps = 1e-6;
};
struct ScaleRange {
  StatisticAxes axes;
  double min_percentile = 0, max_percentile = 100;
  double eps = 1e-6;
  std::string reference_tensor;  ///< empty: the tensor itself
};
struct Sigmoid {};
struct Softmax {
  std::string axis = "channel";
};
struct ZeroMeanUnitVariance {
  StatisticAxes axes;
  double eps = 1e-6;
};
/// Objects from the probabilities (channel 0) and ray lengths (the other channels) of a StarDist network. Lists have
/// one entry per axis of (z,) y, x.
struct StardistPostprocessing {
  double prob_threshold = 0, nms_threshold = 0;
  std::int64_t n_rays = 0;
  std::vector<std::int64_t> grid;                   ///< pixels of the image per pixel of the network's output
  std::vector<std::array<std::int64_t, 2>> border;  ///< output pixels at either end in which no object begins
  std::vector<double> anisotropy;                   ///< 3D only
  std::optional<std::int64_t> overlap_label;        ///< 3D only: for pixels of several objects
};
/// Objects from the flows along y and x and the logit of being inside (channels 0, 1 and 2) of a Cellpose network.
struct CellposeFlowDynamics {
  double cellprob_threshold = 0, flow_threshold = 0;
  bool do_3d = false;
  std::int64_t min_size = 15;  ///< pixels; smaller objects are removed
  DType output_dtype = DType::kU16;
};
/// An operation that the format knows and Tegula does not run; the refusal names it.
struct UnsupportedOp {
  std::string id;
};

using OpDescription =
    std::variant<Binarize, Clip, EnsureDtype, FixedZeroMeanUnitVariance, ScaleLinear, ScaleMeanVariance, ScaleRange,
                 Sigmoid, Softmax, StardistPostprocessing, CellposeFlowDynamics, ZeroMeanUnitVariance, UnsupportedOp>;

/// The id as in rdf.yaml 0.5 ("scale_range").
std::string_view OpId(const OpDescription& op);

/// Whether it makes an image of numbered objects of a whole output, instead of changing its values one by one.
bool MakesObjects(const OpDescription& op);

}  // namespace tegula::spec
