// cli/classifier_words.h — the word by which commands are told that a classifier decides for the user.
#pragma once

#include <optional>
#include <string>

#include "tegula/app/classifier.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct ClassifierWords {
  std::string name;

  /// Declares --classifier, which writes here.
  void AddTo(CLI::App& command);
  bool is_said() const noexcept { return !name.empty(); }
  /// The classifier, if one was named. kInvalid, with the option, if another option that `command` was given says what
  /// the classifier says already; errors of ClassifierFolder::Load.
  Result<std::optional<app::Classifier>> Load(const CLI::App& command) const;
};

}  // namespace tegula::cli
