// outputs/tensor_picture.h — a tensor as people look at it: planes of y and x as pictures, with a bar that says which
// value has which colour.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/outputs/value_range.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// One picture of a tensor: "channel nuclei", "z 8 of 16".
struct TensorPlane {
  std::string caption;
  ConstView yx;
  std::vector<std::int64_t> rows = {}, columns = {};  ///< along which broken lines are drawn
};

/// The planes of a tensor that has y and x axes: all positions along channels and indices, the first of a batch and
/// the middle one along other axes (the caption says which). At most `most`; `left_out` is how many more there are.
struct TensorPlanes {
  std::vector<TensorPlane> planes;
  std::int64_t left_out = 0;
};
TensorPlanes PlanesOf(const spec::TensorDescription& description, const ConstView& tensor, std::size_t most);

/// Of the finite values; 0 to 0 if there are none.
ValueRange RangeOf(const ConstView& values);

enum class ColourScale : std::uint8_t {
  kGrey,  ///< black to white
  kHeat,  ///< black by red and yellow to white: for differences
  /// The same, each power of ten as long as the next; what is below the range, and 0, is black. `range.low` > 0.
  kHeatByDecades,
};

/// An image element with the plane (larger ones are thinned out to 512 pixels along an edge), and the bar below it.
/// NaN is blue. Errors of EncodePng.
Result<std::string> PlaneHtml(const TensorPlane& plane, ValueRange range, ColourScale scale);

/// How many values lie in each of some twenty equal steps between 0 and the largest; counts on a logarithmic scale, as
/// most differences are tiny. `values` are not negative.
std::string DifferenceHistogramSvg(const ConstView& values);

}  // namespace tegula::outputs
