// server/view_routes.h — the routes of the viewer: each translates a request into a call of `app` and its answer back.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/app/view/kept_windows.h"
#include "tegula/app/view/live_predictions.h"
#include "tegula/app/view/open_images.h"
#include "tegula/app/view/open_objects.h"
#include "tegula/app/view/roots.h"
#include "tegula/app/view/turns.h"
#include "tegula/app/view/view_memory.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/server/http.h"

namespace tegula::server {

/// What the routes work on. Borrows; thread-safe, as routes are called by many threads.
struct ViewState {
  const app::ViewRoots& roots;
  app::OpenImages& images;
  app::LivePredictions& predictions;
  app::KeptWindows& kept;  ///< of the predictions
  app::ViewMemory memory;
  app::OpenObjects& objects;
  app::Turns& turns;  ///< of what needs a processor
  engines::Registry& registry;
  const app::EngineRequest& engine;
  const RunContext& context;
  std::string image;  ///< that the page opens at first, as roots know it; empty: none
  std::string model;  ///< the same of a model
};

/// The name by which `app` opens a model that a request names: one in the viewer's folders, or an id of the catalogue.
/// kNotFound for anything else.
Result<std::string> ModelNameOf(const ViewState& state, const std::string& name);

/// The whole table. Borrows the state.
std::vector<Route> ViewRoutes(const ViewState& state);

}  // namespace tegula::server
