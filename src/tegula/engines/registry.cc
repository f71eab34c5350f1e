#include "tegula/engines/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "tegula/core/platform.h"
#include "tegula/engines/abi.h"
#include "tegula/engines/plugin.h"
#include "tegula/engines/toy.h"

namespace tegula::engines {
namespace {

// Every engine, the preferred first. An engine with `built_in` is part of the program, the others are plug-ins.
struct Row {
  std::string_view name;
  std::string_view suffix;  ///< of the weights file, for an engine that goes by it and not by the format
  const Engine* (*built_in)();
  std::span<const spec::WeightsFormat> formats;
};
constexpr spec::WeightsFormat kOpenVinoFormats[] = {spec::WeightsFormat::kOnnx,
                                                    spec::WeightsFormat::kTensorflowSavedModelBundle};
constexpr spec::WeightsFormat kLibTorchFormats[] = {spec::WeightsFormat::kTorchscript};

constexpr Row kEngines[] = {
    {"openvino", "", nullptr, kOpenVinoFormats},
    {"libtorch", "", nullptr, kLibTorchFormats},
    {"toy", kToySuffix, &ToyEngine, {}},
};

bool Runs(const Row& row, const spec::WeightsEntry& weights) {
  if (!row.suffix.empty()) return weights.file.source.ends_with(row.suffix);
  return !weights.file.source.ends_with(kToySuffix) &&
         std::find(row.formats.begin(), row.formats.end(), weights.format) != row.formats.end();
}

Path PluginFile(const Path& folder, std::string_view name) {
  return folder / fmt::format("libtegula_engine_{}.so", name);
}

Result<const Engine*> LoadPlugin(const Path& folder, std::string_view name) {
  const Path path = PluginFile(folder, name);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return UnsupportedError(
        fmt::format("the engine {} is not installed: there is no {}; `make` says why it was not built", name,
                    path.filename().string()));
  TEGULA_ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Load(path));
  TEGULA_ASSIGN_OR_RETURN(PluginEntry* const entry, library.Function<PluginEntry>(kPluginEntryName));
  PluginInfo info;
  entry(&info);
  if (info.abi == nullptr || std::string_view(info.abi) != kEngineAbi)
    return UnsupportedError(fmt::format("the engine {} was built for another version of Tegula; build it again", name));
  if (info.engine == nullptr) return InternalError(fmt::format("the engine {} did not start", name));
  return info.engine;
}

}  // namespace

struct Registry::State {
  Path folder;
  std::mutex mutex;
  std::map<std::string, Result<const Engine*>, std::less<>> loaded;
};

Registry::Registry(Path folder) : state_(std::make_unique<State>()) { state_->folder = std::move(folder); }
Registry::~Registry() = default;

std::vector<std::string> Registry::Names() {
  std::vector<std::string> names;
  for (const Row& row : kEngines) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> Registry::CandidatesFor(const spec::WeightsEntry& weights) {
  std::vector<std::string> names;
  for (const Row& row : kEngines)
    if (Runs(row, weights)) names.emplace_back(row.name);
  return names;
}

Result<const Engine*> Registry::Find(std::string_view name) {
  const auto row = std::find_if(std::begin(kEngines), std::end(kEngines), [&](const Row& r) { return r.name == name; });
  if (row == std::end(kEngines))
    return NotFoundError(fmt::format("there is no engine {}; there are {}", name, fmt::join(Names(), ", ")));
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->loaded.find(name);
  if (known != state_->loaded.end()) return known->second;
  Result<const Engine*> engine =
      row->built_in != nullptr ? Result<const Engine*>(row->built_in()) : LoadPlugin(state_->folder, name);
  state_->loaded.emplace(name, engine);
  return engine;
}

std::string Registry::Fingerprint() const {
  std::string text = kEngineAbi;
  for (const Row& row : kEngines) {
    std::error_code missing;
    const Path file = PluginFile(state_->folder, row.name);
    const auto written = std::filesystem::last_write_time(file, missing).time_since_epoch().count();
    const auto size = std::filesystem::file_size(file, missing);
    text += missing ? fmt::format(" {} none", row.name) : fmt::format(" {} {} {}", row.name, size, written);
  }
  return text;
}

std::vector<EngineStatus> Registry::StatusOfAll() {
  std::vector<EngineStatus> all;
  for (const Row& row : kEngines) {
    EngineStatus status{.name = std::string(row.name)};
    status.formats.assign(row.formats.begin(), row.formats.end());
    const Result<const Engine*> engine = Find(row.name);
    status.available = engine.ok();
    if (engine.ok())
      status.version = (*engine)->version();
    else
      status.reason = ToString(engine.error());
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace tegula::engines
