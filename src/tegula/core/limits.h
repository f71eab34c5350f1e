// core/limits.h — the numbers that stand between a hostile file and memory.
//
// Every size that comes from a file or a request is compared with one of these before anything is
// allocated by it. Handed in, so that fuzzers can lower them.
#pragma once

#include <cstdint>

namespace tegula {

struct Limits {
  std::int64_t description_bytes = 8 << 20;     ///< an rdf.yaml
  int yaml_depth = 64;                          ///< nested collections in yaml
  std::int64_t yaml_nodes = 200'000;            ///< after expansion of aliases
  std::int64_t archive_entries = 20'000;        ///< files in a zip
  std::int64_t archive_file_bytes = 8LL << 30;  ///< one file in a zip, unpacked
  std::int64_t index_bytes = 64 << 20;          ///< a collection's index, listing or report
  std::int64_t index_items = 100'000;           ///< resources in an index
  std::int64_t tensor_bytes = 16LL << 30;       ///< one tensor in memory
  std::int64_t axis_size = 1LL << 31;           ///< pixels along one axis of anything
  std::int64_t channels = 4096;                 ///< channels of an image or tensor
};

}  // namespace tegula
