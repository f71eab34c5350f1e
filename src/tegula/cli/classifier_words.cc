#include "tegula/cli/classifier_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/app/classifier_folder.h"
#include "tegula/app/given_input.h"

namespace tegula::cli {
namespace {

// An option, and whether a classifier leaves nothing for it to say.
struct Decided {
  const char* option;
  bool (*is_decided)(const app::Classifier& classifier, const CLI::Option& given);
};

bool Always(const app::Classifier&, const CLI::Option&) { return true; }

// Values may be stored in fewer bits, but what they mean is decided.
bool DecidesValues(const app::Classifier& classifier, const CLI::Option& given) {
  if (classifier.output_type == "classification") return true;
  for (const std::string& said : given.results())
    for (const char* of_classes : {"argmax", "labels"})
      if (said.find(of_classes) != std::string::npos) return true;
  return false;
}

constexpr Decided kDecided[] = {
    {"--channels", Always},
    {"--stains", Always},
    {"--level", Always},
    {"--pixel-size", Always},
    {"--downsample", Always},
    {"--z", [](const app::Classifier& c, const CLI::Option&) { return !c.z.empty(); }},
    {"--t", [](const app::Classifier& c, const CLI::Option&) { return !c.t.empty(); }},
    {"--z-projection", [](const app::Classifier& c, const CLI::Option&) { return !c.z_projection.empty(); }},
    {"--tile", Always},
    {"--context", Always},
    {"--stride", Always},
    {"--border", Always},
    {"--statistics-from",
     [](const app::Classifier&, const CLI::Option& given) { return app::IsOfAnyImage(given.results().back()); }},
    {"--engine", Always},
    {"--weight-format", Always},
    {"--device", Always},
    {"--precision", Always},
    {"--convert", Always},
    {"--engine-threads", Always},
    {"--outputs", Always},
    {"--values", DecidesValues},
    {"--classes", Always},
    {"--threshold", Always},
    {"--overlapping", Always},
};

}  // namespace

void ClassifierWords::AddTo(CLI::App& command) {
  command.add_option("--classifier", name,
                     "a classifier by name (`tegula classifier list`) or .json file: it decides model, channels, pixel "
                     "size, windows, engine and classes, and refuses to run where its answer would be another");
}

Result<std::optional<app::Classifier>> ClassifierWords::Load(const CLI::App& command) const {
  if (!is_said()) return std::optional<app::Classifier>();
  const app::ClassifierFolder folder(app::ClassifierFolder::OfUser());
  TEGULA_ASSIGN_OR_RETURN(app::Classifier classifier, folder.Load(name));
  if (classifier.name.empty()) classifier.name = name;
  for (const Decided& row : kDecided) {
    const CLI::Option* option = command.get_option_no_throw(row.option);
    if (option == nullptr && command.get_parent() != nullptr)
      option = command.get_parent()->get_option_no_throw(row.option);
    if (option == nullptr || option->count() == 0 || !row.is_decided(classifier, *option)) continue;
    return InvalidError(fmt::format("{} is decided by {}; leave it out, or make another classifier with it", row.option,
                                    app::TitleOf(classifier)));
  }
  return std::optional<app::Classifier>(std::move(classifier));
}

}  // namespace tegula::cli
