// Zarr 2 under the metadata of OME-Zarr 0.4: .zgroup, .zattrs and .zarray, chunks in nested folders ("0/1/2"),
// little-endian in C order, one compressor and no filter.
#include <array>
#include <optional>

#include "tegula/outputs/ome_zarr_metadata.h"
#include "tegula/outputs/zarr_layout_formats.h"
#include "tegula/zarr/array_metadata.h"

namespace tegula::outputs {
namespace {

using zarr::Compressor;
using zarr::Count;
using zarr::Item;
using zarr::Json;
using zarr::Member;
using zarr::Text;

constexpr std::string_view kVersion = "0.4";

Json CompressorJson(const StoreOptions& options) {
  const zarr::Encoding& encoding = options.coding.encoding;
  if (encoding.compressor == Compressor::kNone) return nullptr;
  const zarr::CompressorName& named = zarr::NameOf(encoding.compressor);
  if (named.cname.empty()) return {{"id", named.name}, {"level", encoding.level}};
  constexpr int kNoShuffle = 0, kBitShuffle = 2;
  return {{"id", named.name},
          {"cname", named.cname},
          {"clevel", encoding.level},
          {"shuffle", DTypeSize(options.dtype) > 1 ? kBitShuffle : kNoShuffle},
          {"blocksize", 0}};
}

Json ArrayJson(const StoreOptions& options, int level) {
  Json shape = Json::array(), chunks = Json::array();
  const Shape level_shape = ShapeOfLevel(options, level);
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    shape.push_back(level_shape[static_cast<int>(i)]);
    chunks.push_back(options.axes[i].chunk);
  }
  return {{"zarr_format", 2},
          {"shape", std::move(shape)},
          {"chunks", std::move(chunks)},
          {"dtype", zarr::TypeOfZarr2(options.dtype)},
          {"compressor", CompressorJson(options)},
          {"fill_value", FillJson(options)},
          {"order", "C"},
          {"filters", nullptr},
          {"dimension_separator", "/"}};
}

std::vector<MetadataFile> Group(const StoreOptions& options) {
  Json attributes = OmeJson(options, kVersion);
  attributes["multiscales"][0]["version"] = kVersion;
  if (attributes.contains("omero")) attributes["omero"]["version"] = kVersion;
  return {{".zgroup", MetadataText({{"zarr_format", 2}})}, {".zattrs", MetadataText(attributes)}};
}

std::vector<MetadataFile> Array(const StoreOptions& options, int level) {
  std::vector<MetadataFile> files;
  if (const Json scale = ScaleJson(options); !scale.empty()) files.push_back({".zattrs", MetadataText(scale)});
  files.push_back({".zarray", MetadataText(ArrayJson(options, level))});
  return files;
}

Status ParseCompressor(const Json& compressor, StoreOptions& options) {
  options.coding = {{Compressor::kNone, 0}, Filter::kNone};
  if (compressor.is_null()) return Ok();
  const std::string id = Text(Member(compressor, "id"));
  const std::optional<Compressor> named = zarr::FindCompressor(id, Text(Member(compressor, "cname")));
  const std::int64_t level = Count(Member(compressor, id == "blosc" ? "clevel" : "level"));
  if (!named || level < 0 || level > 100) return Differs("compressor");
  options.coding.encoding = {*named, static_cast<int>(level)};
  return Ok();
}

Result<StoreOptions> Parse(std::string_view group, std::string_view level0, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Json attributes, ParseMetadataText(group));
  TEGULA_ASSIGN_OR_RETURN(const Json array, ParseMetadataText(level0));
  if (Text(Member(Item(Member(attributes, "multiscales"), 0), "version")) != kVersion)
    return UnsupportedError("it is not an image of OME-Zarr 0.4");
  StoreOptions options;
  options.format = ZarrFormat::k2;
  TEGULA_TRY(ParseOme(attributes, options));
  const std::optional<DType> dtype = zarr::DTypeOfZarr2(Text(Member(array, "dtype")));
  if (!dtype) return Differs("dtype");
  options.dtype = *dtype;
  TEGULA_TRY(ParseSizes(Member(array, "shape"), Member(array, "chunks"), options));
  TEGULA_ASSIGN_OR_RETURN(options.fill, ParseFill(Member(array, "fill_value")));
  TEGULA_TRY(ParseCompressor(Member(array, "compressor"), options));
  TEGULA_TRY(CompleteParsed(options, limits));
  TEGULA_TRY(CheckOme(attributes, options));
  return options;
}

Status CheckArray(std::string_view text, const StoreOptions& options, int level) {
  constexpr std::array kFields = {
      "zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order", "filters", "dimension_separator"};
  TEGULA_ASSIGN_OR_RETURN(const Json actual, ParseMetadataText(text));
  return CheckSame(actual, ArrayJson(options, level), kFields);
}

}  // namespace

const ZarrLayout kZarr2 = {ZarrFormat::k2, ".zattrs", ".zarray", "", &Group, &Array, &Parse, &CheckArray};

}  // namespace tegula::outputs
