// cli/class_words.h — the words by which commands are told what channels mean as classes.
#pragma once

#include <string>

#include "tegula/app/class_reading.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct ClassWords {
  app::ClassRequest request;
  double threshold = 0;

  /// Declares --classes alone, which writes here.
  void AddNamesTo(CLI::App& command);
  /// Declares --classes, --threshold and --overlapping, which write here.
  void AddTo(CLI::App& command);
  /// What was said.
  app::ClassRequest Request(const CLI::App& command) const;
};

}  // namespace tegula::cli
