#include "tegula/objects/cellpose/cellpose.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "tegula/objects/cellpose/cleaning.h"
#include "tegula/objects/cellpose/flow_error.h"
#include "tegula/objects/cellpose/flow_field.h"
#include "tegula/objects/cellpose/flow_sinks.h"
#include "tegula/objects/label_map.h"

namespace tegula::objects {
namespace {

// Parameters of cellpose that the format does not know.
constexpr int kSteps = 200;
constexpr double kLargestFraction = 0.4;  // of an image that an object may cover

// Makes background of the objects for which is_wanted(number) is false. `numbers` are those from 0 to the largest.
template <class IsWanted>
void KeepObjects(LabelMap& labels, std::size_t numbers, IsWanted&& is_wanted) {
  std::vector<std::uint32_t> names(numbers);
  for (std::size_t label = 1; label < numbers; ++label)
    if (is_wanted(label)) names[label] = static_cast<std::uint32_t>(label);
  labels.Rename(names);
}

void RemoveLargeObjects(LabelMap& labels) {
  const std::vector<std::int64_t> counts = labels.PixelCounts();
  const double largest = static_cast<double>(labels.height() * labels.width()) * kLargestFraction;
  KeepObjects(labels, counts.size(), [&](std::size_t label) { return static_cast<double>(counts[label]) <= largest; });
}

Result<LabelMap> FollowAndGroup(const FlowField& field, const Executor& executor, std::stop_token stop,
                                const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Tensor ends_yx, FollowAll(field, kSteps, executor, std::move(stop), limits));
  return LabelsOfSinks(ends_yx.view(), limits);
}

}  // namespace

Status CheckCellpose(DType dtype, const Shape& shape_cyx) {
  if (shape_cyx.rank() == 4)
    return UnsupportedError(
        "cellpose_flow_dynamics finds no objects in volumes: it takes three channels, and in 3D there would have to be "
        "a fourth with the flow along z (cellpose fails here too)");
  if (shape_cyx.rank() != 3 || shape_cyx[0] != 3)
    return InvalidError(
        fmt::format("cellpose_flow_dynamics needs three channels of a plane: the flow along y, the flow along x and "
                    "the cell probability, as 3 x height x width; this is {}",
                    ToString(shape_cyx)));
  if (dtype != DType::kF32)
    return InvalidError(fmt::format("cellpose_flow_dynamics needs float32 values, not {}", DTypeName(dtype)));
  constexpr std::int64_t kMostPixels = std::numeric_limits<std::int32_t>::max();
  if (shape_cyx[1] > kMostPixels / std::max<std::int64_t>(1, shape_cyx[2]))
    return ExhaustedError(fmt::format("cellpose_flow_dynamics runs on at most {} pixels at once, not on {} x {}",
                                      kMostPixels, shape_cyx[1], shape_cyx[2]));
  return Ok();
}

Result<CellposeObjects> CellposeLabels(const ConstView& flows_and_cellprob_cyx, const CellposeOptions& options,
                                       const Executor& executor, std::stop_token stop, const Limits& limits) {
  TEGULA_TRY(CheckCellpose(flows_and_cellprob_cyx.dtype(), flows_and_cellprob_cyx.shape()));
  TEGULA_ASSIGN_OR_RETURN(const FlowField field,
                          FlowField::Read(flows_and_cellprob_cyx, options.cellprob_threshold, limits));
  TEGULA_ASSIGN_OR_RETURN(LabelMap labels, FollowAndGroup(field, executor, stop, limits));
  RemoveLargeObjects(labels);
  labels.Renumber();
  if (!options.do_3d && options.flow_threshold > 0) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<double> errors, FlowErrors(labels, field, executor, std::move(stop)));
    // Not "<=": an error that is not a number does not remove an object.
    KeepObjects(labels, errors.size(), [&](std::size_t label) { return !(errors[label] > options.flow_threshold); });
  }
  RemoveSmallObjects(labels, options.min_size);
  FillHoles(labels);
  RemoveSmallObjects(labels, options.min_size);

  CellposeObjects found;
  const std::vector<std::int64_t> counts = labels.PixelCounts();
  found.objects = std::count_if(counts.begin() + 1, counts.end(), [](std::int64_t count) { return count > 0; });
  found.largest = static_cast<std::uint32_t>(counts.size() - 1);
  found.labels_yx = std::move(labels).Take();
  return found;
}

}  // namespace tegula::objects
