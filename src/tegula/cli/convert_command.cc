#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/convert_words.h"

namespace tegula::cli {
namespace {

std::string ToText(const app::ConvertReport& report, const std::string& model) {
  const std::string_view from = spec::WeightsFormatName(report.from), to = spec::WeightsFormatName(report.to);
  std::string text = fmt::format("{}: {} {} to {} with {}\n", model, from, report.how, to, report.python);
  for (const app::WeightsCheck& check : report.proof.checks) {
    text += fmt::format("{} {}\n", app::Title(check), app::StatusName(check.status));
    for (const app::OutputCheck& output : check.outputs)
      text += fmt::format("  {}: largest difference to the test output {:.2g}\n", output.output_id,
                          output.comparison.max_abs);
  }
  text += report.proof.verdict() + "\n";
  return text + (report.package.empty() ? std::string("kept in the cache: predict and test of this model use it now\n")
                                        : report.package.string() + " is written\n");
}

std::string ToJson(const app::ConvertReport& report) {
  const nlohmann::ordered_json json = {
      {"from", spec::WeightsFormatName(report.from)},
      {"to", spec::WeightsFormatName(report.to)},
      {"how", report.how},
      {"python", report.python},
      {"package", report.package.string()},
      {"verdict", report.proof.verdict()},
      {"checks", nlohmann::ordered_json::parse(app::ChecksToJson(report.proof.checks))}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

void AddConvert(CLI::App& app, Run& run) {
  struct Words {
    std::string model, output, weights;
    ConvertWords convert;
    bool json = false;
  };
  CLI::App* command = app.add_subcommand(
      "convert", "turn weights that only a Python library reads into weights that run, and prove them");
  const auto words = std::make_shared<Words>();
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  command->add_option("-o,--output", words->output,
                      "the package to write, a folder or .zip, with the new weights beside the others; without it they "
                      "are kept in the cache, where other commands find them");
  command->add_option("--weight-format", words->weights, "convert these weights; otherwise the first that can be");
  words->convert.AddTo(*command);
  command->add_flag("--json", words->json, "for programs");
  command->footer(fmt::format(
      "ways: {}.\n\nA Python of yours that has the library does the work in a process of its own: without network, "
      "with one temporary folder to write to, and under the limits above. State dicts are loaded with weights_only. "
      "Code of the package (the architecture of a state dict, Lambda layers of Keras) runs there only after "
      "--trust-code, or a yes at the prompt that shows where it comes from. New weights are kept only if they "
      "reproduce the model's test outputs.\n\nexample:\n  tegula convert models/unet.zip --trust-code -o "
      "models/unet-torchscript.zip",
      app::ConversionTable()));
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      app::ConvertRequest request = words->convert.Request(session);
      request.model = words->model;
      request.output = words->output;
      if (!words->weights.empty()) {
        request.engine.weights = spec::WeightsFormatFromName(words->weights);
        if (!request.engine.weights) return InvalidError(fmt::format("there is no weights format {}", words->weights));
      }
      TEGULA_ASSIGN_OR_RETURN(const app::ConvertReport report,
                              app::Convert(request, session.registry, session.context));
      Print(words->json ? ToJson(report) : ToText(report, words->model));
      return app::kExitOk;
    };
  });
}

}  // namespace tegula::cli
