// cli/prediction_words.h — the words by which commands are told which stored predictions to read.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct PredictionWords {
  std::vector<std::string> folders;
  std::string list;

  /// Declares PREDICTION and --list, which write here.
  void AddTo(CLI::App& command);
  /// Those that were named, then those of the list, with the runs in folders of several images (app::RunsIn). Errors of
  /// ReadList.
  Result<std::vector<Path>> All() const;
};

}  // namespace tegula::cli
