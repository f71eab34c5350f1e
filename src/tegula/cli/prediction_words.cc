#include "tegula/cli/prediction_words.h"

#include <CLI/CLI.hpp>

#include "tegula/app/stored_prediction.h"
#include "tegula/cli/source_words.h"

namespace tegula::cli {

void PredictionWords::AddTo(CLI::App& command) {
  command.add_option("PREDICTION", folders, "folders that `tegula predict` has written, for one image or for several");
  command.add_option("--list", list, "a file that names further ones, one a line")->check(CLI::ExistingFile);
}

Result<std::vector<Path>> PredictionWords::All() const {
  std::vector<std::string> named = folders;
  if (!list.empty()) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> listed, ReadList(list));
    named.insert(named.end(), listed.begin(), listed.end());
  }
  std::vector<Path> all;
  for (const std::string& name : named)
    for (Path& run : app::RunsIn(name)) all.push_back(std::move(run));
  return all;
}

}  // namespace tegula::cli
