// objects/stardist/star_labels.h — StarDist's three steps on an image of any size: candidates block by block,
// suppression, and the picture block by block.
#pragma once

#include "tegula/objects/pixel_blocks.h"
#include "tegula/objects/stardist/stardist.h"

namespace tegula::objects {

/// Gives `labels` the numbers (int32) of the objects in a network's whole output: `values` are float32 of 1 + n_rays
/// channels, on the network's pixels. Objects are numbered from 1 in the order of Suppress; in 3D numbers that no pixel
/// has are left out and the others closed up. The image that `labels` has may end before the last network pixel does.
///
/// Candidates are all in memory if they take no more than half of what may be used, else those of some blocks at a time
/// (star_suppression.h); what remains of them is. kExhausted with the memory that would be needed where even that
/// is not enough; errors of Suppress, AddCandidates, reading and writing; kCancelled.
Status LabelStars(const StarDist& stardist, const PixelBlocks& values, const ObjectWork& work, LabelSink& labels);

}  // namespace tegula::objects
