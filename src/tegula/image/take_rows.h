// image/take_rows.h — inside the module: how decoders hand over rows.
#pragma once

#include <cstdint>

#include "tegula/core/function_ref.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Takes rows of a tile from row `y` on (rows, columns, samples), without gaps; valid until it returns. Must not throw.
using TakeRows = FunctionRef<void(std::int64_t y, const ConstView& rows_yxs)>;

}  // namespace tegula::image
