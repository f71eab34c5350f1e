// server/view.h — the viewer from its start to its end: what `tegula view` does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/app/view/runs.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/server/http_server.h"

namespace tegula::server {

struct ViewRequest {
  std::string image;        ///< that the page opens at first; may be empty
  std::string model;        ///< the same of a model: a path or an id
  std::vector<Path> roots;  ///< folders that may be shown; none: that of the image, else the working folder
  Path out;                 ///< folder for results; empty: none are made
  app::RunCommands run;     ///< what is done to make them
  ServerOptions server;     ///< without a token one is made
  app::EngineRequest engine;
  std::int64_t memory_bytes = 0;  ///< for what is kept between requests; 0: a quarter of the machine's
};

/// Serves until it is told to stop. `on_ready` gets the address with the token as soon as it answers. kNotFound for an
/// image, model or folder that is not there; errors of the server.
Status View(ViewRequest request, engines::Registry& registry, const RunContext& context,
            const std::function<void(const std::string& address)>& on_ready);

}  // namespace tegula::server
