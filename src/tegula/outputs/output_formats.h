// outputs/output_formats.h — the table of formats in which a prediction can be kept.
//
// While it is made a prediction is a ChunkStore, which many workers write and a reader finds whole. So that is the
// working form of every run, and the other formats are made from the finished store. A new one is a row in
// output_formats.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

struct OutputFormat {
  std::string_view name;    ///< "ome-tiff", as requests call it
  std::string_view suffix;  ///< ".ome.tif", of the file or folder
  std::string_view description;
  /// Ok if the format can hold such a store, else one sentence that says what it cannot.
  Status (*check)(const StoreOptions& store);
  /// Makes the file from a finished store; `creator` is program and version. Errors and cost as the format says. Null:
  /// the store itself is in this format.
  Status (*write)(const RunContext& context, const ChunkStore& store, const Path& path, const std::string& creator);

  bool is_store() const noexcept { return write == nullptr; }
};

/// The first is what is made if nothing is said.
std::span<const OutputFormat> OutputFormats();

/// The formats with these names, each once and in the table's order. kInvalid, with all names, for one that is not
/// there; for no names the first format.
Result<std::vector<const OutputFormat*>> FindOutputFormats(const std::vector<std::string>& names);

}  // namespace tegula::outputs
