// app/convert/python.h — the Python that converts weights: which one, and one job in it.
//
// Tegula brings no Python. It asks one that the user has, or one that it made on request, to run a script of its own
// (convert_weights.py), in a process that is limited and set apart: what a package makes it do ends there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/process.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

/// What a Python must have.
struct PythonNeeds {
  std::vector<std::string> modules;   ///< that it can import
  std::vector<std::string> packages;  ///< what pip installs to get them
};

/// `wanted` is "auto" ($TEGULA_PYTHON alone if it is set; else python3 of $PATH, else one that "new" made), "new" (an
/// environment in `cache`, made with pip if it is not there) or a program. Each is run once to see what it has.
/// kNotFound with what was looked for where, and the line of pip that helps; kUnsupported with pip's reason;
/// kExhausted, kCancelled.
Result<Path> FindPython(const std::string& wanted, const PythonNeeds& needs, const Path& cache,
                        const RunContext& context);

struct ScriptLimits {
  double seconds = 0;
  std::int64_t memory_bytes = 0;
  Confinement confinement = Confinement::kNone;
};

/// Gives the script one job, a JSON object; its answer, which is text from a stranger. `folder` is all that it may
/// write to if it is confined. kUnsupported with the last that it said if it ends in another way than by an answer;
/// kExhausted, kCancelled.
Result<std::string> RunScript(const Path& python, const std::string& job, const Path& folder,
                              const ScriptLimits& limits, const std::stop_token& stop);

}  // namespace tegula::app
