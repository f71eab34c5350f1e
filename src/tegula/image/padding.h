// image/padding.h — blocks that leave an image, filled by index map: an image is never padded in memory.
#pragma once

#include <cstdint>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {

/// Reads a block that lies inside: (t, channel, z, y, x).
using ReadBlock = FunctionRef<Status(const Block& block, const View& out_tczyx)>;

/// Fills `out_tczyx` with a block of an image of `size` that may leave it on any side of any axis, by any distance:
/// what lies outside is made up as numpy.pad does with `mode` along all axes; `constant` is used by kConstant and
/// converted to the element type. `read` is called at most once, for what is needed. The block must not be empty.
/// Errors are those of `read`, and kExhausted.
Status ReadPadded(const PerAxis<std::int64_t>& size, const Block& block, PadMode mode, double constant, ReadBlock read,
                  const View& out_tczyx);

}  // namespace tegula::image
