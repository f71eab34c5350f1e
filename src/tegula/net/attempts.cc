#include "tegula/net/attempts.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/net/address.h"

namespace tegula::net {
namespace {

bool IsSecure(const std::string& address) { return ToLower(address.substr(0, 6)) == "https:"; }

}  // namespace

Status Attempts::Follow(const std::string& location) {
  if (++redirects_ > options_.redirects || location.empty())
    return IoError(fmt::format("{} leads from one address to the next without an end", Masked(url_)));
  if (IsSecure(address_) && !IsSecure(location))
    return InvalidError(fmt::format("{} leads to an address without encryption ({}), which is not followed",
                                    Masked(url_), Masked(location)));
  address_ = location;
  return Ok();
}

Status Attempts::Fail(const std::string& reason, double asked_seconds, const std::stop_token& stop) {
  if (++failures_ >= options_.attempts)
    return IoError(fmt::format("{} could not be fetched in {} attempts: {}", Masked(url_), options_.attempts, reason));
  const double seconds = std::min(options_.longest_wait_seconds, std::max(asked_seconds, wait_seconds_));
  if (!wait_(seconds, stop)) return CancelledError();
  wait_seconds_ *= 2;
  address_ = url_;
  redirects_ = 0;
  return Ok();
}

}  // namespace tegula::net
