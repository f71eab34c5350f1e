// image/binary_morphology.h — masks made smoother: gaps closed and thin threads opened by a disc.
//
// Pixels beyond the edge of the mask never decide: they are taken for background where something grows and for
// foreground where something shrinks.
#pragma once

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Fills gaps that a disc of this radius does not fit into: all pixels within the distance are added, then taken away
/// again. `mask_yx`: uint8, 0 and 1, changed in place. Memory: a second mask. kExhausted.
Status CloseGaps(Tensor& mask_yx, int radius, const Limits& limits = {});
/// Takes away what is thinner than such a disc.
Status OpenThreads(Tensor& mask_yx, int radius, const Limits& limits = {});

}  // namespace tegula::image
