// tegula cache: looking after the folder in which models are kept.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/zoo_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<int> Verify(bool json, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::Cache cache, zoo::Cache::Open());
  TEGULA_ASSIGN_OR_RETURN(const zoo::VerifiedCache verified, zoo::Verify(cache, session.context));
  if (json) {
    Json damaged = Json::array();
    for (const zoo::DamagedFile& file : verified.damaged)
      damaged.push_back({{"sha256", file.sha256}, {"used_by", file.used_by}});
    Print(Json{{"files", verified.files}, {"bytes", verified.bytes}, {"damaged", std::move(damaged)}}.dump(2) + "\n");
  } else {
    for (const zoo::DamagedFile& file : verified.damaged)
      Print(fmt::format("damaged and removed: {}; it is fetched again when it is needed\n",
                        file.used_by.empty() ? file.sha256 : Join(file.used_by, ", ")));
    Print(fmt::format("{} files, {}: {}\n", verified.files, HumanBytes(verified.bytes),
                      verified.damaged.empty() ? "all whole" : fmt::format("{} damaged", verified.damaged.size())));
  }
  return verified.damaged.empty() ? app::kExitOk : app::ExitCodeOf(Code::kCorrupt);
}

Result<int> Prune(const std::string& max_size, bool json, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t max_bytes, BytesFromWords(max_size));
  TEGULA_ASSIGN_OR_RETURN(const zoo::Cache cache, zoo::Cache::Open());
  TEGULA_ASSIGN_OR_RETURN(const zoo::PrunedCache pruned, zoo::Prune(cache, max_bytes, session.context.limits));
  if (json) {
    Print(Json{{"removed", pruned.removed}, {"bytes_before", pruned.bytes_before}, {"bytes_after", pruned.bytes_after}}
              .dump(2) +
          "\n");
    return app::kExitOk;
  }
  for (const std::string& model : pruned.removed) Print(fmt::format("removed: {}\n", model));
  Print(fmt::format("{} of {} are left\n", HumanBytes(pruned.bytes_after), HumanBytes(pruned.bytes_before)));
  return app::kExitOk;
}

}  // namespace

Result<std::int64_t> BytesFromWords(const std::string& words) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr Unit kUnits[] = {{"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30}, {"tib", 0x1p40}, {"kb", 1e3},
                             {"mb", 1e6},     {"gb", 1e9},     {"tb", 1e12},    {"k", 1e3},      {"m", 1e6},
                             {"g", 1e9},      {"t", 1e12},     {"b", 1},        {"", 1}};
  const std::string text = ToLower(Trim(words));
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const std::optional<double> number = ParseDouble(Trim(text.substr(0, text.size() - unit.name.size())));
    constexpr double kMost = 1e18;
    if (!number || !(*number >= 0) || *number * unit.bytes > kMost) break;
    return static_cast<std::int64_t>(*number * unit.bytes);
  }
  return InvalidError(fmt::format("'{}' is not a size; write 20GB, 500 MB or a number of bytes", words));
}

void AddCache(CLI::App& app, Run& run) {
  struct Words {
    std::string max_size;
    bool json = false;
  };
  CLI::App* cache = app.add_subcommand("cache", "look after the folder in which fetched models are kept");
  cache->require_subcommand(1);
  cache->footer("TEGULA_CACHE names the folder.\n\nexample:\n  tegula cache prune --max-size 20GB");
  const auto add = [&](const char* name, const char* description, const char* example, auto function) {
    CLI::App* command = cache->add_subcommand(name, description);
    const auto words = std::make_shared<Words>();
    command->add_flag("--json", words->json, "for programs");
    command->footer(fmt::format("example:\n  {}", example));
    command->callback([&run, words, function]() {
      run = [words, function](const Session& session) { return function(*words, session); };
    });
    return std::pair(command, words);
  };
  add("list", "models in the cache, with size and last use", "tegula cache list",
      [](const Words& words, const Session& session) {
        return ListCachedModels({"", words.json}, session);
      });
  add("verify", "compare every file with its sha256; damaged ones are named and removed", "tegula cache verify",
      [](const Words& words, const Session& session) { return Verify(words.json, session); });
  const auto [prune, words] =
      add("prune", "remove the models that were not used for longest", "tegula cache prune --max-size 20GB",
          [](const Words& w, const Session& session) { return Prune(w.max_size, w.json, session); });
  prune->add_option("--max-size", words->max_size, "what may stay: 20GB, 500 MB, ...")->required();
}

}  // namespace tegula::cli
