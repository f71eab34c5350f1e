// cli/value_words.h — the words by which `predict` is told in which form values are stored.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/run_values.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct ValueWords {
  std::vector<std::string> values, ranges;

  /// Declares --values and --range, which write here.
  void AddTo(CLI::App& command);
  /// What was said. kInvalid.
  Result<std::vector<app::ValuesRequest>> Requests() const;
};

}  // namespace tegula::cli
