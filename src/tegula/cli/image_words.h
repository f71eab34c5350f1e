// cli/image_words.h — the words by which commands are told which part of an image a model gets.
#pragma once

#include <string>
#include <vector>

#include "tegula/image/binding.h"

namespace CLI {
class App;
}

namespace tegula::cli {

/// Names separated by commas, trimmed; empty ones are left out.
std::vector<std::string> Names(const std::string& list);

struct ImageWords {
  std::string channels;
  int level = -1;
  double pixel_size = 0;
  std::string z, t;

  /// Declares --channels, --level, --pixel-size, --z and --t, which write here.
  void AddTo(CLI::App& command);
  /// What was said of them. kInvalid.
  Result<image::BindingRequest> Binding(const CLI::App& command) const;
};

}  // namespace tegula::cli
