// server/rate_limit.h — how many requests a server answers in a second.
#pragma once

#include <algorithm>
#include <mutex>

namespace tegula::server {

/// A bucket of `burst` requests that fills with `per_second`. Thread-safe.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst), left_(burst) {}

  /// Whether one more may be answered at `now_s`, a clock that never goes back.
  bool Take(double now_s) {
    const std::lock_guard lock(mutex_);
    left_ = std::min(burst_, left_ + std::max(0.0, now_s - last_s_) * per_second_);
    last_s_ = std::max(last_s_, now_s);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const double per_second_, burst_;
  std::mutex mutex_;
  double left_;
  double last_s_ = 0;
};

}  // namespace tegula::server
