// objects/simplify/simplify_outline.h — outlines with fewer corners that stay within less than half a pixel of the
// exact ones.
//
// Outlines along pixel edges are staircases. A simplified one runs straight between middles of pixel edges (and
// corners, where the tolerance asks for them) as far as it stays within the tolerance of the exact outline, in both
// directions. The tolerance is below half a pixel, and that decides everything else: edges of the pixel grid that do
// not share a corner are a whole pixel apart, so no simplified lines can cross; and no line passes the centre of a
// pixel, so that a simplified outline holds exactly the pixels it held before.
//
// Where objects touch, both must leave the same line. So an outline is cut at its junctions (corners at which more than
// two outlines meet), and what lies between two junctions is simplified by a rule that gives the same line whichever
// way it is run through: whole numbers only, and ties by position.
#pragma once

#include <vector>

#include "tegula/objects/annotations/point.h"
#include "tegula/objects/region.h"
#include "tegula/objects/simplify/junctions.h"

namespace tegula::objects {

/// What a tolerance must stay below, in pixels, and from where on corners can go: a line from edge middle to edge
/// middle passes a corner at sqrt(1/8).
inline constexpr double kLargestTolerance = 0.495, kLeastTolerance = 0.36;

/// The polygons of a region, simplified, in corner coordinates of the map. `tolerance` in pixels, above 0 and at most
/// kLargestTolerance; below kLeastTolerance there may be more points than corners. Rings are closed, run as before, and
/// hold no point on a straight line but junctions. Corners at which the region touches itself are junctions in any
/// case, so that it is valid by the OGC's rules as the exact one is. Cost: a few times
/// the outline.
std::vector<PointPolygon> SimplifyOutline(const std::vector<Polygon>& polygons, const Junctions& junctions,
                                          double tolerance);

}  // namespace tegula::objects
