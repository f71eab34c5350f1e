#include "tegula/cli/format_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/cli/image_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

// "[FORMAT=]NAME[:LEVEL]".
Result<outputs::CompressionRequest> ParseCompression(const std::string& word) {
  outputs::CompressionRequest request;
  const std::size_t equals = word.find('=');
  if (equals != std::string::npos) request.format = word.substr(0, equals);
  request.name = equals == std::string::npos ? word : word.substr(equals + 1);
  const std::size_t colon = request.name.find(':');
  if (colon == std::string::npos) return request;
  const std::optional<std::int64_t> level = ParseInt(request.name.substr(colon + 1));
  if (!level || *level < -1000 || *level > 1000)
    return InvalidError(fmt::format("--compression {} has no number behind the colon: write it as zstd:3", word));
  request.level = static_cast<int>(*level);
  request.name.resize(colon);
  return request;
}

}  // namespace

void FormatWords::AddTo(CLI::App& command) {
  command
      .add_option(
          "--format", formats,
          "of the prediction: ome-zarr (the default), ome-zarr-0.4, ome-tiff or npy (small ones), several separated by "
          "commas; see `tegula formats`. What is no store itself is made of one at the end, so for a while there must "
          "be space "
          "for both")
      ->allow_extra_args(false);
  command
      .add_option(
          "--compression", compressions,
          "NAME, NAME:LEVEL or FORMAT=NAME:LEVEL. OME-Zarr: blosc (the default: lz4 for floating-point numbers, zstd "
          "for integers), blosc-lz4, blosc-zstd, zstd, gzip, none; OME-TIFF: deflate (the default, opened by "
          "everything), zstd (faster and smaller; QuPath and Fiji with a Bio-Formats from 2023 on), none, jpeg (lossy, "
          "RGB of uint8 only; the level is the quality), deflate-float and zstd-float (floats a tenth smaller, but "
          "QuPath and Fiji refuse them)")
      ->allow_extra_args(false);
  command
      .add_option(
          "--shard", shard,
          "put the chunks of OME-Zarr 0.5 into files (shards) of so many pixels along y and x, rounded up to whole "
          "chunks: fewer files; not all software reads them yet")
      ->check(CLI::PositiveNumber);
}

Result<outputs::FormatRequest> FormatWords::Request() const {
  outputs::FormatRequest request;
  for (const std::string& list : formats)
    for (std::string& name : Names(list)) request.names.push_back(std::move(name));
  for (const std::string& list : compressions)
    for (const std::string& word : Names(list)) {
      TEGULA_ASSIGN_OR_RETURN(outputs::CompressionRequest compression, ParseCompression(word));
      request.compressions.push_back(std::move(compression));
    }
  request.shard_pixels = shard;
  return request;
}

}  // namespace tegula::cli
