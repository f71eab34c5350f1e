#include "tegula/core/executor.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace tegula {
namespace {

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(int workers) : workers_(std::max(1, workers)) {}
  int workers() const noexcept override { return workers_; }
  void ForEach(std::int64_t items, FunctionRef<void(std::int64_t, int)> body) const override {
    std::atomic<std::int64_t> next{0};
    const auto work = [&](int worker) {
      for (std::int64_t item = next++; item < items; item = next++) body(item, worker);
    };
    std::vector<std::jthread> threads;
    const auto useful = static_cast<int>(std::min<std::int64_t>(workers_, items));
    for (int worker = 1; worker < useful; ++worker) threads.emplace_back(work, worker);
    work(0);
  }

 private:
  int workers_;
};

}  // namespace

void SerialExecutor::ForEach(std::int64_t items, FunctionRef<void(std::int64_t, int)> body) const {
  for (std::int64_t item = 0; item < items; ++item) body(item, 0);
}

std::unique_ptr<Executor> NewThreadExecutor(int workers) { return std::make_unique<ThreadExecutor>(workers); }

Status ForEach(const Executor& executor, std::int64_t items, std::stop_token stop,
               FunctionRef<Status(std::int64_t, int)> body) {
  std::mutex mutex;
  std::int64_t failed_item = items;
  Error failure;
  std::atomic<bool> failed{false};
  executor.ForEach(items, [&](std::int64_t item, int worker) {
    if (failed.load(std::memory_order_relaxed) || stop.stop_requested()) return;
    Status status = body(item, worker);
    if (status.ok()) return;
    failed = true;
    const std::lock_guard lock(mutex);
    if (item >= failed_item) return;
    failed_item = item;
    failure = std::move(status).error();
  });
  if (failed) return failure;
  if (stop.stop_requested()) return CancelledError();
  return Ok();
}

}  // namespace tegula
