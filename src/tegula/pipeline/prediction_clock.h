// pipeline/prediction_clock.h — adds up where the time of a prediction's workers goes.
#pragma once

#include <mutex>

#include "tegula/core/platform.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::pipeline {

/// Thread-safe.
struct Prediction::Clock {
  std::mutex mutex;
  StageSeconds total;
  /// Counts the time since `since` for a stage; from now on the next one counts.
  void Add(double StageSeconds::*stage, double& since) {
    const double now = MonotonicSeconds();
    const std::lock_guard lock(mutex);
    total.*stage += now - since;
    since = now;
  }
};

}  // namespace tegula::pipeline
