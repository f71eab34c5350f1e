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

// Every converter, and for which engine it works.
struct ConverterRow {
  std::string_view name;
  std::string_view engine;
  spec::WeightsFormat format;
};
constexpr ConverterRow kConverters[] = {{"torchscript", "openvino", spec::WeightsFormat::kTorchscript}};

constexpr std::string_view kEngineKind = "engine", kConverterKind = "converter";

Path PluginFile(const Path& folder, std::string_view kind, std::string_view name) {
  return folder / fmt::format("libtegula_{}_{}.so", kind, name);
}

Result<PluginInfo> LoadPlugin(const Path& folder, std::string_view kind, std::string_view name) {
  const Path path = PluginFile(folder, kind, name);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return UnsupportedError(fmt::format("the {} {} is not installed: there is no {}; `make` says why it was not built",
                                        kind, name, path.filename().string()));
  TEGULA_ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Load(path));
  TEGULA_ASSIGN_OR_RETURN(PluginEntry* const entry, library.Function<PluginEntry>(kPluginEntryName));
  PluginInfo info;
  entry(&info);
  if (info.abi == nullptr || std::string_view(info.abi) != kEngineAbi)
    return UnsupportedError(
        fmt::format("the {} {} was built for another version of Tegula; build it again", kind, name));
  return info;
}

Result<const Engine*> LoadEngine(const Path& folder, std::string_view name) {
  TEGULA_ASSIGN_OR_RETURN(const PluginInfo info, LoadPlugin(folder, kEngineKind, name));
  if (info.engine == nullptr) return InternalError(fmt::format("the engine {} did not start", name));
  return info.engine;
}

Result<const Converter*> LoadConverter(const Path& folder, std::string_view name) {
  TEGULA_ASSIGN_OR_RETURN(const PluginInfo info, LoadPlugin(folder, kConverterKind, name));
  if (info.converter == nullptr) return InternalError(fmt::format("the converter {} did not start", name));
  return info.converter;
}

}  // namespace

struct Registry::State {
  Path folder;
  std::mutex mutex;
  std::map<std::string, Result<const Engine*>, std::less<>> loaded;
  std::map<std::string, Result<const Converter*>, std::less<>> converters;
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
      row->built_in != nullptr ? Result<const Engine*>(row->built_in()) : LoadEngine(state_->folder, name);
  state_->loaded.emplace(name, engine);
  return engine;
}

std::string_view Registry::ConverterFor(std::string_view engine, const spec::WeightsEntry& weights) {
  for (const ConverterRow& row : kConverters)
    if (row.engine == engine && row.format == weights.format && !weights.file.source.ends_with(kToySuffix))
      return row.name;
  return {};
}

Result<const Converter*> Registry::FindConverter(std::string_view name) {
  const auto row = std::find_if(std::begin(kConverters), std::end(kConverters),
                                [&](const ConverterRow& r) { return r.name == name; });
  if (row == std::end(kConverters)) return NotFoundError(fmt::format("there is no converter {}", name));
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->converters.find(name);
  if (known != state_->converters.end()) return known->second;
  Result<const Converter*> converter = LoadConverter(state_->folder, name);
  state_->converters.emplace(name, converter);
  return converter;
}

std::string Registry::Fingerprint() const {
  std::string text = kEngineAbi;
  const auto add = [&](std::string_view kind, std::string_view name) {
    std::error_code missing;
    const Path file = PluginFile(state_->folder, kind, name);
    const auto written = std::filesystem::last_write_time(file, missing).time_since_epoch().count();
    const auto size = std::filesystem::file_size(file, missing);
    text += missing ? fmt::format(" {} none", name) : fmt::format(" {} {} {}", name, size, written);
  };
  for (const Row& row : kEngines) add(kEngineKind, row.name);
  for (const ConverterRow& row : kConverters) add(kConverterKind, row.name);
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
