// Zarr 3 under the metadata of OME-Zarr 0.5: zarr.json everywhere, default chunk keys ("c/0/1/2"), the codecs bytes
// (little-endian) and one compressor, in shards if wanted (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/).
#include <array>
#include <optional>

#include "tegula/outputs/ome_zarr_metadata.h"
#include "tegula/outputs/zarr_layout_formats.h"

namespace tegula::outputs {
namespace {

using zarr::Compressor;
using zarr::Count;
using zarr::Item;
using zarr::Json;
using zarr::Member;
using zarr::Text;

constexpr std::string_view kVersion = "0.5";
constexpr const char* kFilter = "tegula.filter";  // of stores that are to become something else
constexpr const char* kShards = "sharding_indexed";

Json WithConfiguration(std::string_view name, Json configuration) {
  return {{"name", name}, {"configuration", std::move(configuration)}};
}

Json Bytes(std::int64_t type_size) {
  return type_size > 1 ? WithConfiguration("bytes", {{"endian", "little"}}) : Json{{"name", "bytes"}};
}

Json CompressorJson(const zarr::Encoding& encoding, std::int64_t type_size) {
  const zarr::CompressorName& named = zarr::NameOf(encoding.compressor);
  if (encoding.compressor == Compressor::kZstd)
    return WithConfiguration(named.name, {{"level", encoding.level}, {"checksum", false}});
  if (named.cname.empty()) return WithConfiguration(named.name, {{"level", encoding.level}});
  return WithConfiguration(named.name, {{"cname", named.cname},
                                        {"clevel", encoding.level},
                                        {"shuffle", type_size > 1 ? "bitshuffle" : "noshuffle"},
                                        {"typesize", type_size},
                                        {"blocksize", 0}});
}

Json CodecsJson(const StoreOptions& options) {
  const std::int64_t type_size = DTypeSize(options.dtype);
  Json codecs = Json::array();
  if (options.coding.filter != Filter::kNone)
    codecs.push_back(WithConfiguration(kFilter, {{"predictor", static_cast<int>(options.coding.filter)}}));
  codecs.push_back(Bytes(type_size));
  if (options.coding.encoding.compressor != Compressor::kNone)
    codecs.push_back(CompressorJson(options.coding.encoding, type_size));
  if (!IsSharded(options)) return codecs;
  Json chunk = Json::array();
  for (const StoreAxis& axis : options.axes) chunk.push_back(axis.chunk);
  return Json::array({WithConfiguration(kShards, {{"chunk_shape", std::move(chunk)},
                                                  {"codecs", std::move(codecs)},
                                                  {"index_codecs", Json::array({Bytes(8), {{"name", "crc32c"}}})},
                                                  {"index_location", "end"}})});
}

Json ArrayJson(const StoreOptions& options, int level) {
  Json shape = Json::array(), chunk = Json::array(), names = Json::array();
  const Shape level_shape = ShapeOfLevel(options, level);
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    shape.push_back(level_shape[static_cast<int>(i)]);
    chunk.push_back(options.axes[i].chunk * options.axes[i].shard);
    names.push_back(std::string(1, options.axes[i].name));
  }
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", std::move(shape)},
          {"data_type", DTypeName(options.dtype)},
          {"chunk_grid", WithConfiguration("regular", {{"chunk_shape", std::move(chunk)}})},
          {"chunk_key_encoding", WithConfiguration("default", {{"separator", "/"}})},
          {"fill_value", FillJson(options)},
          {"codecs", CodecsJson(options)},
          {"dimension_names", std::move(names)},
          {"attributes", ScaleJson(options)}};
}

std::vector<MetadataFile> Group(const StoreOptions& options) {
  Json ome = {{"version", kVersion}};
  ome.update(OmeJson(options, kVersion));
  const Json group = {{"zarr_format", 3}, {"node_type", "group"}, {"attributes", {{"ome", std::move(ome)}}}};
  return {{"zarr.json", MetadataText(group)}};
}

std::vector<MetadataFile> Array(const StoreOptions& options, int level) {
  return {{"zarr.json", MetadataText(ArrayJson(options, level))}};
}

Status ParseCodecs(const Json& codecs, StoreOptions& options) {
  std::size_t at = 0;
  if (const Json& filter = Member(Member(Item(codecs, 0), "configuration"), "predictor"); !filter.is_null()) {
    const std::int64_t number = Count(filter);
    if (number < 1 || number > 3) return Differs("codecs");
    options.coding.filter = static_cast<Filter>(number);
    ++at;
  }
  options.coding.encoding = {Compressor::kNone, 0};
  const Json& compressor = Item(codecs, at + 1);
  if (compressor.is_null()) return Ok();
  const Json& configuration = Member(compressor, "configuration");
  const bool is_blosc = Text(Member(compressor, "name")) == "blosc";
  const std::optional<Compressor> named =
      zarr::FindCompressor(Text(Member(compressor, "name")), Text(Member(configuration, "cname")));
  const std::int64_t level = Count(Member(configuration, is_blosc ? "clevel" : "level"));
  if (!named || level < 0 || level > 100) return Differs("codecs");
  options.coding.encoding = {*named, static_cast<int>(level)};
  return Ok();
}

Status ParseArray(const Json& array, StoreOptions& options) {
  const std::optional<DType> dtype = StoredDTypeFromName(Text(Member(array, "data_type")));
  if (!dtype) return Differs("data_type");
  options.dtype = *dtype;
  const Json& outer = Member(Member(Member(array, "chunk_grid"), "configuration"), "chunk_shape");
  const Json* codecs = &Member(array, "codecs");
  const Json& shards = Item(*codecs, 0);
  if (Text(Member(shards, "name")) == kShards) {
    const Json& inner = Member(Member(shards, "configuration"), "chunk_shape");
    codecs = &Member(Member(shards, "configuration"), "codecs");
    TEGULA_TRY(ParseSizes(Member(array, "shape"), inner, options));
    for (std::size_t i = 0; i < options.axes.size(); ++i) {
      const std::int64_t shard = Count(Item(outer, i)), chunk = options.axes[i].chunk;
      if (chunk < 1 || shard < 1 || shard % chunk != 0) return CorruptError("its shards are not made of whole chunks");
      options.axes[i].shard = shard / chunk;
    }
  } else {
    TEGULA_TRY(ParseSizes(Member(array, "shape"), outer, options));
  }
  TEGULA_ASSIGN_OR_RETURN(options.fill, ParseFill(Member(array, "fill_value")));
  return ParseCodecs(*codecs, options);
}

Result<StoreOptions> Parse(std::string_view group, std::string_view level0, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Json group_json, ParseMetadataText(group));
  TEGULA_ASSIGN_OR_RETURN(const Json array_json, ParseMetadataText(level0));
  const Json& ome = Member(Member(group_json, "attributes"), "ome");
  if (Text(Member(ome, "version")) != kVersion) return UnsupportedError("it is not an image of OME-Zarr 0.5");
  StoreOptions options;
  options.format = ZarrFormat::k3;
  TEGULA_TRY(ParseOme(ome, options));
  TEGULA_TRY(ParseArray(array_json, options));
  TEGULA_TRY(CompleteParsed(options, limits));
  TEGULA_TRY(CheckOme(ome, options));
  return options;
}

Status CheckArray(std::string_view text, const StoreOptions& options, int level) {
  constexpr std::array kFields = {"zarr_format",        "node_type",  "shape",  "data_type",      "chunk_grid",
                                  "chunk_key_encoding", "fill_value", "codecs", "dimension_names"};
  TEGULA_ASSIGN_OR_RETURN(const Json actual, ParseMetadataText(text));
  return CheckSame(actual, ArrayJson(options, level), kFields);
}

}  // namespace

const ZarrLayout kZarr3 = {ZarrFormat::k3, "zarr.json", "zarr.json", "c/", &Group, &Array, &Parse, &CheckArray};

}  // namespace tegula::outputs
