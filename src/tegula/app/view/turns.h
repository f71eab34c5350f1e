// app/view/turns.h — so many at a time: work for somebody who may lose interest while it waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace tegula::app {

/// Thread-safe. The newest goes first: what was asked for last is what is looked at.
class Turns {
 public:
  explicit Turns(int at_once) : free_(at_once) {}

  /// Held while the work is done; empty if it was given up.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(Turns* turns) : turns_(turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->Give();
    }
    explicit operator bool() const noexcept { return turns_ != nullptr; }

   private:
    Turns* turns_ = nullptr;
  };

  /// Waits until it is the caller's turn or `is_gone` says that nobody waits for it, which is asked ten times a second
  /// (and once before the turn is given).
  Turn Take(const std::function<bool()>& is_gone) {
    std::unique_lock lock(mutex_);
    const long number = ++newest_;
    waiting_.push_back(number);
    for (;;) {
      if (free_ > 0 && waiting_.back() == number) break;
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      if (free_ > 0 && waiting_.back() == number) break;
      lock.unlock();
      const bool gone = is_gone();
      lock.lock();
      if (!gone) continue;
      std::erase(waiting_, number);
      changed_.notify_all();
      return {};
    }
    waiting_.pop_back();
    if (is_gone()) {
      changed_.notify_all();
      return {};
    }
    --free_;
    changed_.notify_all();
    return Turn(this);
  }

 private:
  void Give() {
    const std::lock_guard lock(mutex_);
    ++free_;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  long newest_ = 0;
  std::vector<long> waiting_;  // ascending
};

}  // namespace tegula::app
