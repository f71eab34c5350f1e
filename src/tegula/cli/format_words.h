// cli/format_words.h — the words by which `predict` is told in which formats a prediction is kept.
#pragma once

#include <string>
#include <vector>

#include "tegula/outputs/output_formats.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct FormatWords {
  std::vector<std::string> formats, compressions;
  std::int64_t shard = 0;

  /// Declares --format, --compression and --shard, which write here.
  void AddTo(CLI::App& command);
  /// What was said. kInvalid.
  Result<outputs::FormatRequest> Request() const;
};

}  // namespace tegula::cli
