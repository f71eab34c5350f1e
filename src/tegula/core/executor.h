// core/executor.h — threads are handed in, never made below `app`.
//
// All parallel work of Tegula is "do these items, in any order, with these workers". A pipeline worker
// carries one tile through all stages, so the number of workers bounds what is in memory; tests hand in an
// executor that shuffles the order to make order and seam defects reproducible.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"

namespace tegula {

/// Runs independent items. Immutable and thread-safe; ForEach may not be nested in itself.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual int workers() const noexcept = 0;
  /// Calls body(item, worker) once for every item in [0, items), worker in [0, workers()); items start in
  /// ascending order unless the executor says otherwise. Returns when all are done. `body` must not throw.
  virtual void ForEach(std::int64_t items, FunctionRef<void(std::int64_t item, int worker)> body) const = 0;
};

/// All items on the calling thread.
class SerialExecutor final : public Executor {
 public:
  int workers() const noexcept override { return 1; }
  void ForEach(std::int64_t items, FunctionRef<void(std::int64_t, int)> body) const override;
};

/// `workers` threads (at least 1) that live as long as the call.
std::unique_ptr<Executor> NewThreadExecutor(int workers);

/// Like Executor::ForEach for bodies that can fail. After a failure or a stop request no further item
/// starts; of several failures that of the smallest item is returned. A stop gives kCancelled.
Status ForEach(const Executor& executor, std::int64_t items, std::stop_token stop,
               FunctionRef<Status(std::int64_t item, int worker)> body);

}  // namespace tegula
