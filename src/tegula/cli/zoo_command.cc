// tegula zoo: finding, getting and keeping models.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/cards_json.h"
#include "tegula/app/exit_code.h"
#include "tegula/app/zoo.h"
#include "tegula/app/zoo_report.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/image_words.h"
#include "tegula/cli/zoo_words.h"
#include "tegula/core/text.h"
#include "tegula/zoo/store.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Age(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto in = [&](std::int64_t unit, std::string_view name) {
    const std::int64_t count = seconds / unit;
    return fmt::format("{} {}{} ago", count, name, count == 1 ? "" : "s");
  };
  return seconds >= kDay ? in(kDay, "day") : seconds >= kHour ? in(kHour, "hour") : in(kMinute, "minute");
}

std::string Cut(const std::string& text, std::size_t most) { return spec::Shortened(text, most); }

// What every subcommand shares.
template <class Words>
CLI::App* AddCommand(CLI::App& zoo, Run& run, const char* name, const char* description, const char* example,
                     const std::shared_ptr<Words>& words, Result<int> (*function)(const Words&, const Session&)) {
  CLI::App* command = zoo.add_subcommand(name, description);
  command->add_flag("--json", words->json, "for programs");
  command->footer(fmt::format("example:\n  {}", example));
  command->callback([&run, words, function]() {
    run = [words, function](const Session& session) { return function(*words, session); };
  });
  return command;
}

Result<int> Update(const ModelWords& words, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(zoo::Store store, zoo::Store::Open(session.context));
  TEGULA_ASSIGN_OR_RETURN(const zoo::UpdatedCatalogue updated, store.Update());
  if (words.json) {
    Print(Json{{"models", updated.models}, {"fetched", updated.fetched}, {"notes", updated.notes}}.dump(2) + "\n");
    return app::kExitOk;
  }
  for (const std::string& note : updated.notes) Print("note: " + note + "\n");
  Print(fmt::format("{} models in the catalogue, {} of them new or changed\n", updated.models, updated.fetched));
  return app::kExitOk;
}

struct SearchWords {
  app::ZooSearchRequest request;
  std::string tags;
  std::size_t most = 20;
  bool json = false;
};

Result<int> Search(const SearchWords& words, const Session& session) {
  app::ZooSearchRequest request = words.request;
  request.query.tags = Names(words.tags);
  TEGULA_ASSIGN_OR_RETURN(const app::ZooSearchResponse found,
                          app::SearchZoo(request, session.registry, session.context));
  const std::size_t shown = std::min(words.most, found.hits.size());
  if (words.json) {
    Print(app::SearchToJson(found, shown) + "\n");
    return app::kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "INPUT", "WEIGHTS", "LICENCE"}};
  for (std::size_t i = 0; i < shown; ++i) {
    const zoo::CatalogueEntry& e = found.hits[i].entry;
    rows.push_back({e.id + (e.deprecated ? " (deprecated)" : ""), Cut(e.name, 48), e.axes.empty() ? "" : e.axes.front(),
                    Join(e.weights, ", "), e.license});
    for (const std::string& sentence : found.hits[i].fit) rows.push_back({"", "  " + sentence});
  }
  if (shown > 0) Print(Table(rows));
  Print(fmt::format("{}{} of {} models; the catalogue was updated {}\n", shown > 0 ? "\n" : "",
                    shown < found.hits.size() ? fmt::format("the best {} of {} that fit,", shown, found.hits.size())
                                              : fmt::format("{}", shown),
                    found.models, Age(found.age_seconds)));
  return app::kExitOk;
}

Result<int> Show(const ModelWords& words, const Session& session) {
  return InspectModelCard(words.model, words.json, session);
}

Json ToJson(const zoo::CachedModel& model) {
  const zoo::About& about = model.about;
  return {
      {"model", about.reference},
      {"name", about.name},
      {"license", about.license},
      {"source", about.source},
      {"fetched", about.fetched},
      {"sha256", model.sha256},
      {"files", model.files},
      {"bytes", model.bytes},
      {"idle_seconds", model.idle_seconds},
      {"deprecated", about.deprecated},
      {"report", {{"tool", about.report_tool}, {"status", about.report_status}, {"problem", about.report_problem}}}};
}

struct GetWords {
  std::string model, weights;
  bool json = false;
};

Result<int> Get(const GetWords& words, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const app::ZooGetResponse got,
                          app::GetModel({words.model, Names(words.weights)}, session.registry, session.context));
  if (words.json) {
    Json json = ToJson(got.model);
    json["folder"] = got.folder.string();
    Print(json.dump(2) + "\n");
    return app::kExitOk;
  }
  Print(fmt::format("{}: {} files, {}\n{}\n", got.model.about.reference, got.model.files.size(),
                    HumanBytes(got.model.bytes), got.folder.string()));
  return app::kExitOk;
}

Result<int> Remove(const ModelWords& words, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::CachedModel model, app::FindCached(words.model, session.context));
  TEGULA_ASSIGN_OR_RETURN(const zoo::Cache cache, zoo::Cache::Open());
  TEGULA_TRY(zoo::RemoveModel(cache, model.sha256, session.context.limits));
  Print(words.json ? ToJson(model).dump(2) + "\n"
                   : fmt::format("{} is removed: {}\n", model.about.reference, HumanBytes(model.bytes)));
  return app::kExitOk;
}

Result<int> Verify(const ModelWords& words, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const app::ZooVerifyResponse verified, app::VerifyModel(words.model, session.context));
  if (words.json) {
    Print(Json{{"model", words.model}, {"files", verified.files}, {"repaired", verified.repaired}}.dump(2) + "\n");
    return app::kExitOk;
  }
  for (const std::string& file : verified.repaired) Print(fmt::format("{} was damaged and was fetched again\n", file));
  Print(fmt::format("{}: {} files are as they came\n", words.model, verified.files));
  return app::kExitOk;
}

struct ReportWords {
  app::ZooReportRequest request;
  std::string output, earlier;
  bool json = false;
};

Result<int> Report(const ReportWords& words, const Session& session) {
  constexpr std::int64_t kLargest = 64 << 20;
  app::ZooReportRequest request = words.request;
  TEGULA_ASSIGN_OR_RETURN(request.engine, EngineWords{}.Request(session));
  std::string earlier;
  if (!words.earlier.empty()) {
    TEGULA_ASSIGN_OR_RETURN(earlier, ReadFile(words.earlier, kLargest));
  }
  TEGULA_ASSIGN_OR_RETURN(const app::ZooReport report, app::ReportZoo(request, session.registry, session.context));
  const std::string json = app::ToJson(report);
  const Path folder = words.output;
  TEGULA_TRY(MakeFolders(folder));
  TEGULA_TRY(WriteFileWhole(folder / "models.json", json));
  TEGULA_TRY(WriteFileWhole(folder / "models.html", app::ToHtml(report)));
  Print(words.json ? json
                   : fmt::format("{} of {} models run: {}\n", report.passed(), report.rows.size(),
                                 (folder / "models.html").string()));
  if (words.earlier.empty()) return app::kExitOk;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> lost, app::LostSince(earlier, report));
  for (const std::string& check : lost) session.context.progress.Note("it ran before and does not now: " + check);
  return lost.empty() ? app::kExitOk : app::kExitTestFailed;
}

}  // namespace

Result<int> ListCachedModels(const ModelWords& words, const Session&) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::Cache cache, zoo::Cache::Open());
  const std::vector<zoo::CachedModel> models = zoo::ListModels(cache);
  if (words.json) {
    Json all = Json::array();
    for (const zoo::CachedModel& model : models) all.push_back(ToJson(model));
    Print(all.dump(2) + "\n");
    return app::kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {{"MODEL", "NAME", "SIZE", "LAST USED", "LICENCE"}};
  for (const zoo::CachedModel& model : models)
    rows.push_back({model.about.reference + (model.about.deprecated ? " (deprecated)" : ""), Cut(model.about.name, 48),
                    HumanBytes(model.bytes), Age(model.idle_seconds), model.about.license});
  Print(Table(rows) + fmt::format("\n{} in {}\n", HumanBytes(zoo::TotalBytes(cache)), cache.root().string()));
  return app::kExitOk;
}

void AddZoo(CLI::App& app, Run& run) {
  CLI::App* zoo = app.add_subcommand("zoo", "find, get and keep models of the bioimage.io collection");
  zoo->require_subcommand(1);
  zoo->footer(
      "TEGULA_ZOO_URL names a mirror, TEGULA_CACHE the folder where models are kept.\n\nexample:\n  tegula zoo update "
      "&& "
      "tegula zoo search nuclei fluorescence --runnable");

  AddCommand<ModelWords>(*zoo, run, "update", "read the collection's index and descriptions", "tegula zoo update",
                         std::make_shared<ModelWords>(), &Update);

  const auto search = std::make_shared<SearchWords>();
  CLI::App* command = AddCommand<SearchWords>(
      *zoo, run, "search", "models of the catalogue that fit, the best first",
      "tegula zoo search nuclei --tag fluorescence-light-microscopy --for dapi.tif --runnable", search, &Search);
  zoo::Query& query = search->request.query;
  command->add_option("WORD", query.words, "in id, name, tags, description or authors; all must be there");
  command->add_option("--tag", search->tags, "with this tag, or several separated by commas");
  command->add_option("--modality", query.modality, "a word of tags or description: fluorescence, histology, ...");
  command->add_option("--axes", query.axes, "space and time axes of the input: yx, zyx, tyx");
  command->add_option("--weights", query.weights, "with weights of this format: onnx, torchscript, ...");
  command->add_option("--licence,--license", query.license, "an SPDX id or its beginning: CC-BY");
  command->add_flag("--runnable", search->request.runnable, "only what runs here");
  command->add_option("--for", search->request.image,
                      "only what can be applied to this image: channels, dimensions; best pixel size first");
  command->add_option("--most", search->most, "how many are shown")->capture_default_str();

  struct Row {
    const char *name, *description, *example;
    Result<int> (*function)(const ModelWords&, const Session&);
  };
  constexpr Row kRows[] = {
      {"show", "a model's card, as `tegula inspect` has it", "tegula zoo show affable-shark", &Show},
      {"remove", "remove a model from the cache", "tegula zoo remove affable-shark", &Remove},
      {"verify", "compare a cached model's files with the sums they came with; fetch again what is damaged",
       "tegula zoo verify affable-shark", &Verify},
  };
  for (const Row& row : kRows) {
    const auto words = std::make_shared<ModelWords>();
    AddCommand<ModelWords>(*zoo, run, row.name, row.description, row.example, words, row.function)
        ->add_option("MODEL", words->model, "id, DOI, huggingface/ORGANISATION/REPOSITORY, or address")
        ->required();
  }

  const auto get = std::make_shared<GetWords>();
  command = AddCommand<GetWords>(*zoo, run, "get", "fetch a model with all it needs to run without a network",
                                 "tegula zoo get affable-shark", get, &Get);
  command->add_option("MODEL", get->model, "id, DOI, huggingface/ORGANISATION/REPOSITORY, or address")->required();
  command->add_option("--weights", get->weights, "these formats, separated by commas, or all; default: what runs here");

  const auto report = std::make_shared<ReportWords>();
  command = AddCommand<ReportWords>(
      *zoo, run, "report", "which models of a collection run here, how exactly and how fast, and why the others do not",
      "tegula zoo report --models my-models -o report/", report, &Report);
  command->add_option("--models", report->request.models, "a folder with packages, or all (of the catalogue)")
      ->required();
  command->add_option("-o,--output", report->output, "folder for models.html and models.json")->required();
  command->add_option("--since", report->earlier,
                      "an earlier models.json: what ran in it and does not now is named, and the exit code is 1");

  AddCommand<ModelWords>(*zoo, run, "list", "models in the cache", "tegula zoo list", std::make_shared<ModelWords>(),
                         &ListCachedModels);
}

}  // namespace tegula::cli
