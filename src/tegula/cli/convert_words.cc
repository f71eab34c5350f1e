#include "tegula/cli/convert_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "tegula/core/platform.h"

namespace tegula::cli {
namespace {

// Shows where the code comes from, and waits for a yes.
bool AskOnTerminal(const app::ForeignCode& code, bool is_confined) {
  std::string text = fmt::format("This runs code that comes with the model, {}:\n  {}\n",
                                 is_confined ? "without network and with one temporary folder to write to"
                                             : "which then may do all that you may do",
                                 code.what);
  if (!code.file.empty()) text += fmt::format("  to be read at {}\n", code.file.string());
  std::fprintf(stderr, "%s  sha256 %s\nRun it? [y/N] ", text.c_str(), code.sha256.c_str());
  std::fflush(stderr);
  const int first = std::fgetc(stdin);
  for (int c = first; c != '\n' && c != EOF;) c = std::fgetc(stdin);
  return first == 'y' || first == 'Y';
}

}  // namespace

void ConvertWords::AddTo(CLI::App& command) {
  constexpr double kLargestGigabytes = 4096, kLongestSeconds = 7 * 86400;
  command
      .add_option(
          "--to", to,
          "torchscript, onnx or tensorflow_saved_model_bundle; openvino: what OpenVINO runs, proven there; auto: "
          "the first way from the weights")
      ->check(CLI::IsMember({"auto", "torchscript", "onnx", "tensorflow_saved_model_bundle", "openvino"}))
      ->capture_default_str();
  command
      .add_option("--python", python,
                  "the Python that has the weights' library: a program; auto: $TEGULA_PYTHON, else python3; new: an "
                  "environment in the cache, made with pip")
      ->capture_default_str();
  command.add_flag("--trust-code", trusts_code, "run code that comes with the model without asking");
  command.add_flag("--no-sandbox", is_unconfined,
                   "do not set the process apart: what runs in it may do all that you may do");
  command.add_option("--timeout", seconds, "seconds that the process may take")
      ->check(CLI::Range(1.0, kLongestSeconds))
      ->capture_default_str();
  command.add_option("--memory", gigabytes, "GiB of address space that the process may have")
      ->check(CLI::Range(0.1, kLargestGigabytes))
      ->capture_default_str();
}

app::ConvertRequest ConvertWords::Request(const Session& session) const {
  app::ConvertRequest request;
  request.to = to;
  request.python = python;
  request.trusts_code = trusts_code;
  request.is_confined = !is_unconfined;
  if (CanAsk())
    request.ask = [is_confined = request.is_confined](const app::ForeignCode& code) {
      return AskOnTerminal(code, is_confined);
    };
  request.seconds = seconds;
  request.memory_bytes = std::llround(std::ldexp(gigabytes, 30));
  request.engine.threads = session.threads;
  request.engine.cache = session.cache;
  return request;
}

}  // namespace tegula::cli
