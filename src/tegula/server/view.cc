#include "tegula/server/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/image_access.h"
#include "tegula/app/model_source.h"
#include "tegula/app/tile_size.h"
#include "tegula/app/view/channel_ranges.h"
#include "tegula/app/view/rendering.h"
#include "tegula/server/view_routes.h"

namespace tegula::server {
namespace {

bool IsOnDisk(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(name, ignored);
}

// How the page calls what was named on the command line: as the roots do, or as it was if it is not a file.
Result<std::string> ShownAs(const std::string& name, const app::ViewRoots& roots) {
  if (name.empty() || !IsOnDisk(name)) return name;
  std::string shown = roots.NameOf(name);
  if (!shown.empty()) return shown;
  return InvalidError(
      fmt::format("{} lies in none of the folders that may be shown; name its folder with --root too", name));
}

// What the page asks for as soon as it is made: what is decoded by then stays with the image. Nothing that takes long,
// for the program's end waits for it. Its errors are those that the page is told.
void LookOnce(app::OpenImages& images, const std::string& name) {
  constexpr int kLevel = 9;  // 512 pixels across, of any image
  constexpr std::int64_t kMostPixels = 1 << 24;
  const auto source = images.Get(name);
  if (!source.ok()) return;
  const image::Level& least = (*source)->info().levels.back();
  if (least.height > kMostPixels / least.width) return;
  if (!app::RenderTile(**source, {}, kLevel, 0, 0).ok()) (void)app::ChannelRangesOf(**source, 0, 0);
}

// An address that a browser takes.
std::string AddressOf(const ServerOptions& options, int port) {
  const bool is_any = options.address == "0.0.0.0" || options.address == "::";
  std::string host = is_any ? "127.0.0.1" : options.address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("http://{}:{}/?token={}", host, port, options.token);
}

}  // namespace

Status View(ViewRequest request, engines::Registry& registry, const RunContext& context,
            const std::function<void(const std::string& address)>& on_ready) {
  std::vector<std::string> exact;
  std::vector<Path> roots = request.roots;
  for (const std::string& name : {request.image, request.model}) {
    if (name.empty()) continue;
    if (!IsOnDisk(name)) {
      exact.push_back(name);
    } else if (request.roots.empty()) {
      const Path parent = std::filesystem::absolute(name).lexically_normal().parent_path();
      if (std::find(roots.begin(), roots.end(), parent) == roots.end()) roots.push_back(parent);
    }
  }
  if (roots.empty()) roots.emplace_back(".");
  if (!request.out.empty()) {
    TEGULA_TRY(MakeFolders(request.out));
    TEGULA_ASSIGN_OR_RETURN(const app::ViewRoots others, app::ViewRoots::Open(roots, {}));
    if (others.NameOf(request.out).empty()) roots.push_back(request.out);
  }
  TEGULA_ASSIGN_OR_RETURN(const app::ViewRoots view_roots, app::ViewRoots::Open(roots, exact));
  const app::ViewMemory memory = app::ViewMemory::Of(app::MemoryBudget::Of(request.memory_bytes).bytes);
  image::Access access = app::AccessTo(context);
  access.cache_bytes = memory.tiles;
  app::OpenImages images(access);
  // A name that is wrong is told here and not in the page.
  if (!request.image.empty()) TEGULA_TRY(images.Get(request.image));
  if (!request.model.empty()) TEGULA_TRY(app::ReadModel(request.model, context));
  if (request.server.token.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.server.token, NewToken());
  }
  SilentProgress silent;
  const RunContext quiet{context.executor, silent, context.stop, context.limits, context.offline};
  TEGULA_ASSIGN_OR_RETURN(const std::string image, ShownAs(request.image, view_roots));
  TEGULA_ASSIGN_OR_RETURN(const std::string model, ShownAs(request.model, view_roots));
  app::Turns turns(context.executor.workers());
  app::KeptWindows kept(memory.windows);
  app::LivePredictions predictions;
  app::OpenObjects objects;
  std::unique_ptr<app::Runs> runs;
  if (!request.out.empty()) {
    TEGULA_ASSIGN_OR_RETURN(runs, app::Runs::Open(request.out, std::move(request.run), quiet));
  }
  const ViewState state{view_roots, images,         predictions, kept,  memory, objects,   turns,
                        registry,   request.engine, quiet,       image, model,  runs.get()};
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> server,
                          HttpServer::Bind(request.server, ViewRoutes(state)));
  on_ready(AddressOf(request.server, server->port()));
  std::stop_source ended;
  const std::stop_callback with_viewer(context.stop, [&]() { ended.request_stop(); });
  Status served = Ok();
  NewThreadExecutor(3)->ForEach(3, [&](std::int64_t item, int) {
    if (item == 0) {
      served = server->Serve(context.stop);
      ended.request_stop();
    } else if (item == 1) {
      if (runs != nullptr) runs->Work(ended.get_token());
    } else if (!request.image.empty()) {
      LookOnce(images, request.image);
    }
  });
  return served;
}

}  // namespace tegula::server
