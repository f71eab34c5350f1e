#include "tegula/cli/run_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace tegula::cli {
namespace {

using Arguments = std::vector<std::string>;

Arguments BehindName(const Arguments& arguments) { return {arguments.begin() + 1, arguments.end()}; }

template <class Records>
app::RunOutcome OutcomeOf(const Records& records, std::vector<std::string> notes) {
  app::RunOutcome outcome;
  for (const outputs::ObjectsRecord& of_class : records)
    outcome.classes.push_back({of_class.class_name, of_class.count});
  outcome.notes = std::move(notes);
  return outcome;
}

Result<app::RunOutcome> Predict(const Arguments& arguments, const Session& session, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(app::PredictRequest request, PredictRequestOf(BehindName(arguments), session));
  request.command_line = app::CommandText(arguments);
  TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ImagePrediction> made,
                          app::Predict(request, session.registry, context));
  std::vector<std::string> notes;
  for (const outputs::VerificationRecord& output : made.front().verification) notes.push_back(output.verdict);
  return OutcomeOf(made.front().classes, std::move(notes));
}

Result<app::RunOutcome> MakeObjects(const Arguments& arguments, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const app::StoredObjectsRequest request, ObjectsRequestOf(BehindName(arguments)));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<app::StoredObjects> made, app::ObjectsOfPredictions(request, context));
  return OutcomeOf(made.front().classes, made.front().notes);
}

}  // namespace

Status ReadArguments(CLI::App& command, const Arguments& arguments) {
  int as_here = 0;  // an option of the program, which has been read
  command.add_option("--engine-threads", as_here);
  Arguments reversed(arguments.rbegin(), arguments.rend());  // as the library wants them
  try {                                                      // lint-allow: CLI11 reports by exceptions
    command.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {  // lint-allow: CLI11 reports by exceptions
    return InvalidError(error.what());
  }
  return Ok();
}

app::RunCommands RunCommandsOf(const Session& session, std::vector<std::string> always) {
  app::RunCommands commands;
  commands.check = [&session](const Arguments& arguments) -> Status {
    if (arguments.front() == app::kPredictWord) {
      TEGULA_TRY(PredictRequestOf(BehindName(arguments), session));
    } else {
      TEGULA_TRY(ObjectsRequestOf(BehindName(arguments)));
    }
    return Ok();
  };
  commands.run = [&session](const Arguments& arguments, const RunContext& context) {
    return arguments.front() == app::kPredictWord ? Predict(arguments, session, context)
                                                  : MakeObjects(arguments, context);
  };
  commands.always = std::move(always);
  return commands;
}

}  // namespace tegula::cli
