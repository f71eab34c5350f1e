// Any text as an address: what is read can be written and read again, and never leads out of its places.

#include <cstdint>
#include <cstdlib>

#include "tegula/zoo/address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tegula::zoo::Address;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<Address> address = tegula::zoo::ParseAddress(text);
  if (!address) return 0;
  if (tegula::zoo::ParseAddress(ToString(*address)) != address) std::abort();
  const tegula::Result<tegula::zoo::Remote> remote = RemoteOf(tegula::zoo::Places{}, *address);
  if (!remote.ok()) return 0;
  if (remote->FileUrl("a").find_first_of(" \n\r\"") != std::string::npos) std::abort();
  return 0;
}
