#include "tegula/spec/package.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/folders.h"
#include "tegula/core/text.h"
#include "tegula/spec/package_files.h"
#include "tegula/spec/rdf.h"

namespace tegula::spec {
namespace {

// The names a description may have, best first; one that merely ends so stands below the exact ones.
constexpr std::string_view kExactNames[] = {"rdf.yaml", "bioimageio.yaml", "model.yaml"};
constexpr std::string_view kSuffixes[] = {".bioimageio.yaml", ".rdf.yaml", ".model.yaml"};

// The descriptions among file names that have the same right to be it: none, one or several.
std::vector<std::string> Candidates(const std::vector<std::string>& names) {
  for (const std::string_view exact : kExactNames)
    if (std::find(names.begin(), names.end(), exact) != names.end()) return {std::string(exact)};
  std::vector<std::string> candidates;
  for (const std::string& name : names) {
    const auto ends_so = [&](std::string_view suffix) { return name.ends_with(suffix); };
    if (std::any_of(std::begin(kSuffixes), std::end(kSuffixes), ends_so)) candidates.push_back(name);
  }
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

Result<std::string> ChooseDescription(const std::vector<std::string>& names, const Path& package) {
  const std::vector<std::string> candidates = Candidates(names);
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty())
    return NotFoundError(
        fmt::format("{} holds no model description (rdf.yaml, bioimageio.yaml, model.yaml, *.bioimageio.yaml, "
                    "*.rdf.yaml or *.model.yaml)",
                    package.string()));
  return InvalidError(fmt::format("{} holds several model descriptions ({}); name the one you mean", package.string(),
                                  fmt::join(candidates, ", ")));
}

bool HoldsDescription(const std::vector<std::string>& names) { return !Candidates(names).empty(); }
bool IsAnyRoot(const std::vector<std::string>&) { return true; }

constexpr std::string_view kSavedModel = "saved_model.pb";

// The folder of the one SavedModel that lies in `folder` of the files or one folder down, with all its files on disk.
Result<Path> SavedModelBelow(PackageFiles& files, const std::string& folder, const std::string& name,
                             std::int64_t limit_bytes) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.Below(folder));
  std::vector<std::string> roots;  // with their last '/', or empty
  for (const std::string& file : names) {
    const Path inside = Path(file).lexically_relative(folder.empty() ? Path(".") : Path(folder));
    if (inside.filename() == kSavedModel && std::distance(inside.begin(), inside.end()) <= 2)
      roots.push_back(file.substr(0, file.size() - kSavedModel.size()));
  }
  if (roots.empty()) return CorruptError(fmt::format("{} holds no {}, so it is no SavedModel", name, kSavedModel));
  if (roots.size() > 1)
    return InvalidError(fmt::format("{} holds several SavedModels ({})", name, fmt::join(roots, ", ")));
  Path saved_model;
  for (const std::string& file : names) {
    if (!file.starts_with(roots.front())) continue;
    TEGULA_ASSIGN_OR_RETURN(const Path on_disk, files.OnDisk(file, limit_bytes));
    if (file.size() == roots.front().size() + kSavedModel.size() && on_disk.filename() == kSavedModel)
      saved_model = on_disk.parent_path();
    std::error_code ignored;
    limit_bytes = std::max<std::int64_t>(
        0, limit_bytes - static_cast<std::int64_t>(std::filesystem::file_size(on_disk, ignored)));
  }
  return saved_model;
}

bool IsYaml(const Path& path) {
  const std::string extension = ToLower(path.extension().string());
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

}  // namespace

struct Package::State {
  Path path;
  std::string description_file;
  std::string description_sha256;
  ReadDescription read;
  std::vector<AddedWeights> added;
  std::unique_ptr<PackageFiles> files;
  mutable std::vector<std::unique_ptr<PackageFiles>>
      bundles;  ///< archives in the package, as far as they were unpacked
  Limits limits;
};

Result<Package> Package::Open(const Path& path, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Package package, Read(path, limits));
  TEGULA_TRY(CheckRunnable(package.read()).Context(path.string()));
  return package;
}

Result<Package> Package::Read(const Path& path, const Limits& limits) {
  std::unique_ptr<PackageFiles> files;
  TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(path));
  if (type == std::filesystem::file_type::not_found)
    return NotFoundError(fmt::format("there is no model at {}", path.string()));
  if (IsYaml(path) && type == std::filesystem::file_type::regular) {
    files = NewFolderFiles(path.has_parent_path() ? path.parent_path() : Path("."));
    // The user names this file, so it may be a link to anywhere.
    return ReadAt(path, std::move(files), path.filename().string(), path, limits);
  }
  if (type == std::filesystem::file_type::directory) {
    files = NewFolderFiles(path);
  } else {
    TEGULA_ASSIGN_OR_RETURN(files, OpenZipFiles(path, limits, &HoldsDescription));
  }
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->Names());
  TEGULA_ASSIGN_OR_RETURN(std::string description_file, ChooseDescription(names, path));
  return Read(std::move(files), std::move(description_file), path, limits);
}

Result<Package> Package::Read(std::unique_ptr<PackageFiles> files, std::string description_file, const Path& path,
                              const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Path file, files->OnDisk(description_file, limits.description_bytes));
  return ReadAt(file, std::move(files), std::move(description_file), path, limits);
}

Result<Package> Package::ReadAt(const Path& file, std::unique_ptr<PackageFiles> files, std::string description_file,
                                const Path& path, const Limits& limits) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->limits = limits;
  state->files = std::move(files);
  state->description_file = std::move(description_file);
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, limits.description_bytes));
  state->description_sha256 = Sha256OfBytes(text);
  TEGULA_ASSIGN_OR_RETURN(state->read, ReadRdf(text, limits).Context(path.string()));
  return Package(std::move(state));
}

Package::Package(std::unique_ptr<State> state) : state_(std::move(state)) {}
Package::Package(Package&&) noexcept = default;
Package& Package::operator=(Package&&) noexcept = default;
Package::~Package() = default;

Status Package::Add(AddedWeights weights) {
  ModelDescription& model = state_->read.model;
  if (model.FindWeights(weights.format) != nullptr)
    return InvalidError(fmt::format("the model has {} weights already", WeightsFormatName(weights.format)));
  TEGULA_ASSIGN_OR_RETURN(std::string sha256, Sha256OfFile(weights.file));
  model.weights.push_back({.format = weights.format,
                           .file = {weights.file.filename().string(), std::move(sha256)},
                           .framework_version = weights.framework_version,
                           .opset_version = weights.opset_version,
                           .parent = std::string(WeightsFormatName(weights.parent))});
  state_->added.push_back(std::move(weights));
  return Ok();
}

const std::vector<AddedWeights>& Package::added() const noexcept { return state_->added; }
const ModelDescription& Package::description() const noexcept { return state_->read.model; }
const ReadDescription& Package::read() const noexcept { return state_->read; }
const Path& Package::path() const noexcept { return state_->path; }
const std::string& Package::description_file() const noexcept { return state_->description_file; }
const std::string& Package::description_sha256() const noexcept { return state_->description_sha256; }

Result<Path> Package::File(const FileReference& reference) const {
  TEGULA_ASSIGN_OR_RETURN(const std::string name, state_->files->NameOf(reference.source));
  TEGULA_ASSIGN_OR_RETURN(Path file, state_->files->OnDisk(name, state_->limits.archive_file_bytes));
  if (reference.sha256.empty()) {
    TEGULA_TRY(RandomAccessFile::Open(file));
    return file;
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(file));
  if (sha256 != ToLower(reference.sha256))
    return CorruptError(fmt::format("{} has the sha256 {}, but the description states {}; get the package again",
                                    reference.source, sha256, reference.sha256));
  return file;
}

bool Package::IsHere(const WeightsEntry& weights) const {
  for (const AddedWeights& added : state_->added)
    if (added.format == weights.format) return true;
  const auto is_here = [this](const FileReference& reference) {
    const Result<std::string> name = state_->files->NameOf(reference.source);
    return !name.ok() || state_->files->IsHere(*name);
  };
  return is_here(weights.file) && (!weights.external_data || is_here(*weights.external_data));
}

Result<WeightsOnDisk> Package::Weights(const WeightsEntry& weights) const {
  for (const AddedWeights& added : state_->added) {
    if (added.format != weights.format) continue;
    if (added.format == WeightsFormat::kTensorflowSavedModelBundle) return Unpacked(added.file, weights.file.source);
    WeightsOnDisk on_disk{.path = added.file};
    TEGULA_ASSIGN_OR_RETURN(on_disk.sha256, Sha256OfFile(added.file));
    return on_disk;
  }
  if (weights.format == WeightsFormat::kTensorflowSavedModelBundle) return SavedModel(weights.file);
  if (weights.external_data) TEGULA_TRY(File(*weights.external_data));
  WeightsOnDisk on_disk;
  TEGULA_ASSIGN_OR_RETURN(on_disk.path, File(weights.file));
  TEGULA_ASSIGN_OR_RETURN(on_disk.sha256, Sha256OfFile(on_disk.path));
  return on_disk;
}

Result<WeightsOnDisk> Package::SavedModel(const FileReference& reference) const {
  TEGULA_ASSIGN_OR_RETURN(const std::string name, state_->files->NameOf(reference.source));
  WeightsOnDisk on_disk;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> below, state_->files->Below(name));
  if (!below.empty()) {
    if (!reference.sha256.empty())
      return InvalidError(fmt::format("{} is a folder, which has no sha256, but the description states one", name));
    TEGULA_ASSIGN_OR_RETURN(on_disk.path,
                            SavedModelBelow(*state_->files, name, name, state_->limits.archive_file_bytes));
    TEGULA_ASSIGN_OR_RETURN(on_disk.sha256, Sha256OfFile(on_disk.path / kSavedModel));
    return on_disk;
  }
  TEGULA_ASSIGN_OR_RETURN(Path archive, File(reference));
  return Unpacked(std::move(archive), name);
}

Result<WeightsOnDisk> Package::Unpacked(Path archive, const std::string& name) const {
  WeightsOnDisk on_disk;
  on_disk.archive = std::move(archive);
  TEGULA_ASSIGN_OR_RETURN(on_disk.sha256, Sha256OfFile(on_disk.archive));
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<PackageFiles> bundle,
                          OpenZipFiles(on_disk.archive, state_->limits, &IsAnyRoot).Context(name));
  TEGULA_ASSIGN_OR_RETURN(on_disk.path, SavedModelBelow(*bundle, "", name, state_->limits.archive_file_bytes));
  state_->bundles.push_back(std::move(bundle));
  return on_disk;
}

}  // namespace tegula::spec
