// server/object_routes.h — the routes of the objects of a run, or of a GeoJSON file.
#pragma once

#include <vector>

#include "tegula/server/http.h"
#include "tegula/server/view_routes.h"

namespace tegula::server {

std::vector<Route> ObjectRoutes(const ViewState& state);

}  // namespace tegula::server
