// cli/source_words.h — the words by which commands are told what images to read.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/predict.h"

namespace CLI {
class App;
}

namespace tegula::cli {

/// The names in a file, one a line; lines that are empty or begin with # say nothing. kInvalid if there are none.
Result<std::vector<std::string>> ReadList(const std::string& file);

struct SourceWords {
  std::vector<std::string> images;
  std::string list;
  std::vector<std::string> inputs;

  /// Declares IMAGE, --list and --input, which write here.
  void AddTo(CLI::App& command);
  /// Puts what was said into a request. kInvalid; errors of the list's file.
  Status Apply(app::PredictRequest& request) const;
};

}  // namespace tegula::cli
