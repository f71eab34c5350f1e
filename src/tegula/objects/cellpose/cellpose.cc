#include "tegula/objects/cellpose/cellpose.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "tegula/core/text.h"
#include "tegula/objects/cellpose/cell_map.h"
#include "tegula/objects/cellpose/cleaning.h"
#include "tegula/objects/cellpose/flow_ends.h"
#include "tegula/objects/cellpose/flow_error.h"
#include "tegula/objects/cellpose/flow_sinks.h"

namespace tegula::objects {
namespace {

// Parameters of cellpose that the format does not know.
constexpr int kSteps = 200;
constexpr double kLargestFraction = 0.4;  // of an image that an object may cover

constexpr std::int64_t kBytesPerObject = 100;  // of tables
constexpr std::int64_t kBlockInMemory = 1024;

// Makes background of the objects for which is_wanted(number) is false.
template <class IsWanted>
void KeepObjects(CellMap& cells, const IsWanted& is_wanted) {
  std::vector<std::uint32_t> names(cells.cells().size());
  for (std::size_t number = 1; number < names.size(); ++number)
    if (is_wanted(number)) names[number] = static_cast<std::uint32_t>(number);
  cells.Rename(names);
}

void RemoveLargeObjects(CellMap& cells) {
  const double largest = static_cast<double>(cells.height() * cells.width()) * kLargestFraction;
  KeepObjects(cells, [&](std::size_t number) { return static_cast<double>(cells.cells()[number].pixels) <= largest; });
}

Result<CellMap> FollowAndGroup(const CellposeOptions& options, const PixelBlocks& values, const ObjectWork& work) {
  TEGULA_ASSIGN_OR_RETURN(const FlowEnds ends, FlowEnds::Follow(values, options.cellprob_threshold, kSteps, work));
  TEGULA_ASSIGN_OR_RETURN(const FlowSinks sinks, FlowSinks::Of(ends, work.context));
  if (const std::int64_t needed = sinks.size() * kBytesPerObject; work.memory_bytes > 0 && needed > work.memory_bytes)
    return ExhaustedError(fmt::format(
        "the tables of {} objects need {} of memory beside what the run holds already, and {} are left; allow more "
        "with --memory",
        sinks.size(), HumanBytes(needed), HumanBytes(work.memory_bytes)));
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<PixelBlocks> numbers, LabelBySinks(ends, sinks, work));
  return CellMap::Measure(std::move(numbers), work.context);
}

Status WriteAll(const CellMap& cells, const RunContext& context, LabelSink& labels) {
  TEGULA_TRY(labels.Expect(cells.Largest()));
  std::atomic<std::int64_t> done{0};
  const auto write = [&](std::int64_t number, int) -> Status {
    const Block block = labels.grid().at(number);
    if (!labels.Has(block)) {
      TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, cells.Read(PlaneBox(block), context.limits));
      TEGULA_TRY(labels.Write(block, {pixels.view().data(), DType::kU32, ShapeOfBlock(block, 1)}));
    }
    context.progress.Update("painting objects", ++done, labels.grid().count(), "blocks");
    return Ok();
  };
  return ForEach(context.executor, labels.grid().count(), context.stop, write);
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
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 30;
  if (shape_cyx[1] > kMostPixels || shape_cyx[2] > kMostPixels)
    return ExhaustedError(fmt::format("cellpose_flow_dynamics runs on at most {} pixels along an axis, not on {} x {}",
                                      kMostPixels, shape_cyx[1], shape_cyx[2]));
  return Ok();
}

void ThinCellpose(const View& output_cyx, const CellposeOptions& options) noexcept {
  const Shape &shape = output_cyx.shape(), &strides = output_cyx.strides();
  const auto threshold = static_cast<float>(options.cellprob_threshold);
  for (std::int64_t y = 0; y < shape[1]; ++y)
    for (std::int64_t x = 0; x < shape[2]; ++x) {
      float* const flow = output_cyx.as<float>() + y * strides[1] + x * strides[2];
      float& logit = flow[2 * strides[0]];
      if (logit > threshold) continue;
      // What is not a number remains so: it reaches neighbours inside (flow_field.h).
      for (int axis = 0; axis < 2; ++axis) flow[axis * strides[0]] = flow[axis * strides[0]] * 0.0F + 0.0F;
      logit = -std::numeric_limits<float>::infinity();
    }
}

Status LabelCells(const CellposeOptions& options, const PixelBlocks& values, const ObjectWork& work,
                  LabelSink& labels) {
  const PerAxis<std::int64_t>& size = values.grid().size;
  TEGULA_TRY(CheckCellpose(values.dtype(), {values.channels(), size[GridAxis::kY], size[GridAxis::kX]}));
  const RunContext& context = work.context;
  TEGULA_ASSIGN_OR_RETURN(CellMap cells, FollowAndGroup(options, values, work));
  RemoveLargeObjects(cells);
  cells.Renumber();
  if (!options.do_3d && options.flow_threshold > 0) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<double> errors,
                            FlowErrors(cells, values, options.cellprob_threshold, work));
    // Not "<=": an error that is not a number does not remove an object.
    KeepObjects(cells, [&](std::size_t number) { return !(errors[number] > options.flow_threshold); });
  }
  RemoveSmallObjects(cells, options.min_size);
  TEGULA_TRY(FillHoles(cells, context, work.memory_bytes));
  RemoveSmallObjects(cells, options.min_size);
  return WriteAll(cells, context, labels);
}

Result<CellposeObjects> CellposeLabels(const ConstView& flows_and_cellprob_cyx, const CellposeOptions& options,
                                       const Executor& executor, std::stop_token stop, const Limits& limits) {
  TEGULA_TRY(CheckCellpose(flows_and_cellprob_cyx.dtype(), flows_and_cellprob_cyx.shape()));
  const Shape &shape = flows_and_cellprob_cyx.shape(), &strides = flows_and_cellprob_cyx.strides();
  CellposeObjects found;
  TEGULA_ASSIGN_OR_RETURN(found.labels_yx, Tensor::Allocate(DType::kU32, {shape[1], shape[2]}, limits));
  const PerAxis<std::int64_t> block = {{1, 1, kBlockInMemory, kBlockInMemory}};
  TensorLabels labels({{{1, 1, shape[1], shape[2]}}, block},
                      {found.labels_yx.view().data(), DType::kU32, {1, 1, 1, shape[1], shape[2]}});
  const ConstView values(flows_and_cellprob_cyx.data(), DType::kF32, {1, shape[0], 1, shape[1], shape[2]},
                         {0, strides[0], 0, strides[1], strides[2]});
  SilentProgress progress;
  const RunContext context{executor, progress, std::move(stop), limits};
  MemoryScratch scratch(limits);
  TEGULA_TRY(LabelCells(options, TensorBlocks(values, block), {context, scratch}, labels));
  found.largest = static_cast<std::uint32_t>(labels.largest());
  std::vector<bool> occurs(std::size_t{found.largest} + 1);
  for (const std::uint32_t number : std::as_const(found.labels_yx).values<std::uint32_t>()) occurs[number] = true;
  found.objects = std::count(occurs.begin() + 1, occurs.end(), true);
  return found;
}

}  // namespace tegula::objects
