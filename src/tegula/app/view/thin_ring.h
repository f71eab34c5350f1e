// app/view/thin_ring.h — outlines with fewer points, for the screen.
//
// Runs through the points once (after Imai and Iri's sleeves: "An optimal algorithm for approximating a piecewise
// linear function", 1986): a point may go as long as a line from the last one that stayed passes all since then within
// the tolerance, and none of them lies further away than where the line ends. Unlike Douglas and Peucker's this takes
// linear time whatever a file holds. Outlines of neighbours do not stay equal, for which objects/simplify is there.
#pragma once

#include "tegula/objects/annotations/point.h"

namespace tegula::app {

/// `ring` is closed without a repeated point; its first point stays. Each of both outlines lies within sqrt(2) *
/// `tolerance` of the other. Cost: the points.
void ThinRing(double tolerance, objects::PointRing& ring);

}  // namespace tegula::app
