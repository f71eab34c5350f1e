// core/testing/shuffled_executor.h — one thread, a seeded order, and the pretence of many workers, so that
// defects that depend on order or worker reproduce.
#pragma once

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tegula/core/executor.h"

namespace tegula::testing {

class ShuffledExecutor final : public Executor {
 public:
  ShuffledExecutor(std::uint32_t seed, int pretend) : seed_(seed), workers_(pretend) {}
  int workers() const noexcept override { return workers_; }
  void ForEach(std::int64_t items, FunctionRef<void(std::int64_t, int)> body) const override {
    std::vector<std::int64_t> order(static_cast<std::size_t>(items));
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 random(seed_);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::int64_t item : order) body(item, static_cast<int>(item % workers_));
  }

 private:
  std::uint32_t seed_;
  int workers_;
};

}  // namespace tegula::testing
