// cli/run_commands.h — what a viewer's runs do: commands that are read and done as if they had been typed.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/predict.h"
#include "tegula/app/stored_objects.h"
#include "tegula/app/view/runs.h"
#include "tegula/cli/commands.h"

namespace CLI {
class App;
}

namespace tegula::cli {

/// Reads the words behind a command's name. kInvalid with what is wrong.
Status ReadArguments(CLI::App& command, const std::vector<std::string>& arguments);

/// What `tegula predict` would be asked for with these words behind its name. kInvalid and errors of what they name.
Result<app::PredictRequest> PredictRequestOf(const std::vector<std::string>& arguments, const Session& session);
/// The same of `tegula objects`.
Result<app::StoredObjectsRequest> ObjectsRequestOf(const std::vector<std::string>& arguments);

/// The two commands; predictions get the options `always` too. Borrows the session.
app::RunCommands RunCommandsOf(const Session& session, std::vector<std::string> always);

}  // namespace tegula::cli
