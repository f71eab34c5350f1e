// app/areas.h — parts of a slide as people name them: rectangles in words, areas that were drawn.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/point.h"

namespace tegula::app {

/// "X,Y,WIDTH,HEIGHT" in whole pixels of level 0, with width and height above 0; nothing if it is none.
std::optional<Box> ParseRectangle(std::string_view text);

/// Whether the name ends in .geojson.
bool IsGeoJsonName(std::string_view name);

/// All polygons of a GeoJSON file, also of objects within objects, in pixels of level 0. Errors of ReadGeoJson;
/// kInvalid if there are none. Memory: 16 bytes per corner.
Result<std::vector<objects::PointPolygon>> ReadAreas(const Path& file);

}  // namespace tegula::app
