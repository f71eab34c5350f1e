#include "tegula/app/convert/python.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/convert/answer.h"
#include "tegula/app/convert/convert_weights_script.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"

namespace tegula::app {
namespace {

constexpr double kProbeSeconds = 60, kInstallSeconds = 3600;
constexpr std::int64_t kFileBytes = 8LL << 30;
constexpr const char* kScript = "convert_weights.py";
constexpr const char* kReady = "ready";

// What of the user's environment a program gets that the user trusts, and what one gets that is set apart.
constexpr const char* kTrustedNames[] = {"HOME", "PATH", "LANG", "LD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION"};
constexpr const char* kApartNames[] = {"PATH", "LANG", "LD_LIBRARY_PATH"};
constexpr const char* kInstallNames[] = {
    "http_proxy",      "https_proxy",         "no_proxy", "HTTP_PROXY",    "HTTPS_PROXY",         "NO_PROXY",
    "SSL_CERT_FILE",   "REQUESTS_CA_BUNDLE",  "PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS",
    "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "TMPDIR"};

void Inherit(std::span<const char* const> names, std::vector<std::string>& environment) {
  for (const char* const name : names)
    if (const std::string value = EnvironmentVariable(name); !value.empty())
      environment.push_back(fmt::format("{}={}", name, value));
}

std::string LastLine(std::string_view text) {
  const std::vector<std::string> lines = Split(Trim(text), '\n');
  return OneLine(lines.back());
}

// The programs that may be the one, in order.
std::vector<std::string> Candidates(const std::string& wanted, const Path& made) {
  if (wanted == "new") return {made.string()};
  if (wanted != "auto") return {wanted};
  if (const std::string named = EnvironmentVariable("TEGULA_PYTHON"); !named.empty()) return {named};
  std::vector<std::string> candidates = {"python3"};
  std::error_code ignored;
  if (!made.empty() && std::filesystem::exists(made.parent_path().parent_path() / kReady, ignored))
    candidates.push_back(made.string());
  return candidates;
}

Result<Path> ProgramOf(const std::string& candidate) {
  if (candidate.find('/') == std::string::npos) return FindProgram(candidate);
  return std::filesystem::absolute(candidate).lexically_normal();
}

// The program itself (what was named may be a script that chooses one), if it has all modules; else why not.
Result<Path> Probed(const std::string& candidate, const PythonNeeds& needs, const std::stop_token& stop) {
  TEGULA_ASSIGN_OR_RETURN(const Path program, ProgramOf(candidate));
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create("tegula-python"));
  TEGULA_TRY(WriteFileWhole(folder.path() / kScript, kConvertWeights));
  ProcessRequest request{.program = program,
                         .arguments = {(folder.path() / kScript).string()},
                         .folder = folder.path(),
                         .input = nlohmann::json{{"from", "probe"}, {"modules", needs.modules}}.dump(),
                         .limits = {.wall_seconds = kProbeSeconds}};
  Inherit(kTrustedNames, request.environment);
  TEGULA_ASSIGN_OR_RETURN(const ProcessOutcome outcome, RunProcess(request, stop));
  if (outcome.exit_code != 0)
    return NotFoundError(fmt::format("{} is no Python that runs ({})", candidate, LastLine(outcome.error_tail)));
  const std::optional<ProbeAnswer> answer = ParseProbe(outcome.output);
  if (!answer) return NotFoundError(candidate + " does not answer as Python does");
  if (!answer->missing.empty())
    return NotFoundError(fmt::format("{} has no {}", program.string(), fmt::join(answer->missing, ", no ")));
  return Path(answer->executable);
}

Status RunTrusted(const Path& program, std::vector<std::string> arguments, const Path& folder,
                  const RunContext& context) {
  ProcessRequest request{.program = program,
                         .arguments = std::move(arguments),
                         .folder = folder,
                         .limits = {.wall_seconds = kInstallSeconds}};
  Inherit(kTrustedNames, request.environment);
  Inherit(kInstallNames, request.environment);
  TEGULA_ASSIGN_OR_RETURN(const ProcessOutcome outcome, RunProcess(request, context.stop));
  if (outcome.exit_code == 0) return Ok();
  const std::string said = LastLine(outcome.error_tail.empty() ? outcome.output : outcome.error_tail);
  return UnsupportedError(
      fmt::format("{} ended with {}: {}", fmt::join(request.arguments, " "), outcome.exit_code, said));
}

// An environment of its own, ready when its mark is there.
Status MakeEnvironment(const Path& folder, const PythonNeeds& needs, const RunContext& context) {
  std::error_code ignored;
  if (std::filesystem::exists(folder / kReady, ignored)) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const Path python, FindProgram("python3"));
  std::filesystem::remove_all(folder, ignored);  // half of one
  TEGULA_TRY(MakeFolders(folder));
  context.progress.Note(
      fmt::format("making a Python environment with {} in {}, once", fmt::join(needs.packages, ", "), folder.string()));
  TEGULA_TRY(RunTrusted(python, {"-m", "venv", "."}, folder, context));
  std::vector<std::string> words = {"-m", "pip", "install", "--disable-pip-version-check", "--quiet"};
  words.insert(words.end(), needs.packages.begin(), needs.packages.end());
  TEGULA_TRY(RunTrusted(folder / "bin" / "python", std::move(words), folder, context));
  return WriteFileWhole(folder / kReady, "");
}

// How a process ended that gave no answer.
Error NoAnswer(const ProcessOutcome& outcome) {
  constexpr int kSignals = 128, kKill = 9, kFileTooLarge = 25;
  const std::string said = LastLine(outcome.error_tail);
  const std::string tail = said.empty() ? "" : fmt::format("; the last it said: {}", said);
  if (outcome.exit_code == kSignals + kKill)
    return ExhaustedError("Python was killed, mostly a sign of too little memory (--memory)" + tail);
  if (outcome.exit_code == kSignals + kFileTooLarge)
    return ExhaustedError("Python wanted to write a file that is too large" + tail);
  if (outcome.exit_code > kSignals)
    return UnsupportedError(fmt::format("Python was ended by signal {}{}", outcome.exit_code - kSignals, tail));
  return UnsupportedError(outcome.exit_code == 0
                              ? "Python gave no answer" + tail
                              : fmt::format("Python ended with exit code {}{}", outcome.exit_code, tail));
}

}  // namespace

Result<Path> FindPython(const std::string& wanted, const PythonNeeds& needs, const Path& cache,
                        const RunContext& context) {
  const Path environment = cache.empty() ? Path() : cache / "python" / Join(needs.packages, "-");
  if (wanted == "new") {
    if (cache.empty()) return UnsupportedError("there is no folder to make a Python environment in: set TEGULA_CACHE");
    TEGULA_TRY(MakeEnvironment(environment, needs, context).Context("making a Python environment"));
  }
  std::vector<std::string> reasons;
  for (const std::string& candidate :
       Candidates(wanted, environment.empty() ? Path() : environment / "bin" / "python")) {
    Result<Path> program = Probed(candidate, needs, context.stop);
    if (program.ok() || program.error().code == Code::kCancelled) return program;
    reasons.push_back(ToString(program.error()));
  }
  return NotFoundError(
      fmt::format("converting needs a Python with {}: {}; install them with `pip install {}` and name that Python with "
                  "--python or $TEGULA_PYTHON, or let Tegula make one with --python new",
                  fmt::join(needs.modules, ", "), fmt::join(reasons, "; "), fmt::join(needs.packages, " ")));
}

Result<std::string> RunScript(const Path& python, const std::string& job, const Path& folder,
                              const ScriptLimits& limits, const std::stop_token& stop) {
  // It lies where the job cannot change it and where nothing of the package is imported from.
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder script, TemporaryFolder::Create("tegula-script"));
  TEGULA_TRY(WriteFileWhole(script.path() / kScript, kConvertWeights));
  ProcessRequest request{
      .program = python,
      .arguments = {(script.path() / kScript).string()},
      .environment = {"HOME=" + folder.string(), "TMPDIR=" + folder.string(), "PYTHONDONTWRITEBYTECODE=1",
                      "CUDA_VISIBLE_DEVICES=", "TF_CPP_MIN_LOG_LEVEL=2", "KERAS_BACKEND=tensorflow"},
      .folder = folder,
      .input = job,
      .limits = {.wall_seconds = limits.seconds, .memory_bytes = limits.memory_bytes, .file_bytes = kFileBytes},
      .confinement = limits.confinement};
  Inherit(kApartNames, request.environment);
  // Where `pip install --user` put things.
  if (const std::string home = EnvironmentVariable("HOME"); !home.empty())
    request.environment.push_back("PYTHONUSERBASE=" + home + "/.local");
  Result<ProcessOutcome> outcome = RunProcess(request, stop);
  if (!outcome.ok() && outcome.error().code == Code::kExhausted)
    return ExhaustedError(outcome.error().what + ", as long as it may take (--timeout)");
  if (!outcome.ok()) return std::move(outcome).error();
  if (outcome->exit_code != 0 || Trim(outcome->output).empty()) return NoAnswer(*outcome);
  return std::move(outcome->output);
}

}  // namespace tegula::app
