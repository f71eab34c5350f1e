#include "tegula/server/guard.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "tegula/core/text.h"

namespace tegula::server {
namespace {

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string_view HostName(std::string_view host) {
  const bool is_bracketed = host.starts_with('[');
  const std::size_t end = is_bracketed ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == std::string_view::npos) return {};
  const std::string_view name = host.substr(0, end), after = host.substr(end + (is_bracketed ? 1 : 0));
  const bool is_port = after.starts_with(':') && after.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!after.empty() && !is_port) return {};
  return is_bracketed ? name.substr(1) : name;
}

bool IsNumericAddress(std::string_view name) {
  if (name.find(':') != std::string_view::npos)
    return name.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  const std::vector<std::string> parts = Split(name, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           const bool has_form =
               !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == std::string::npos;
           return has_form && *ParseInt(part) <= 255;
         });
}

Status Guard::CheckPlace(const Knock& knock) const {
  const std::string name = ToLower(HostName(knock.host));
  const bool is_known =
      name == "localhost" || IsNumericAddress(name) || std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end();
  if (!is_known)
    return InvalidError(fmt::format(
        "'{}' is not a name of this server; if it is reached under it, start it with --host {}", name, name));
  if (knock.origin.empty()) return Ok();
  const std::string host(knock.host);
  if (knock.origin == "http://" + host || knock.origin == "https://" + host) return Ok();
  return InvalidError("pages of other servers may not ask this one");
}

Status Guard::CheckToken(const Knock& knock) const {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = knock.bearer.starts_with(kBearer) ? knock.bearer.substr(kBearer.size()) : knock.token;
  if (IsSame(given, token_)) return Ok();
  return InvalidError("the address needs its token; open the one that `tegula view` has printed");
}

Result<std::string> NewToken() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return IoError("the system gives no random numbers for a token");
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

}  // namespace tegula::server
