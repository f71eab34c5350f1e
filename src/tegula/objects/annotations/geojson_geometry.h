// objects/annotations/geojson_geometry.h — the geometries of GeoJSON (RFC 7946, section 3.1) from the tree of a
// feature.
#pragma once

#include <string_view>

#include "tegula/core/status.h"
#include "tegula/objects/annotations/annotation.h"
#include "tegula/objects/annotations/json_tree.h"

namespace tegula::objects {

/// Whether `type` names a geometry that AddGeometry reads.
bool IsGeometryType(std::string_view type) noexcept;

/// Appends the parts of a geometry to `out`. `whose` begins the sentences of errors: "its ", "its nucleus's ".
/// kUnsupported for a type of geometry that is not known, kCorrupt for coordinates that do not fit the type, a ring
/// that is not closed, a line of one point. Cost: the positions.
Status AddGeometry(const JsonValue& value, std::string_view whose, Geometry& out);

}  // namespace tegula::objects
