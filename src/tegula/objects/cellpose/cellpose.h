// objects/cellpose/cellpose.h — objects from what a Cellpose network says of each pixel.
//
// `cellpose_flow_dynamics` of the bioimage.io format, as bioimageio.core 0.11 runs it: with cellpose 3.1.1.2, on the
// CPU, all parameters that the format does not know at their defaults. The method is that of Stringer, Wang, Michaelos
// and Pachitariu, Nature Methods 18 (2021), 100-106. Its steps stand in files of their own: pixels follow the flow
// (flow_field.h, flow_ends.h), those that meet are objects (flow_sinks.h, cell_map.h), objects whose flow does not fit
// are dropped (flow_error.h), holes are filled and small objects removed (cleaning.h). All of them go through the image
// block by block, so that it may have any size.
#pragma once

#include <cstdint>
#include <stop_token>

#include "tegula/core/executor.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The arguments of the operation.
struct CellposeOptions {
  double cellprob_threshold = 0;  ///< a logit; pixels above it are inside
  double flow_threshold = 0.4;    ///< objects with a larger FlowErrors go; not above 0: all stay
  bool do_3d = false;             ///< on a plane this only leaves out the check of the flows, as in cellpose
  std::int64_t min_size = 15;     ///< pixels; not above 0: small objects stay
};

struct CellposeObjects {
  Tensor labels_yx;          ///< uint32, 0 where there is no object
  std::int64_t objects = 0;  ///< how many different numbers there are
  /// The largest number, for the element type. As many as there are objects, and more only with a `min_size` that is
  /// not positive, where objects went into holes. (cellpose wraps numbers around that the type does not hold.)
  std::uint32_t largest = 0;
};

/// Whether the operation can run on a network's output of this type and shape: float32 of (3, y, x), channels being
/// the flow along y, that along x, and the logit of being inside, with at most 2^30 pixels along either. kUnsupported
/// for volumes, on which cellpose fails as well: three channels have no flow along z. kInvalid, kExhausted.
Status CheckCellpose(DType dtype, const Shape& shape_cyx);

/// Takes away what the method never looks at, in place: flows outside of objects. `output_cyx` as for CheckCellpose.
void ThinCellpose(const View& output_cyx, const CellposeOptions& options) noexcept;

/// Gives `labels` the numbers (uint32) of the objects in a network's whole output. Pixels whose path meets a flow that
/// is not a number are in no object (cellpose fails if there are more than ten). Numbers run in the (y, x) order of the
/// objects' first pixels; they have gaps only with a `min_size` that is not positive, where objects went into holes.
/// All refusals are CheckCellpose's, but for kExhausted where what is needed for the objects (about a hundred bytes
/// each) or for the largest of them (FlowErrors, FillHoles) is more than may be used, with the memory that is needed;
/// errors of reading and writing; kCancelled.
Status LabelCells(const CellposeOptions& options, const PixelBlocks& values, const ObjectWork& work, LabelSink& labels);

/// The same of an output in memory. Any strides.
Result<CellposeObjects> CellposeLabels(const ConstView& flows_and_cellprob_cyx, const CellposeOptions& options,
                                       const Executor& executor, std::stop_token stop = {}, const Limits& limits = {});

}  // namespace tegula::objects
