// outputs/output_formats.h — the table of formats in which a prediction can be kept, and of how each compresses.
//
// While it is made a prediction is a ChunkStore, which many workers write and a reader finds whole. So that is the
// working form of every run, and formats that are no stores are made from the finished one. A new one is a row in
// output_formats.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

enum class Compression : std::uint8_t {
  kNone,
  kBlosc,
  kBloscLz4,
  kBloscZstd,
  kZstd,
  kGzip,
  kDeflate,
  kDeflateFloat,
  kZstdFloat,
  kJpeg
};

/// One way in which a format compresses.
struct CompressionRow {
  Compression compression;
  std::string_view name;   ///< "zstd", as requests call it
  int least, most, usual;  ///< levels; all 0 if there are none
  std::string_view description;
};

struct CompressionChoice {
  Compression compression = Compression::kNone;
  std::optional<int> level;  ///< nothing: the usual one
};

/// What a file is made with.
struct FormatOptions {
  std::string creator;  ///< program and version
  CompressionChoice compression;
};

struct OutputFormat {
  std::string_view name;    ///< "ome-tiff", as requests call it
  std::string_view suffix;  ///< ".ome.tif", of the file or folder
  std::string_view description;
  std::span<const CompressionRow> compressions;  ///< the first is what is taken if nothing is said
  std::optional<ZarrFormat> store;               ///< of formats that are stores themselves
  /// Ok if the format can hold such a store, else one sentence that says what it cannot.
  Status (*check)(const StoreOptions& store, const CompressionChoice& compression);
  /// Makes the file from a finished store. Errors and cost as the format says. Null of stores.
  Status (*write)(const RunContext& context, const ChunkStore& store, const Path& path, const FormatOptions& options);

  /// How its chunks are coded where it takes those of a store as they are; null: it takes none.
  ChunkCoding (*coding)(const CompressionChoice& compression, DType dtype);

  bool is_store() const noexcept { return store.has_value(); }
};

/// The first is what is made if nothing is said.
std::span<const OutputFormat> OutputFormats();

struct CompressionRequest {
  std::string format;  ///< its name; empty: every format that has it
  std::string name;
  std::optional<int> level;
};
struct FormatRequest {
  std::vector<std::string> names;  ///< empty: the first format
  std::vector<CompressionRequest> compressions;
  std::int64_t shard_pixels = 0;  ///< edge of a shard along y and x, rounded up to whole chunks; 0: no shards
};

struct ChosenFormat {
  const OutputFormat* format = nullptr;
  CompressionChoice compression;
};

/// The formats with these names, each once and in the table's order. kInvalid, with what there is, for a name, a
/// compression or a level that is not there, for two formats of the same file name, and for shards without a format
/// that has them.
Result<std::vector<ChosenFormat>> ChooseFormats(const FormatRequest& request);

/// "zstd:3", "none".
std::string NameOf(const ChosenFormat& chosen);
/// Whether what is kept is only nearly what was predicted.
bool IsLossy(const ChosenFormat& chosen) noexcept;

/// The store in which a prediction is made that is to be kept in these formats: the first of them that is a store, else
/// one for the way. Sets format, coding and shards of `options`, whose other members are complete.
struct WorkingStore {
  const OutputFormat* format = nullptr;  ///< a store
  bool is_kept = false;
};
WorkingStore SetWorkingStore(std::span<const ChosenFormat> chosen, std::int64_t shard_pixels, StoreOptions& options);

}  // namespace tegula::outputs
