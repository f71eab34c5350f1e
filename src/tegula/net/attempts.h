// net/attempts.h — inside the module: how often a request is made, when again, and where redirects lead.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "tegula/net/download.h"

namespace tegula::net {

/// The attempts to get one thing. Borrows everything. One thread at a time.
class Attempts {
 public:
  Attempts(const std::string& url, const RetryOptions& options, const Downloader::Wait& wait)
      : url_(url), options_(options), wait_(wait), address_(url), wait_seconds_(options.first_wait_seconds) {}

  /// Where the next request goes.
  const std::string& address() const noexcept { return address_; }

  /// The server said that what is wanted is elsewhere. kIo for the last of too many times, or if it does not say where;
  /// kInvalid if encryption would end.
  Status Follow(const std::string& location);

  /// More has come than ever before: failures so far do not count.
  void Progress() noexcept {
    failures_ = 0;
    wait_seconds_ = options_.first_wait_seconds;
  }

  /// The request failed: waits until the next may be made, at the first address. `asked_seconds` is what the server
  /// asks for. kIo with the reason if this was the last attempt; kCancelled on a stop request.
  Status Fail(const std::string& reason, double asked_seconds, const std::stop_token& stop);

 private:
  const std::string& url_;
  const RetryOptions& options_;
  const Downloader::Wait& wait_;
  std::string address_;
  int failures_ = 0, redirects_ = 0;
  double wait_seconds_;
};

}  // namespace tegula::net
