// cli/convert_words.h — the words by which commands are told how weights are to be converted.
#pragma once

#include <string>

#include "tegula/app/convert/convert.h"
#include "tegula/cli/commands.h"

namespace tegula::cli {

struct ConvertWords {
  std::string to = "auto", python = "auto";
  bool trusts_code = false, is_unconfined = false;
  double seconds = app::ConvertRequest().seconds;
  double gigabytes = 16;

  /// Declares --to, --python, --trust-code, --no-sandbox, --timeout and --memory, which write here.
  void AddTo(CLI::App& command);
  /// What was said of them; without --trust-code a person at a terminal is asked.
  app::ConvertRequest Request(const Session& session) const;
};

}  // namespace tegula::cli
