// The commands that write descriptions and packages: package, update-hashes, update-format.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/model_source.h"
#include "tegula/cli/commands.h"
#include "tegula/spec/format_update.h"
#include "tegula/spec/package_writer.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Words {
  std::string source, output, weight_format = "all";
  bool json = false;
};

// A new description goes into a file, or to standard output if none is named.
Status Give(const Words& words, const std::string& yaml) {
  if (words.output.empty()) {
    Print(yaml);
    return Ok();
  }
  return WriteFileWhole(words.output, yaml);
}

void AddOutput(CLI::App& command, const std::shared_ptr<Words>& words) {
  command.add_option("-o,--output", words->output, "the file to write; otherwise it is printed");
}

Result<int> WriteOnePackage(const Words& words, const Session& session) {
  spec::WritePackageOptions options;
  if (words.weight_format != "all") {
    options.weights = spec::WeightsFormatFromName(words.weight_format);
    if (!options.weights) return InvalidError(fmt::format("'{}' is not a weights format", words.weight_format));
  }
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, app::ReadModel(words.source, session.context));
  TEGULA_ASSIGN_OR_RETURN(const spec::WrittenPackage written,
                          spec::WritePackage(package, words.output, options, session.context.limits));
  if (words.json) {
    Print(Json{{"package", words.output}, {"files", written.files}, {"notes", written.notes}}.dump(2) + "\n");
    return app::kExitOk;
  }
  for (const std::string& note : written.notes) Print("note: " + note + "\n");
  Print(fmt::format("{}: {} files\n", words.output, written.files.size()));
  return app::kExitOk;
}

}  // namespace

void AddPackage(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("package", "a zip with a description and the files it names, nothing else");
  const auto words = std::make_shared<Words>();
  command->add_option("SOURCE", words->source, "folder, yaml file, zip, or id of the collection")->required();
  command->add_option("OUT.zip", words->output, "the package to write; it is replaced if it is there")->required();
  command->add_option("--weight-format", words->weight_format, "only these weights: onnx, torchscript, ..., or all");
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula package models/affable-shark shark.zip --weight-format onnx");
  command->callback(
      [&run, words]() { run = [words](const Session& session) { return WriteOnePackage(*words, session); }; });
}

void AddUpdateHashes(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("update-hashes", "a description with the sha256 that its files have");
  const auto words = std::make_shared<Words>();
  command->add_option("SOURCE", words->source, "folder, yaml file, zip, or id of the collection")->required();
  AddOutput(*command, words);
  command->footer("example:\n  tegula update-hashes models/affable-shark -o models/affable-shark/rdf.yaml");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      TEGULA_ASSIGN_OR_RETURN(const spec::Package package, app::ReadModel(words->source, session.context));
      TEGULA_ASSIGN_OR_RETURN(const std::string yaml, spec::WithUpdatedHashes(package));
      TEGULA_TRY(Give(*words, yaml));
      return app::kExitOk;
    };
  });
}

void AddUpdateFormat(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("update-format", "a model's description in the newest format, 0.5.14");
  const auto words = std::make_shared<Words>();
  command->add_option("SOURCE", words->source, "folder, yaml file, zip, or id of the collection")->required();
  AddOutput(*command, words);
  command->footer(
      "example:\n  tegula update-format models/affable-shark -o models/affable-shark/new.bioimageio.yaml\n\nWhat could "
      "not "
      "be carried over is listed on standard error.");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      TEGULA_ASSIGN_OR_RETURN(const spec::Package package, app::ReadModel(words->source, session.context));
      TEGULA_ASSIGN_OR_RETURN(const spec::UpdatedDescription updated, spec::UpdateFormat(package.read()));
      for (const std::string& note : updated.notes) session.context.progress.Note(note);
      TEGULA_TRY(Give(*words, updated.yaml));
      return app::kExitOk;
    };
  });
}

}  // namespace tegula::cli
