// image/take_rows.h — inside the module: how decoders and their cache hand over pixels.
#pragma once

#include <cstdint>

#include "tegula/core/function_ref.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Takes rows of a tile from row `y` on (rows, columns, samples), without gaps; valid until it returns. Must not throw.
using TakeRows = FunctionRef<void(std::int64_t y, const ConstView& rows_yxs)>;

/// Takes pixels of a tile, or of a level, of which the first is that in row `y` and column `x` (rows, columns,
/// samples), without gaps; valid until it returns. Must not throw.
using TakePixels = FunctionRef<void(std::int64_t y, std::int64_t x, const ConstView& pixels_yxs)>;

}  // namespace tegula::image
