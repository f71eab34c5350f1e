#include "tegula/app/convert/made_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"
#include "tegula/engines/registry.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRecord = "made.json";
constexpr std::int64_t kRecordBytes = 64 << 10;
constexpr spec::WeightsFormat kMadeFormats[] = {spec::WeightsFormat::kTorchscript, spec::WeightsFormat::kOnnx,
                                                spec::WeightsFormat::kTensorflowSavedModelBundle};

// All that decides what is made of an entry: the description holds the arguments of its architecture.
Result<Path> FolderFor(const spec::Package& package, const spec::WeightsEntry& source, const Path& cache) {
  TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk weights, package.Weights(source));
  std::string code;
  if (source.architecture && !source.architecture->file.source.empty()) {
    TEGULA_ASSIGN_OR_RETURN(const Path file, package.File(source.architecture->file));
    TEGULA_ASSIGN_OR_RETURN(code, Sha256OfFile(file));
  }
  return cache / "converted" /
         Sha256OfBytes(
             fmt::format("tegula made weights 1\n{}\n{}\n{}", package.description_sha256(), weights.sha256, code));
}

std::string RecordOf(const spec::AddedWeights& made, const std::string& sha256) {
  const Json json = {{"file", made.file.filename().string()},
                     {"sha256", sha256},
                     {"parent", spec::WeightsFormatName(made.parent)},
                     {"framework_version", made.framework_version},
                     {"opset_version", made.opset_version ? Json(*made.opset_version) : Json()},
                     {"comment", made.comment}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<spec::AddedWeights> ReadMade(const Path& folder, spec::WeightsFormat format) {
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder / kRecord, kRecordBytes));
  return Guarded("reading a record of made weights", [&]() -> Result<spec::AddedWeights> {
    const Json json = Json::parse(text);
    spec::AddedWeights made;
    made.format = format;
    made.file = folder / Path(json.at("file").get<std::string>()).filename();
    const auto parent = spec::WeightsFormatFromName(json.at("parent").get<std::string>());
    if (!parent) return CorruptError("the parent of made weights is unknown");
    made.parent = *parent;
    made.framework_version = json.at("framework_version").get<std::string>();
    if (!json.at("opset_version").is_null()) made.opset_version = json.at("opset_version").get<std::int64_t>();
    made.comment = json.at("comment").get<std::string>();
    TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(made.file));
    if (sha256 != json.at("sha256").get<std::string>()) return CorruptError("made weights were changed");
    return made;
  });
}

}  // namespace

bool IsConvertible(spec::WeightsFormat format) {
  return format == spec::WeightsFormat::kPytorchStateDict || format == spec::WeightsFormat::kKerasHdf5 ||
         format == spec::WeightsFormat::kKerasV3;
}

bool HasWeightsThatRun(const spec::ModelDescription& model) {
  return std::any_of(model.weights.begin(), model.weights.end(), [](const spec::WeightsEntry& weights) {
    return !engines::Registry::CandidatesFor(weights).empty();
  });
}

void AddMadeWeights(spec::Package& package, const Path& cache) {
  std::error_code ignored;
  if (cache.empty() || !std::filesystem::exists(cache / "converted", ignored)) return;
  if (HasWeightsThatRun(package.description())) return;
  const std::vector<spec::WeightsEntry> sources = package.description().weights;
  for (const spec::WeightsEntry& source : sources) {
    if (!IsConvertible(source.format) || !package.IsHere(source)) continue;
    const Result<Path> folder = FolderFor(package, source, cache);
    if (!folder.ok()) continue;
    for (const spec::WeightsFormat format : kMadeFormats) {
      Result<spec::AddedWeights> made = ReadMade(*folder / spec::WeightsFormatName(format), format);
      if (made.ok()) (void)package.Add(std::move(*made));  // one of a kind is enough
    }
  }
}

Status KeepWeights(const spec::Package& package, const spec::WeightsEntry& source, const spec::AddedWeights& made,
                   const Path& cache) {
  TEGULA_ASSIGN_OR_RETURN(const Path folder, FolderFor(package, source, cache));
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(made.file));
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder whole, TemporaryFolder::Create("tegula-made"));
  std::error_code failed;
  std::filesystem::copy_file(made.file, whole.path() / made.file.filename(), failed);
  if (failed) return SystemError("copy " + made.file.string() + " to", whole.path(), failed);
  TEGULA_TRY(WriteFileWhole(whole.path() / kRecord, RecordOf(made, sha256)));
  return CopyFolderWhole(whole.path(), folder / spec::WeightsFormatName(made.format));
}

std::string ConvertAdvice(const spec::Package& package) {
  const std::vector<spec::WeightsEntry>& weights = package.description().weights;
  const bool is_convertible = std::any_of(weights.begin(), weights.end(),
                                          [](const spec::WeightsEntry& entry) { return IsConvertible(entry.format); });
  if (!is_convertible || HasWeightsThatRun(package.description())) return {};
  return "make weights that run with: tegula convert " + package.path().string();
}

}  // namespace tegula::app
