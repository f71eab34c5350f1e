#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/statistics.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/image_words.h"
#include "tegula/core/files.h"
#include "tegula/core/text.h"
#include "tegula/ops/statistics_file.h"

namespace tegula::cli {
namespace {

struct Words {
  std::string model, from = "image", output;
  std::vector<std::string> images;
  ImageWords image;
  bool json = false;
};

std::string ToText(const ops::Statistics& statistics) {
  std::vector<std::vector<std::string>> rows = {{"measure", "of", "over", "value"}};
  for (const ops::Statistic& statistic : statistics.all()) {
    const ops::StatisticRequest& request = statistic.request;
    std::vector<std::string> over;
    for (std::size_t i = 0; i < request.axes.size(); ++i)
      if (request.reduced[i]) over.push_back(request.axes[i]);
    const bool is_percentile =
        request.measure == ops::Measure::kPercentile || request.measure == ops::Measure::kPercentileOfValues;
    rows.push_back({is_percentile ? fmt::format("percentile {}", request.percentile)
                                  : std::string(ops::MeasureName(request.measure)),
                    fmt::format("{}{}", request.tensor_id, request.of_dataset ? ", all images" : ""), Join(over, ", "),
                    fmt::format("{}", fmt::join(statistic.values, ", "))});
  }
  return Table(rows);
}

}  // namespace

void AddStatistics(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("statistics", "the statistics of images that a model's input is scaled with");
  const auto words = std::make_shared<Words>();
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  command
      ->add_option("IMAGE", words->images,
                   "one image; or all images of a dataset, for what the model wants of all of them together")
      ->required();
  command->add_option("-o,--output", words->output,
                      "a file for `tegula predict --statistics-from FILE` and `bioimageio predict --stats FILE`");
  words->image.AddTo(*command);
  command->add_option("--statistics-from", words->from, "as for `tegula predict`")->capture_default_str();
  command->add_flag("--json", words->json, "print what the file holds");
  command->footer("example:\n  tegula statistics models/he-nuclei.zip slides/*.svs -o slides/statistics.json");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      TEGULA_ASSIGN_OR_RETURN(const image::BindingRequest binding, words->image.Binding(*command));
      TEGULA_ASSIGN_OR_RETURN(
          const ops::Statistics statistics,
          app::TakeStatistics({words->model, words->images, words->from, binding}, session.context));
      const std::string json = ops::StatisticsToJson(statistics);
      if (!words->output.empty()) TEGULA_TRY(WriteFileWhole(words->output, json));
      Print(words->json ? json : ToText(statistics));
      return app::kExitOk;
    };
  });
}

}  // namespace tegula::cli
