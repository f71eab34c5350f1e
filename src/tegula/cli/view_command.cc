// tegula view: the viewer in the browser.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/run_commands.h"
#include "tegula/cli/zoo_words.h"
#include "tegula/core/connection.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/server/view.h"

namespace tegula::cli {
namespace {

struct Words {
  server::ViewRequest request;
  EngineWords engine;
  std::vector<std::string> roots, hosts;
  std::string memory, out;
  bool no_browser = false;
};

// What says with which engine to compute, as it was said here: predictions are made with the same.
std::vector<std::string> EngineArguments(const CLI::App& command, int threads) {
  std::vector<std::string> arguments;
  for (const char* name : {"--engine", "--weight-format", "--device", "--precision"})
    if (const CLI::Option* option = command.get_option(name); option->count() > 0)
      arguments.insert(arguments.end(), {name, option->results().back()});
  if (threads != AvailableCores()) arguments.insert(arguments.end(), {"--engine-threads", std::to_string(threads)});
  return arguments;
}

Result<int> View(const Words& words, const CLI::App& command, const Session& session) {
  constexpr std::size_t kShortestToken = 16;
  server::ViewRequest request = words.request;
  TEGULA_ASSIGN_OR_RETURN(request.engine, words.engine.Request(session));
  if (!request.server.token.empty() && request.server.token.size() < kShortestToken)
    return InvalidError(fmt::format("a token of {} characters can be guessed; take at least {}, or leave out --token",
                                    request.server.token.size(), kShortestToken));
  if (request.server.token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") !=
      std::string::npos)
    return InvalidError("a token consists of letters, digits and - . _ ~, as it stands in an address");
  if (!words.memory.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.memory_bytes, BytesFromWords(words.memory));
  }
  request.out = words.out;
  request.run = RunCommandsOf(session, EngineArguments(command, session.threads));
  for (const std::string& root : words.roots) request.roots.emplace_back(root);
  for (const std::string& host : words.hosts) request.server.hosts.push_back(ToLower(host));
  TEGULA_TRY(server::View(request, session.registry, session.context, [&](const std::string& address) {
    Print(fmt::format("The viewer is at\n  {}\nWhoever has this address may use it. Ctrl-C ends it.\n", address));
    std::fflush(stdout);
    if (!words.no_browser) OpenInBrowser(address);
  }));
  return app::kExitOk;
}

}  // namespace

void AddView(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("view", "look at images and models in the browser");
  const auto words = std::make_shared<Words>();
  command->add_option("IMAGE", words->request.image, "an image that is opened at first");
  command->add_option("--model", words->request.model, "a model that is shown at first");
  command->add_option("--root", words->roots,
                      "a folder whose images and models may be opened (several times); otherwise that of IMAGE, else "
                      "this one. Nothing outside is shown");
  command->add_option(
      "--out", words->out,
      "a folder for results: then the model can be run on the whole image, and objects exported; made if "
      "it is not there, and shown");
  command->add_option("--port", words->request.server.port, "0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option("--bind", words->request.server.address,
                   "the address at which it listens; others than this machine reach it only at 0.0.0.0 or its own")
      ->capture_default_str();
  command->add_option("--token", words->request.server.token, "instead of a random one, for a server that stays");
  command->add_option("--host", words->hosts, "a name under which a proxy or other machines reach it (several times)");
  command->add_option("--memory", words->memory,
                      "what it may keep of images and predictions that were looked at, such as 2GB; default: a quarter "
                      "of the machine's");
  command->add_flag("--no-browser", words->no_browser, "only print the address");
  words->engine.AddTo(*command);
  command->footer(
      "examples:\n  tegula view slide.svs --model models/he-nuclei --out runs/\n"
      "  tegula view --root /data/slides --bind 0.0.0.0 --port 8080 --token \"$TOKEN\" --host lab.example.org");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) { return View(*words, *command, session); };
  });
}

}  // namespace tegula::cli
