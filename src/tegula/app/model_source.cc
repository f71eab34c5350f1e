#include "tegula/app/model_source.h"

#include <fmt/format.h>

#include "tegula/app/convert/made_weights.h"
#include "tegula/zoo/store.h"

namespace tegula::app {
namespace {

bool IsOnDisk(const Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

std::string CitationsOf(const spec::ModelDescription& model) {
  std::vector<std::string> texts;
  for (const spec::Citation& cite : model.cite)
    texts.push_back(cite.text + (!cite.doi.empty()  ? " https://doi.org/" + cite.doi
                                 : cite.url.empty() ? ""
                                                    : " " + cite.url));
  return fmt::format("{}", fmt::join(texts, "; "));
}

void TellOf(const zoo::Store& store, const zoo::StoredModel& stored, const spec::ModelDescription& model,
            Progress& progress) {
  const zoo::About& about = stored.about;
  if (store.cache().FirstUse(stored.sha256)) {
    progress.Note(fmt::format("{}: {}, licence {}, from {}", about.reference, model.name,
                              model.license.empty() ? "not stated" : model.license, about.source));
    if (const std::string cite = CitationsOf(model); !cite.empty()) progress.Note("please cite: " + cite);
  }
  if (about.deprecated)
    progress.Note(fmt::format("{} is marked as deprecated: its authors advise to use another model", about.reference));
  if (about.report_status == "failed")
    progress.Note(fmt::format("{} fails the collection's test with {}{}", about.reference, about.report_tool,
                              about.report_problem.empty() ? "" : ": " + about.report_problem));
}

}  // namespace

Result<spec::Package> OpenModel(const Path& model, const Path& cache, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, ReadModel(model, context));
  TEGULA_TRY(spec::CheckRunnable(package.read()).Context(model.string()));
  AddMadeWeights(package, cache);
  return package;
}

Result<spec::Package> ReadModel(const Path& model, const RunContext& context) {
  const std::optional<zoo::Address> address = IsOnDisk(model) ? std::nullopt : zoo::ParseAddress(model.string());
  if (!address) return spec::Package::Read(model, context.limits);
  TEGULA_ASSIGN_OR_RETURN(zoo::Store store, zoo::Store::Open(context));
  TEGULA_ASSIGN_OR_RETURN(const zoo::StoredModel stored, store.Find(*address));
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, store.Read(stored));
  TellOf(store, stored, package.description(), context.progress);
  return package;
}

bool NamesModelElsewhere(const std::string& name) { return !IsOnDisk(name) && zoo::ParseAddress(name).has_value(); }

}  // namespace tegula::app
