// cli/tile_words.h — the words by which commands are told what windows the network sees.
#pragma once

#include <string>

#include "tegula/app/predict.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct TileWords {
  std::string tile, context, stride, border = "auto";

  /// Declares --tile, --context, --stride and --border, which write here.
  void AddTo(CLI::App& command);
  /// Puts what was said into a request. kInvalid.
  Status Apply(app::PredictRequest& request) const;
};

}  // namespace tegula::cli
