#include "tegula/app/classifier_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "tegula/core/folders.h"
#include "tegula/core/platform.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kLargestFile = 1 << 20;
constexpr std::size_t kLongestName = 100;

}  // namespace

Path ClassifierFolder::OfUser() {
  const std::string own = EnvironmentVariable("TEGULA_CLASSIFIERS");
  if (!own.empty()) return own;
  const Path data = EnvironmentVariable("XDG_DATA_HOME");
  if (data.is_absolute()) return data / "tegula" / "classifiers";
  const Path home = EnvironmentVariable("HOME");
  return home.is_absolute() ? home / ".local" / "share" / "tegula" / "classifiers" : Path();
}

Result<Path> ClassifierFolder::FileOf(const std::string& name) const {
  const auto is_allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-_. ").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (name.empty() || name.size() > kLongestName || std::isalnum(static_cast<unsigned char>(name.front())) == 0 ||
      !std::all_of(name.begin(), name.end(), is_allowed))
    return InvalidError(fmt::format(
        "'{}' cannot be the name of a classifier: use up to {} letters, digits, spaces and -_. after a letter or digit",
        name, kLongestName));
  if (folder_.empty()) return InvalidError("there is no folder for classifiers: set TEGULA_CLASSIFIERS to one");
  return folder_ / (name + ".json");
}

Status ClassifierFolder::CheckFree(const std::string& name, bool overwrite) const {
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(name));
  TEGULA_ASSIGN_OR_RETURN(const bool exists, Exists(file));
  if (exists && !overwrite)
    return InvalidError(
        fmt::format("there is a classifier {} already; choose another name or replace it with --overwrite", name));
  return Ok();
}

Status ClassifierFolder::Save(const Classifier& classifier, bool overwrite) const {
  TEGULA_TRY(CheckFree(classifier.name, overwrite));
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(classifier.name));
  TEGULA_TRY(MakeFolders(folder_));
  return WriteFileWhole(file, ToJson(classifier));
}

Result<std::string> ClassifierFolder::Read(const Path& file, const std::string& name) const {
  Result<std::string> text = ReadFile(file, kLargestFile);
  if (text.ok() || text.error().code != Code::kNotFound) return text;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  return NotFoundError(fmt::format("there is no classifier {}; {}", name,
                                   names.empty() ? "make one with `tegula classifier create`"
                                                 : fmt::format("there are {}", fmt::join(names, ", "))));
}

Result<Classifier> ClassifierFolder::Load(const std::string& name) const {
  if (name.ends_with(".json")) {
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(name, kLargestFile));
    return ClassifierFromJson(text).Context(name);
  }
  return LoadKept(name);
}

Result<Classifier> ClassifierFolder::LoadKept(const std::string& name) const {
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(name));
  TEGULA_ASSIGN_OR_RETURN(const std::string text, Read(file, name));
  return ClassifierFromJson(text).Context(file.string());
}

Result<std::vector<KeptClassifier>> ClassifierFolder::All() const {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  std::vector<KeptClassifier> all;
  for (const std::string& name : names) all.push_back({name, LoadKept(name)});
  return all;
}

std::string ToJson(const std::vector<KeptClassifier>& all) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& [name, classifier] : all) {
    if (!classifier.ok()) {
      rows.push_back({{"name", name}, {"error", ToString(classifier.error())}});
      continue;
    }
    std::vector<std::string> classes;
    for (const ClassifierClass& each : classifier->classes) classes.push_back(each.name);
    rows.push_back({{"name", name},
                    {"model", classifier->model_name},
                    {"from", classifier->model},
                    {"output", classifier->output},
                    {"output_type", classifier->output_type},
                    {"classes", classes},
                    {"error", ""}});
  }
  return rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::vector<std::string>> ClassifierFolder::Names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".json") names.push_back(entry->path().stem().string());
  if (error && error != std::errc::no_such_file_or_directory)
    return IoError(fmt::format("cannot list {}: {}", folder_.string(), error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

Status ClassifierFolder::Remove(const std::string& name) const {
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(name));
  TEGULA_TRY(Read(file, name));
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) return IoError(fmt::format("cannot remove {}: {}", file.string(), error.message()));
  return Ok();
}

}  // namespace tegula::app
