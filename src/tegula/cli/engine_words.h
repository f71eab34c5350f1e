// cli/engine_words.h — the words by which commands are told what is to run the network.
#pragma once

#include <string>

#include "tegula/app/prove.h"
#include "tegula/cli/commands.h"

namespace tegula::cli {

struct EngineWords {
  std::string engine = "auto", weights, device = "cpu", precision = "f32";

  /// Declares --engine, --weight-format, --device and --precision, which write here.
  void AddTo(CLI::App& command);
  /// What was said of them; kInvalid for a weights format that does not exist.
  Result<app::EngineRequest> Request(const Session& session) const;
};

}  // namespace tegula::cli
