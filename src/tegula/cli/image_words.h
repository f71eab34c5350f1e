// cli/image_words.h — the words by which commands are told which part of an image a model gets.
#pragma once

#include <string>

#include "tegula/app/request_words.h"
#include "tegula/image/binding.h"

namespace CLI {
class App;
}

namespace tegula::cli {

using app::ChannelWords;
using app::Names;

struct ImageWords {
  std::string channels, stains;
  std::string z, t, z_projection;
  int level = -1;
  double pixel_size = 0, downsample = 0;

  /// Declares --channels, --stains, --z, --t, --z-projection, --level, --pixel-size and --downsample, which write here.
  void AddTo(CLI::App& command);
  /// What was said of them. kInvalid.
  Result<image::BindingRequest> Binding(const CLI::App& command) const;
};

}  // namespace tegula::cli
