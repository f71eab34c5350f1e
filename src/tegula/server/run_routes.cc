#include "tegula/server/run_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/run_files.h"
#include "tegula/core/folders.h"
#include "tegula/server/events.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kPiece = 1 << 20;  // of a file that is sent

constexpr const char* kNoFolder =
    "this viewer has no folder for results: end it and start it with `tegula view --out FOLDER`";

Result<app::Runs*> RunsOf(const ViewState& state) {
  if (state.runs != nullptr) return state.runs;
  return InvalidError(kNoFolder);
}

Json ToJson(const app::RunRow& row, const ViewState& state) {
  Json options = Json::object();
  for (const app::OptionWord& word : row.words.options) options[word.name] = word.value;
  Json subjects = Json::array();
  for (const std::string& subject : row.words.subjects) {
    const std::string name = state.roots.NameOf(subject);
    subjects.push_back(name.empty() ? subject : name);
  }
  Json progress = nullptr;
  if (row.progress)
    progress = {{"stage", row.progress->stage},           {"done", row.progress->done},
                {"total", row.progress->total},           {"unit", row.progress->unit},
                {"per_second", row.progress->per_second}, {"seconds_left", row.progress->seconds_left}};
  return {{"name", row.name},
          {"run", state.roots.NameOf(row.folder)},
          {"kind", row.words.command},
          {"of", std::move(subjects)},
          {"options", std::move(options)},
          {"has_region", row.words.has_region},
          {"state", app::RunStateName(row.state)},
          {"sentence", row.sentence},
          {"progress", std::move(progress)},
          {"objects", row.objects},
          {"notes", row.notes},
          {"command", row.command}};
}

Json ListOf(const ViewState& state) {
  Json rows = Json::array();
  for (const app::RunRow& row : state.runs->List()) rows.push_back(ToJson(row, state));
  return {{"out", state.roots.NameOf(state.runs->out())}, {"runs", std::move(rows)}};
}

Result<Response> List(const ViewState& state, const Request&) {
  if (state.runs == nullptr)
    return JsonResponse(Dump({{"out", nullptr}, {"reason", kNoFolder}, {"runs", Json::array()}}));
  return JsonResponse(Dump(ListOf(state)));
}

// The list whenever it has changed, as long as something runs or waits.
Result<Response> Follow(const ViewState& state, const Request&) {
  TEGULA_TRY(RunsOf(state));
  Response response;
  response.type = "text/event-stream";
  response.stream = [&state](const Response::Write& write) {
    const RequestStop stop(state);
    Events events(write, stop.source());
    std::uint64_t known = state.runs->changes();
    for (bool is_first = true; !stop.source().stop_requested(); is_first = false) {
      const bool is_busy = state.runs->is_busy();  // asked first, so that the last list is of the end
      const std::uint64_t changes = is_first ? known : state.runs->WaitForChange(known);
      if (is_first || changes != known) {
        events.Send("runs", ListOf(state));
      } else {
        events.Send("waiting", Json::object());  // tells whether anybody listens
      }
      known = changes;
      if (!is_busy) break;
    }
    return false;
  };
  return response;
}

// What was said of options, in the order of their table.
void TakeOptions(const JsonBody& body, app::RunWords& words) {
  for (const app::RunOption& option : app::RunOptions()) {
    const std::string name(option.name);
    if (option.is_flag && body.flag(name)) words.options.push_back({name, "true"});
    if (!option.is_flag && !body.text(name).empty()) words.options.push_back({name, body.text(name)});
  }
}

std::vector<Field> WithOptions(std::vector<Field> fields, bool app::RunOption::*is_for) {
  for (const app::RunOption& option : app::RunOptions())
    if (option.*is_for) fields.push_back({option.name, option.is_flag ? "boolean" : "string", option.description});
  return fields;
}

Result<Response> Started(const ViewState& state, const app::RunRequest& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::RunRow row, state.runs->Start(request));
  return JsonResponse(Dump(ToJson(row, state)));
}

Result<Response> Predict(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  const JsonBody& body = request.body;
  app::RunRequest run{body.text("name"), {std::string(app::kPredictWord), {}, {}}, body.text("annotation")};
  TakeOptions(body, run.words);
  if (run.words.Find("classifier") == nullptr) {
    TEGULA_ASSIGN_OR_RETURN(run.words.subjects.emplace_back(), ModelNameOf(state, body.text("model")));
  }
  TEGULA_ASSIGN_OR_RETURN(run.words.subjects.emplace_back(), state.roots.Resolve(body.text("image")));
  return Started(state, run);
}

Result<app::RunWords> ObjectWords(const ViewState& state, const JsonBody& body) {
  TEGULA_ASSIGN_OR_RETURN(std::string run, state.roots.Resolve(body.text("run")));
  app::RunWords words{std::string(app::kObjectsWord), {std::move(run)}, {}};
  TakeOptions(body, words);
  return words;
}

Result<Response> MakeObjects(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(app::RunWords words, ObjectWords(state, request.body));
  return Started(state, {request.body.text("name"), std::move(words), ""});
}

// Made and thrown away: what is counted is what the command would make.
Result<Response> Count(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(app::RunWords words, ObjectWords(state, request.body));
  Response response;
  response.type = "text/event-stream";
  response.stream = [&state, words = std::move(words)](const Response::Write& write) {
    const RequestStop stop(state);
    Events events(write, stop.source());
    const Result<app::RunOutcome> made = state.runs->Try(words, stop.Context(events));
    if (!made.ok()) {
      events.Fail(made.error());
      return false;
    }
    Json classes = Json::array();
    for (const app::RunCount& of_class : made->classes)
      classes.push_back({{"name", of_class.class_name}, {"objects", of_class.objects}});
    events.Send("counted", {{"classes", std::move(classes)}, {"notes", made->notes}});
    return false;
  };
  return response;
}

using Change = Result<app::RunRow> (app::Runs::*)(const std::string& name);

template <Change change>
Result<Response> Changed(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(const app::RunRow row, (state.runs->*change)(request.body.text("name")));
  return JsonResponse(Dump(ToJson(row, state)));
}

// What it is about may stand in a note that somebody else has written: it is looked for as a page's wish would be.
Status CheckSubjects(const ViewState& state, const app::RunWords& words) {
  for (std::size_t i = 0; i < words.subjects.size(); ++i) {
    const std::string known = state.roots.NameOf(words.subjects[i]);
    const std::string& name = known.empty() ? words.subjects[i] : known;
    const bool is_model = words.command == app::kPredictWord && i + 1 < words.subjects.size();
    TEGULA_TRY(is_model ? ModelNameOf(state, name) : state.roots.Resolve(name));
  }
  return Ok();
}

Result<Response> Resume(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(const app::RunRow row, state.runs->Find(request.body.text("name")));
  TEGULA_TRY(CheckSubjects(state, row.words));
  return Changed<&app::Runs::Resume>(state, request);
}

Result<Response> Remove(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_TRY(state.runs->RemoveFromList(request.body.text("name")));
  return JsonResponse(Dump(ListOf(state)));
}

// What a run has left. What begins with a dot is its own.
Result<std::vector<std::string>> FilesOf(const app::RunRow& row) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesIn(row.folder));
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

Result<Response> Files(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(const app::RunRow row, state.runs->Find(request.value("name")));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesOf(row));
  Json files = Json::array();
  for (const std::string& name : names) {
    std::error_code is_folder;
    const auto bytes = std::filesystem::file_size(row.folder / name, is_folder);
    files.push_back({{"name", name}, {"bytes", is_folder ? Json(nullptr) : Json(bytes)}});
  }
  return JsonResponse(Dump({{"folder", row.folder.string()}, {"files", std::move(files)}}));
}

Result<Response> File(const ViewState& state, const Request& request) {
  TEGULA_TRY(RunsOf(state));
  TEGULA_ASSIGN_OR_RETURN(const app::RunRow row, state.runs->Find(request.value("name")));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, FilesOf(row));
  const std::string& name = request.value("file");
  std::error_code ignored;
  if (std::ranges::find(names, name) == names.end() || !std::filesystem::is_regular_file(row.folder / name, ignored))
    return NotFoundError(fmt::format("the run {} has no file '{}'", row.name, name));
  // A link may lead anywhere.
  TEGULA_ASSIGN_OR_RETURN(const std::string path,
                          state.roots.Resolve(fmt::format("{}/{}", state.roots.NameOf(row.folder), name)));
  TEGULA_ASSIGN_OR_RETURN(RandomAccessFile opened, RandomAccessFile::Open(path));
  Response response;
  response.is_document = name == app::kReportFile;
  response.type = response.is_document ? "text/html; charset=utf-8" : "application/octet-stream";
  response.stream = [file = std::make_shared<RandomAccessFile>(std::move(opened)),
                     at = std::int64_t{0}](const Response::Write& write) mutable {
    std::string piece(static_cast<std::size_t>(std::min(kPiece, file->size() - at)), '\0');
    if (!piece.empty() && (!file->Read(at, std::as_writable_bytes(std::span(piece))).ok() || !write(piece)))
      return false;
    at += static_cast<std::int64_t>(piece.size());
    return at < file->size();
  };
  return response;
}

}  // namespace

std::vector<Route> RunRoutes(const ViewState& state) {
  const auto with = WithState(state);
  constexpr Parameter kName = {"name", "of the run", true};
  constexpr Field kRun = {"name", "string", "of the run", true};
  constexpr Field kOwnName = {"name", "string", "of its folder; empty: one that is free is found"};
  constexpr Field kPrediction = {"run", "string", "the folder of a prediction, as a listing names it", true};
  std::vector<Route> routes = {
      {"GET",
       "/api/runs",
       "the runs, the newest first; `out` is null, with the reason, if none can be made",
       "application/json",
       {},
       with(&List)},
      {"GET",
       "/api/runs/events",
       "the list as server-sent events, `runs`, whenever it changes, until nothing runs or waits any more",
       "text/event-stream",
       {},
       with(&Follow)},
      {"GET", "/api/runs/files", "what a run has left", "application/json", {kName}, with(&Files)},
      {"GET",
       "/api/runs/file",
       "one of these files",
       "application/octet-stream",
       {kName, {"file", "its name", true}},
       with(&File)},
      {"POST",
       "/api/runs",
       "runs a model on an image, or on an annotation of it, as `tegula predict` does with these options; the answer "
       "has "
       "the command",
       "application/json",
       {},
       with(&Predict),
       false,
       WithOptions({{"image", "string", "as a folder's listing names it", true},
                    {"model", "string", "an id of the catalogue, or a model in a folder; not with a classifier"},
                    kOwnName,
                    {"annotation", "string", "the part that is predicted, as the text of a GeoJSON file"}},
                   &app::RunOption::of_predict)},
      {"POST",
       "/api/runs/objects",
       "makes objects of a prediction, as `tegula objects` does with these options",
       "application/json",
       {},
       with(&MakeObjects),
       false,
       WithOptions({kPrediction, kOwnName}, &app::RunOption::of_objects)},
      {"POST",
       "/api/runs/count",
       "how many objects that would be, as server-sent events: progress, counted, failed",
       "text/event-stream",
       {},
       with(&Count),
       false,
       WithOptions({kPrediction}, &app::RunOption::of_objects)},
  };
  struct ChangeRow {
    std::string_view path, summary;
    Result<Response> (*handler)(const ViewState&, const Request&);
  };
  constexpr ChangeRow kChanges[] = {
      {"/api/runs/pause", "stops a run when the tiles at work are done; resume goes on", &Changed<&app::Runs::Pause>},
      {"/api/runs/resume", "goes on with one that was paused, cancelled or has failed", &Resume},
      {"/api/runs/cancel", "stops it for good; what was made stays, and resume goes on", &Changed<&app::Runs::Cancel>},
      {"/api/runs/remove-from-list", "takes it off the list; files stay", &Remove}};
  for (const ChangeRow& row : kChanges)
    routes.push_back({"POST", row.path, row.summary, "application/json", {}, with(row.handler), false, {kRun}});
  return routes;
}

}  // namespace tegula::server
