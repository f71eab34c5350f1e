// net/connections.h — several requests at once, over few connections that stay open.
//
// Who reads an image far away waits for most of the time: with 50 ms to the server one request after the other brings
// 20 chunks a second. A fixed number of connections serves everyone who reads; what one reader may do at once is what
// the others leave free, so neither threads nor requests grow with the number of readers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"
#include "tegula/net/download.h"

namespace tegula::net {

/// Thread-safe.
class Connections {
 public:
  using Make = std::function<Result<Downloader>()>;
  /// As many as `executor` has workers, which wait for requests. Each is made when it is first needed.
  Connections(std::unique_ptr<const Executor> executor, Make make)
      : executor_(std::move(executor)), make_(std::move(make)), free_(executor_->workers()) {}

  /// One connection, for as long as this lives.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Downloader* operator->() const noexcept { return downloader_.get(); }

   private:
    friend class Connections;
    Lease(Connections& from, std::unique_ptr<Downloader> downloader)
        : from_(&from), downloader_(std::move(downloader)) {}
    Connections* from_;
    std::unique_ptr<Downloader> downloader_;
  };
  /// Waits until one is free. kCancelled on a stop request; errors of making one. Nobody may hold two.
  Result<Lease> Borrow(const std::stop_token& stop);

  /// Calls body(item) for every item in [0, items), in any order, at most `most` of them at once, on as many threads as
  /// there are free connections now, and at least on the calling one. The first failure ends it; kCancelled on a stop
  /// request.
  Status ForEach(std::int64_t items, std::int64_t most, const std::stop_token& stop,
                 FunctionRef<Status(std::int64_t item)> body);

 private:
  void Return(std::unique_ptr<Downloader> downloader);
  std::unique_ptr<const Executor> executor_;
  Make make_;
  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<std::unique_ptr<Downloader>> idle_;
  int free_;  // idle or not made yet
};

/// As many connections over the network as `executor` has workers, with the environment's settings. A long run is worth
/// a longer outage: by these attempts some 15 s.
std::shared_ptr<Connections> NewConnections(std::unique_ptr<const Executor> executor,
                                            const RetryOptions& options = {.attempts = 6});

}  // namespace tegula::net
