// Any text as what a collection publishes: read without trust, and what is read is as ids, versions and sums are.

#include <cstdint>
#include <cstdlib>

#include "tegula/zoo/address.h"
#include "tegula/zoo/cache.h"
#include "tegula/zoo/catalogue.h"
#include "tegula/zoo/index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tegula::zoo;  // lint-allow: one short function
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tegula::Limits limits;
  limits.index_items = 1000;
  if (const tegula::Result<Index> index = ParseIndex(text, limits); index.ok()) {
    for (const IndexItem& item : index->models) {
      if (!ParseAddress(item.name) || item.versions.empty()) std::abort();
      for (const IndexVersion& version : item.versions)
        if (!IsSha256(version.sha256)) std::abort();
    }
    (void)index->Near("affable-shark");
  }
  for (const auto& [name, bytes] : ParseFileList(text))
    if (bytes < 0) std::abort();
  (void)ParseReport(text).ok();
  if (const tegula::Result<Catalogue> catalogue = CatalogueFromJson(text, limits); catalogue.ok())
    (void)Search(*catalogue, {.words = {"nuclei"}, .axes = "yx"});
  return 0;
}
