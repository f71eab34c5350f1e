// cli/progress_bar.h — progress for people: one line that is redrawn on a terminal, plain lines every few
// seconds in a log.
#pragma once

#include <mutex>
#include <string>

#include "tegula/core/run_context.h"

namespace tegula::cli {

/// What a stage looks like at a moment: "predicting  45 % [#####     ]  120/267 tiles  3.2 tiles/s  46 s left".
/// `columns` 0 leaves out the bar.
std::string ProgressLine(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit,
                         double seconds, int columns);

/// Writes to standard error. Thread-safe.
class ProgressBar final : public Progress {
 public:
  enum class Style { kTerminal, kLines, kQuiet };
  explicit ProgressBar(Style style) : style_(style) {}
  ~ProgressBar() override;
  void Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) override;
  void Note(std::string_view sentence) override;

 private:
  void ClearLine();
  Style style_;
  std::mutex mutex_;
  std::string stage_;
  double stage_began_ = 0;
  double last_shown_ = 0;
  bool line_open_ = false;
};

}  // namespace tegula::cli
