// server/run_routes.h — runs: started, stopped, gone on with, listed, and what they have left.
#pragma once

#include <vector>

#include "tegula/server/view_routes.h"

namespace tegula::server {

std::vector<Route> RunRoutes(const ViewState& state);

}  // namespace tegula::server
