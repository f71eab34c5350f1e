// objects/cellpose/cleaning.h — small objects and holes, as cellpose leaves them out and fills them.
//
// Both follow cellpose.utils.fill_holes_and_remove_small_masks of cellpose 3.1.1.2 in all it does, since its result is
// what models are published and tested with. It takes the numbers of objects for places in a list of the numbers that
// occur; where numbers are missing (after the check of the flows, or after a hole with an object in it was filled) or
// where no pixel is background, it therefore removes another object than the small one. The comments say where.
#pragma once

#include <cstdint>

#include "tegula/objects/cellpose/cell_map.h"

namespace tegula::objects {

/// Removes objects of fewer than `min_size` pixels and renumbers the others. Does neither if `min_size` is not
/// positive. Where numbers are missing, as cellpose does: the n-th of the numbers that occur counts for object n, the
/// first of them not at all, be it 0 or not.
void RemoveSmallObjects(CellMap& cells, std::int64_t min_size);

/// Fills the holes of each object, in the order of their numbers: pixels from which no path over edges of pixels leads
/// around the object. What lies in a hole goes, other objects too. Numbers that do not occur are closed up; those of
/// objects that went into a hole stay missing. Time: that of the boxes of the objects. kExhausted if the box of an
/// object does not fit into `memory_bytes` (0: what it takes), with the memory that it needs; errors of reading;
/// kCancelled.
Status FillHoles(CellMap& cells, const RunContext& context, std::int64_t memory_bytes);

/// kExhausted if working on an object with this box takes more than that, at so many bytes per pixel.
Status CheckFits(const Box& box, std::int64_t bytes_per_pixel, std::int64_t memory_bytes);

}  // namespace tegula::objects
