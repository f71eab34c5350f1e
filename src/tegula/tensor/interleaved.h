// tensor/interleaved.h — colours that lie side by side, as files store them, taken apart into planes.
//
// Every pixel of a picture or a slide passes here once, and a loop over one plane after the other would read the
// colours three times.
#pragma once

#include "tegula/tensor/tensor.h"

namespace tegula {

/// Copies (channel, y, x) of three channels from rows of x3 to planes, or to rows of the same kind; elements of one
/// type. False, and nothing done, if the views are not of this form. Threads: safe for different outputs.
bool CopyInterleaved(const ConstView& in_cyx, const View& out_cyx) noexcept;

}  // namespace tegula
