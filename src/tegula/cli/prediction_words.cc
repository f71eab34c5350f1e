#include "tegula/cli/prediction_words.h"

#include <CLI/CLI.hpp>

#include "tegula/cli/source_words.h"

namespace tegula::cli {

void PredictionWords::AddTo(CLI::App& command) {
  command.add_option("PREDICTION", folders, "folders that `tegula predict` has written");
  command.add_option("--list", list, "a file that names further ones, one a line")->check(CLI::ExistingFile);
}

Result<std::vector<Path>> PredictionWords::All() const {
  std::vector<Path> all(folders.begin(), folders.end());
  if (list.empty()) return all;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> listed, ReadList(list));
  all.insert(all.end(), listed.begin(), listed.end());
  return all;
}

}  // namespace tegula::cli
