// server/guard.h — who may ask: pure rules, so that each can be tested alone.
//
// The server is reached by any program of this machine and, through the person's browser, by any web page that is open
// in it. What keeps them out:
//   Host     is a number (127.0.0.1) or a name that was allowed. A page whose own name was made to point here (DNS
//            rebinding) sends that name.
//   Origin   where a browser sends one it is this server's own. Another page's requests carry its own.
//   Token    128 random bits, in the address that was printed. Other programs and users do not have it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

namespace tegula::server {

/// What of a request decides.
struct Knock {
  std::string_view host;    ///< the header; empty if there is none
  std::string_view origin;  ///< the header; empty if there is none
  std::string_view bearer;  ///< the header Authorization
  std::string_view token;   ///< the parameter of the address
};

/// Immutable and thread-safe.
class Guard {
 public:
  /// `hosts` are names beside localhost under which the server is reached, without port.
  Guard(std::string token, std::vector<std::string> hosts) : token_(std::move(token)), hosts_(std::move(hosts)) {}

  /// Whether the request comes in under a name and from a page that may: for everything. kInvalid.
  Status CheckPlace(const Knock& knock) const;
  /// Whether it has the token: for all that is not part of the program. kInvalid.
  Status CheckToken(const Knock& knock) const;

 private:
  std::string token_;
  std::vector<std::string> hosts_;
};

/// The name in "name:port", "[::1]:port" or "name"; without brackets. Empty for what has another form.
std::string_view HostName(std::string_view host);
/// Whether it is an IPv4 or IPv6 address in numbers.
bool IsNumericAddress(std::string_view name);
/// 32 hexadecimal digits that nobody can guess. kIo if the system has no randomness.
Result<std::string> NewToken();

}  // namespace tegula::server
