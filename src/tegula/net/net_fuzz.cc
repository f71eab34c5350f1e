// Any text as what a server or a user says: header lines, addresses.

#include <cstdint>
#include <cstdlib>

#include "tegula/net/address.h"
#include "tegula/net/http_headers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tegula::net;  // lint-allow: one short function
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  HttpHead head;
  AddHeaderLine(text, head);
  if (head.content_length < -1 || head.range_begin < -1 || head.range_size < -1) std::abort();
  // What is masked once has nothing left to mask.
  const std::string masked = Masked(text);
  if (Masked(masked) != masked) std::abort();
  (void)NameOf(text);
  if (const tegula::Result<FolderAddress> folder = FolderAddress::Parse(text); folder.ok()) {
    if (!IsAddress(folder->UrlOf("a/b")) || Masked(folder->shown()) != folder->shown()) std::abort();
    if (!FolderAddress::Parse(folder->UrlOf("a b")).ok()) std::abort();
  }
  return 0;
}
