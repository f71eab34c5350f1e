// core/run_context.h — what a long-running call is given from outside: threads, a way to be stopped,
// somewhere to report to, and what it may do. Nothing below `app` makes any of these itself.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

#include "tegula/core/executor.h"
#include "tegula/core/limits.h"

namespace tegula {

/// Hears how far a stage is. Called from any worker, several times a second; implementations are
/// thread-safe and fast.
class Progress {
 public:
  virtual ~Progress() = default;
  /// `stage` is a short verb phrase ("predicting"); `done` of `total` in `unit`s ("tiles", "chunks").
  virtual void Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) = 0;
  /// One sentence the user should see now: a choice that was made, a deviation, a warning.
  virtual void Note(std::string_view sentence) = 0;
};

/// Says nothing.
class SilentProgress final : public Progress {
 public:
  void Update(std::string_view, std::int64_t, std::int64_t, std::string_view) override {}
  void Note(std::string_view) override {}
};

/// Borrowed for the length of a call.
struct RunContext {
  const Executor& executor;
  Progress& progress;
  std::stop_token stop = {};
  Limits limits = {};
  bool offline = false;  ///< the network is never touched
};

}  // namespace tegula
