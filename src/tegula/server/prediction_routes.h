// server/prediction_routes.h — the routes of predictions that are made where somebody looks.
#pragma once

#include <vector>

#include "tegula/server/http.h"
#include "tegula/server/view_routes.h"

namespace tegula::server {

std::vector<Route> PredictionRoutes(const ViewState& state);

}  // namespace tegula::server
