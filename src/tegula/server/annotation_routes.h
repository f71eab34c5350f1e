// server/annotation_routes.h — the routes of annotations: reading, writing and measuring them.
#pragma once

#include <vector>

#include "tegula/server/http.h"
#include "tegula/server/view_routes.h"

namespace tegula::server {

std::vector<Route> AnnotationRoutes(const ViewState& state);

}  // namespace tegula::server
