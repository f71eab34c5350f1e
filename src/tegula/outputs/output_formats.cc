#include "tegula/outputs/output_formats.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/outputs/npy_export.h"
#include "tegula/outputs/ome_tiff.h"

namespace tegula::outputs {
namespace {

constexpr CompressionRow kOfZarr[] = {
    {Compression::kBlosc, "blosc", 0, 9, 5,
     "lz4 for floating-point numbers, zstd for integers, after a shuffle of bits"},
    {Compression::kBloscLz4, "blosc-lz4", 0, 9, 5, "fastest"},
    {Compression::kBloscZstd, "blosc-zstd", 0, 9, 1, "smallest for floating-point numbers"},
    {Compression::kZstd, "zstd", 1, 19, 1, "without a shuffle"},
    {Compression::kGzip, "gzip", 1, 9, 1, "slow, read by everything"},
    {Compression::kNone, "none", 0, 0, 0, "as it is"},
};
constexpr CompressionRow kOfTiff[] = {
    {Compression::kDeflate, "deflate", 1, 9, 1, "read by everything"},
    {Compression::kZstd, "zstd", 1, 19, 1,
     "smaller and faster; Bio-Formats (QuPath, Fiji) since the end of 2022, libtiff since 4.0.10"},
    {Compression::kNone, "none", 0, 0, 0, "as it is"},
    {Compression::kJpeg, "jpeg", 1, 100, 90, "lossy, for three channels of uint8 that are red, green and blue"},
    {Compression::kDeflateFloat, "deflate-float", 1, 9, 1,
     "floats a tenth smaller; Bio-Formats (QuPath, Fiji) refuses it"},
    {Compression::kZstdFloat, "zstd-float", 1, 19, 3, "the same with zstd"},
};

Status AnyStore(const StoreOptions&, const CompressionChoice&) { return Ok(); }

OmeTiffOptions TiffOptionsOf(const CompressionChoice& choice) {
  using zarr::Compressor;
  const int level =
      choice.level.value_or(std::ranges::find(kOfTiff, choice.compression, &CompressionRow::compression)->usual);
  OmeTiffOptions options;
  switch (choice.compression) {
    case Compression::kZstd:
    case Compression::kZstdFloat: options.encoding = {Compressor::kZstd, level}; break;
    case Compression::kNone:
    case Compression::kJpeg: options.encoding = {Compressor::kNone, 0}; break;
    default: options.encoding = {Compressor::kZlib, level}; break;
  }
  options.has_float_predictor =
      choice.compression == Compression::kZstdFloat || choice.compression == Compression::kDeflateFloat;
  if (choice.compression == Compression::kJpeg) options.jpeg_quality = level;
  return options;
}

Status CheckTiff(const StoreOptions& store, const CompressionChoice& choice) {
  return CheckOmeTiff(store, TiffOptionsOf(choice));
}

ChunkCoding TiffCoding(const CompressionChoice& choice, DType dtype) {
  // Flags become numbers in a TIFF, and JPEG loses something: their stores are of the usual kind.
  if (dtype == DType::kBool || choice.compression == Compression::kJpeg) return {};
  return TileCoding(TiffOptionsOf(choice), dtype);
}

Status OmeTiffOf(const RunContext& context, const ChunkStore& store, const Path& path, const FormatOptions& options) {
  OmeTiffOptions tiff = TiffOptionsOf(options.compression);
  tiff.creator = options.creator;
  return WriteOmeTiff(context, store, path, tiff);
}

Status CheckArray(const StoreOptions& store, const CompressionChoice&) { return CheckNpy(store); }

Status NpyOf(const RunContext& context, const ChunkStore& store, const Path& path, const FormatOptions&) {
  return ExportNpy(context, store, path);
}

constexpr OutputFormat kFormats[] = {
    {"ome-zarr", ".ome.zarr",
     "OME-Zarr 0.5 (Zarr 3): a folder of compressed chunks with a pyramid, in shards with --shard", kOfZarr,
     ZarrFormat::k3, &AnyStore, nullptr, nullptr},
    {"ome-zarr-0.4", ".ome.zarr", "OME-Zarr 0.4 (Zarr 2): the same for software that does not read 0.5 yet", kOfZarr,
     ZarrFormat::k2, &AnyStore, nullptr, nullptr},
    {"ome-tiff", ".ome.tif", "OME-TIFF: one tiled file with a pyramid, for QuPath and Fiji; no 64-bit integers",
     kOfTiff, std::nullopt, &CheckTiff, &OmeTiffOf, &TiffCoding},
    {"npy",
     ".npy",
     "an array for numpy.load, up to 1 GB: the axes among t, c, z, y, x, without pyramid and names",
     {},
     std::nullopt,
     &CheckArray,
     &NpyOf,
     nullptr},
};

template <class Rows>
std::string NamesOf(const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<std::vector<ChosenFormat>> FindFormats(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (std::ranges::find(kFormats, name, &OutputFormat::name) == std::end(kFormats))
      return InvalidError(fmt::format("there is no output format '{}'; there are {}", name, NamesOf(kFormats)));
  std::vector<ChosenFormat> found;
  for (const OutputFormat& format : kFormats)
    if (names.empty() ? found.empty() : std::ranges::find(names, format.name) != names.end())
      found.push_back(
          {&format, {format.compressions.empty() ? Compression::kNone : format.compressions.front().compression, {}}});
  for (std::size_t i = 1; i < found.size(); ++i)
    if (found[i].format->suffix == found[i - 1].format->suffix)
      return InvalidError(fmt::format("{} and {} would have the same name: ask for one of them",
                                      found[i - 1].format->name, found[i].format->name));
  return found;
}

Status ChooseCompression(const CompressionRequest& request, std::vector<ChosenFormat>& formats) {
  bool is_known = false;
  std::vector<std::string> there_are;
  for (ChosenFormat& chosen : formats) {
    if (!request.format.empty() && request.format != chosen.format->name) continue;
    there_are.push_back(chosen.format->compressions.empty()
                            ? fmt::format("{} is never compressed", chosen.format->name)
                            : fmt::format("{} has {}", chosen.format->name, NamesOf(chosen.format->compressions)));
    const auto row = std::ranges::find(chosen.format->compressions, request.name, &CompressionRow::name);
    if (row == chosen.format->compressions.end()) continue;
    is_known = true;
    if (request.level && (*request.level < row->least || *request.level > row->most))
      return InvalidError(row->most == 0 ? fmt::format("{} has no levels", row->name)
                                         : fmt::format("the level of {} in {} is {} to {}, not {}", row->name,
                                                       chosen.format->name, row->least, row->most, *request.level));
    chosen.compression = {row->compression, request.level};
  }
  if (there_are.empty())
    return InvalidError(fmt::format("how {} is compressed does not matter: it is not asked for", request.format));
  if (!is_known)
    return InvalidError(fmt::format("'{}' compresses nothing here: {}", request.name, fmt::join(there_are, "; ")));
  return Ok();
}

const CompressionRow& RowOf(const ChosenFormat& chosen) {
  return *std::ranges::find(chosen.format->compressions, chosen.compression.compression, &CompressionRow::compression);
}

zarr::Encoding EncodingOf(const ChosenFormat& chosen, DType dtype) {
  using zarr::Compressor;
  const int level = chosen.compression.level.value_or(RowOf(chosen).usual);
  switch (chosen.compression.compression) {
    case Compression::kNone: return {Compressor::kNone, 0};
    case Compression::kBlosc:
      // Of probabilities lz4 leaves as much as zstd, of small integers it finds nothing.
      if (!IsFloat(dtype)) return {Compressor::kBloscZstd, chosen.compression.level.value_or(1)};
      return {Compressor::kBloscLz4, level};
    case Compression::kBloscLz4: return {Compressor::kBloscLz4, level};
    case Compression::kBloscZstd: return {Compressor::kBloscZstd, level};
    case Compression::kZstd: return {Compressor::kZstd, level};
    case Compression::kGzip: return {Compressor::kGzip, level};
    default: break;  // of formats that are no stores
  }
  return {};
}

}  // namespace

std::span<const OutputFormat> OutputFormats() { return kFormats; }

Result<std::vector<ChosenFormat>> ChooseFormats(const FormatRequest& request) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<ChosenFormat> formats, FindFormats(request.names));
  for (const CompressionRequest& compression : request.compressions)
    TEGULA_TRY(ChooseCompression(compression, formats));
  const bool has_shards =
      std::ranges::any_of(formats, [](auto& chosen) { return chosen.format->store == ZarrFormat::k3; });
  if (request.shard_pixels > 0 && !has_shards)
    return InvalidError("shards are for chunks of OME-Zarr 0.5, which is not asked for: --format ome-zarr");
  return formats;
}

std::string NameOf(const ChosenFormat& chosen) {
  if (chosen.format->compressions.empty()) return "none";
  const CompressionRow& row = RowOf(chosen);
  if (row.most == 0 || (row.compression == Compression::kBlosc && !chosen.compression.level))
    return std::string(row.name);
  return fmt::format("{}:{}", row.name, chosen.compression.level.value_or(row.usual));
}

bool IsLossy(const ChosenFormat& chosen) noexcept { return chosen.compression.compression == Compression::kJpeg; }

WorkingStore SetWorkingStore(std::span<const ChosenFormat> chosen, std::int64_t shard_pixels, StoreOptions& options) {
  const auto kept = std::ranges::find_if(chosen, [](const ChosenFormat& each) { return each.format->is_store(); });
  if (kept == chosen.end()) {
    const auto takes =
        std::ranges::find_if(chosen, [](const ChosenFormat& each) { return each.format->coding != nullptr; });
    if (takes != chosen.end()) options.coding = takes->format->coding(takes->compression, options.dtype);
    return {&kFormats[0], false};
  }
  options.format = *kept->format->store;
  options.coding = {EncodingOf(*kept, options.dtype), Filter::kNone};
  for (StoreAxis& axis : options.axes)
    if (shard_pixels > 0 && options.format == ZarrFormat::k3 && (axis.name == 'y' || axis.name == 'x'))
      axis.shard = CeilDiv(std::min(shard_pixels, axis.size), axis.chunk);
  return {kept->format, true};
}

}  // namespace tegula::outputs
