#include "tegula/net/connections.h"

#include <algorithm>

namespace tegula::net {

Connections::Lease::~Lease() {
  if (downloader_ != nullptr) from_->Return(std::move(downloader_));
}

Result<Connections::Lease> Connections::Borrow(const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    if (!returned_.wait(lock, stop, [&] { return free_ > 0; })) return CancelledError();
    --free_;
    if (!idle_.empty()) {
      std::unique_ptr<Downloader> downloader = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(downloader));
    }
  }
  Result<Downloader> made = make_();
  if (!made.ok()) {
    Return(nullptr);
    return std::move(made).error();
  }
  return Lease(*this, std::make_unique<Downloader>(std::move(made).value()));
}

void Connections::Return(std::unique_ptr<Downloader> downloader) {
  {
    const std::lock_guard lock(mutex_);
    ++free_;
    if (downloader != nullptr) idle_.push_back(std::move(downloader));
  }
  returned_.notify_one();
}

Status Connections::ForEach(std::int64_t items, std::int64_t most, const std::stop_token& stop,
                            FunctionRef<Status(std::int64_t)> body) {
  std::int64_t at_once = 1;
  {
    const std::lock_guard lock(mutex_);
    at_once = std::clamp<std::int64_t>(free_, 1, std::max<std::int64_t>(1, std::min(items, most)));
  }
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&](std::int64_t, int) -> Status {
    for (std::int64_t item = next++; item < items && !failed; item = next++) {
      if (stop.stop_requested()) return CancelledError();
      Status status = body(item);
      failed = failed || !status.ok();
      TEGULA_TRY(status);
    }
    return Ok();
  };
  return tegula::ForEach(*executor_, at_once, stop, work);
}

std::shared_ptr<Connections> NewConnections(std::unique_ptr<const Executor> executor, const RetryOptions& options) {
  return std::make_shared<Connections>(std::move(executor), [options] { return NewDownloader(options); });
}

}  // namespace tegula::net
