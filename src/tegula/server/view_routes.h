// server/view_routes.h — the routes of the viewer: each translates a request into a call of `app` and its answer back.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/app/view/kept_windows.h"
#include "tegula/app/view/live_predictions.h"
#include "tegula/app/view/open_images.h"
#include "tegula/app/view/open_objects.h"
#include "tegula/app/view/roots.h"
#include "tegula/app/view/runs.h"
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
  std::string image;          ///< that the page opens at first, as roots know it; empty: none
  std::string model;          ///< the same of a model
  app::Runs* runs = nullptr;  ///< null: the viewer has no folder for results
};

/// The name by which `app` opens a model that a request names: one in the viewer's folders, or an id of the catalogue.
/// kNotFound for anything else.
Result<std::string> ModelNameOf(const ViewState& state, const std::string& name);

/// Makes handlers of functions that take the state as well, which they borrow.
inline auto WithState(const ViewState& state) {
  return [&state](Result<Response> (*handler)(const ViewState&, const Request&)) {
    return [&state, handler](const Request& request) { return handler(state, request); };
  };
}

/// What ends the work of one request: that the server stops, or who asks `source` to, as nobody waits for the answer.
/// Borrows the state.
class RequestStop {
 public:
  explicit RequestStop(const ViewState& state)
      : state_(state), with_server_(state.context.stop, [this]() { source_.request_stop(); }) {}

  const std::stop_source& source() const noexcept { return source_; }
  RunContext Context(Progress& progress) const {
    return {state_.context.executor, progress, source_.get_token(), state_.context.limits, state_.context.offline};
  }

 private:
  const ViewState& state_;
  std::stop_source source_;
  std::stop_callback<std::function<void()>> with_server_;
};

/// The whole table. Borrows the state.
std::vector<Route> ViewRoutes(const ViewState& state);

}  // namespace tegula::server
