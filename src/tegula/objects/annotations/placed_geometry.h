// objects/annotations/placed_geometry.h — where a geometry is: the point that stands for it, and whether a point lies
// in it.
#pragma once

#include <optional>

#include "tegula/objects/annotations/annotation.h"

namespace tegula::objects {

/// The centroid of the surface; without one the middle of the lines by their length, or of the points. Nothing for an
/// empty geometry. Rings count by what they enclose, holes are taken off.
std::optional<Point> CentroidOf(const Geometry& geometry);

/// Whether a point lies in one of the polygons, by the rule of PolygonMask (even-odd; a point on an edge belongs to
/// what lies to its right). Cost: once through the edges.
bool Contains(const Geometry& geometry, Point point) noexcept;

}  // namespace tegula::objects
