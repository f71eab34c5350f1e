#include "tegula/cli/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tegula/core/platform.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 10;

}  // namespace

std::string ProgressLine(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit,
                         double seconds, int columns) {
  const double part = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
  std::string bar;
  if (columns >= 90) {
    constexpr int kWidth = 24;
    const auto filled = static_cast<std::size_t>(part * kWidth);
    bar = fmt::format(" [{}{}]", std::string(filled, '#'), std::string(kWidth - filled, ' '));
  }
  std::string line = fmt::format("{} {:3.0f} %{}  {}/{} {}", stage, 100 * part, bar, done, total, unit);
  if (done > 0 && seconds > 0.5) {
    const double rate = static_cast<double>(done) / seconds;
    line += fmt::format("  {:.{}f} {}/s", rate, rate < 10 ? 1 : 0, unit);
    if (done < total) line += fmt::format("  {} left", HumanSeconds(static_cast<double>(total - done) / rate));
  }
  return line;
}

ProgressBar::~ProgressBar() {
  const std::lock_guard lock(mutex_);
  ClearLine();
}

void ProgressBar::ClearLine() {
  if (!line_open_) return;
  std::fputs("\r\033[K", stderr);
  line_open_ = false;
}

void ProgressBar::Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) {
  if (style_ == Style::kQuiet) return;
  const std::lock_guard lock(mutex_);
  const double now = MonotonicSeconds();
  if (stage != stage_) {
    stage_ = stage;
    stage_began_ = last_shown_ = now;
  }
  const bool terminal = style_ == Style::kTerminal;
  const bool last = done == total;
  if (now - last_shown_ < (terminal ? kRedrawSeconds : kLineSeconds) &&
      !(last && (terminal ? line_open_ : now - stage_began_ > kLineSeconds)))
    return;
  last_shown_ = now;
  const int columns = terminal ? TerminalColumns() : 0;
  const std::string line = ProgressLine(stage, done, total, unit, now - stage_began_, columns);
  if (!terminal) {
    std::fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  std::fprintf(stderr, "\r\033[K%s", line.substr(0, static_cast<std::size_t>(std::max(20, columns - 1))).c_str());
  std::fflush(stderr);
  line_open_ = true;
}

void ProgressBar::Note(std::string_view sentence) {
  if (style_ == Style::kQuiet) return;
  const std::lock_guard lock(mutex_);
  ClearLine();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
}

}  // namespace tegula::cli
