#include "tegula/zarr/array_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "tegula/core/interval.h"
#include "tegula/zarr/json.h"

namespace tegula::zarr {
namespace {

static_assert(std::endian::native == std::endian::little, "fill values are kept in the byte order of the machine");

constexpr int kMaxDepth = 64;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 60;
constexpr std::int64_t kMaxChunkBytes = std::int64_t{1} << 31;
constexpr std::int64_t kMaxChunksOfShard = std::int64_t{1} << 22;
constexpr std::size_t kMaxCodecs = 8;

Error Wrong(std::string_view field) { return CorruptError(fmt::format("its '{}' is not as Zarr has it", field)); }

// A name as a message can show it.
std::string Shown(const Json& json) {
  constexpr std::size_t kLongest = 60;
  std::string text =
      json.is_string() ? json.get<std::string>() : json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

// The name of an extension: Zarr 3 allows "name" and {"name": ..., "configuration": ...}.
const Json& NameOf(const Json& json) { return json.is_string() ? json : Member(json, "name"); }

Result<Shape> ParseSizes(const Json& json, std::string_view field, const Limits& limits) {
  if (!json.is_array() || json.empty()) return Wrong(field);
  if (json.size() > static_cast<std::size_t>(kMaxRank))
    return UnsupportedError(fmt::format("it has {} axes, more than the {} that are read", json.size(), kMaxRank));
  std::array<std::int64_t, kMaxRank> sizes{};
  for (std::size_t i = 0; i < json.size(); ++i) {
    sizes[i] = Count(json[i]);
    if (sizes[i] < 1) return CorruptError(fmt::format("its '{}' has an axis without pixels", field));
    if (sizes[i] > limits.axis_size)
      return ExhaustedError(fmt::format("an axis of its '{}' is longer than the limit of {}", field, limits.axis_size));
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), json.size()));
}

// The product stays at or below `limit`.
bool Fits(const Shape& shape, std::int64_t limit) {
  for (const std::int64_t size : shape.sizes()) {
    if (size > limit) return false;
    limit /= size;
  }
  return true;
}

Status CheckSizes(const ArrayMetadata& array, const Limits& limits) {
  if (array.chunk.rank() != array.rank()) return CorruptError("its chunks have not one size per axis");
  if (!Fits(array.shape, kMaxPixels)) return ExhaustedError("it has more than 2^60 pixels");
  if (!Fits(array.chunk, std::min(kMaxChunkBytes, limits.tensor_bytes) / DTypeSize(array.dtype)))
    return ExhaustedError(
        fmt::format("a chunk of {} has more than 2 GiB; write the image with smaller chunks", ToString(array.chunk)));
  return Ok();
}

Shape StridesOf(const Shape& shape) { return ConstView(nullptr, DType::kU8, shape).strides(); }

// --- Fill values -----------------------------------------------------------------------------------------------------

template <class T>
std::array<std::byte, 8> BytesOf(T value) {
  std::array<std::byte, 8> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

// "0x7fc00000": the bits of a float.
template <class T>
bool ParseBits(std::string_view text, T& value) {
  using Bits = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
  if (!text.starts_with("0x") || text.size() != 2 + 2 * sizeof(T)) return false;
  Bits bits = 0;
  const auto [end, failed] = std::from_chars(text.data() + 2, text.data() + text.size(), bits, 16);
  value = std::bit_cast<T>(bits);
  return failed == std::errc() && end == text.data() + text.size();
}

template <class T>
bool ParseValue(const Json& json, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    const std::int64_t number = json.is_boolean() ? static_cast<std::int64_t>(json.get<bool>()) : Count(json);
    value = number == 1;
    return number == 0 || number == 1;
  } else if constexpr (std::is_integral_v<T>) {
    if (json.is_number_unsigned()) {
      const auto number = json.get<std::uint64_t>();
      value = static_cast<T>(number);
      return number <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    }
    if (json.is_number_integer()) {
      const auto number = json.get<std::int64_t>();
      value = static_cast<T>(number);
      return std::in_range<T>(number);
    }
    // Zarr 2 in other languages writes 0.0.
    const double number = Number(json).value_or(0.5);
    const bool whole = number == std::trunc(number) && std::abs(number) < 1 << 24;
    if (!whole || !std::in_range<T>(static_cast<std::int64_t>(number))) return false;
    value = static_cast<T>(number);
    return true;
  } else {
    if (const std::optional<double> number = Number(json)) {
      value = static_cast<T>(*number);
      return true;
    }
    const std::string text = Text(json);
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (text == "NaN")
      value = static_cast<T>(std::numeric_limits<double>::quiet_NaN());
    else if (text == "Infinity")
      value = static_cast<T>(kInfinity);
    else if (text == "-Infinity")
      value = static_cast<T>(-kInfinity);
    else
      return ParseBits(text, value);
    return true;
  }
}

Status ParseFill(const Json& json, ArrayMetadata& array) {
  const bool is_value = VisitStoredDType(array.dtype, [&](auto tag) {
    typename decltype(tag)::type value{};
    const bool parsed = ParseValue(json, value);
    array.fill = BytesOf(value);
    return parsed;
  });
  if (!is_value)
    return CorruptError(fmt::format("its fill value {} is not a value of {}", Shown(json), DTypeName(array.dtype)));
  return Ok();
}

// --- Zarr 2 ----------------------------------------------------------------------------------------------------------

struct TypeCode {
  std::string_view code;
  DType dtype;
};
constexpr TypeCode kTypeCodes[] = {{"b1", DType::kBool}, {"u1", DType::kU8},  {"i1", DType::kI8},  {"u2", DType::kU16},
                                   {"i2", DType::kI16},  {"u4", DType::kU32}, {"i4", DType::kI32}, {"u8", DType::kU64},
                                   {"i8", DType::kI64},  {"f2", DType::kF16}, {"f4", DType::kF32}, {"f8", DType::kF64}};

Status ParseTypeV2(const Json& json, ArrayMetadata& array) {
  const std::string text = Text(json);
  const std::optional<DType> dtype = DTypeOfZarr2(text);
  if (!dtype)
    return UnsupportedError(
        fmt::format("its element type {} is not read here; convert it to one of bool, (u)int8 to "
                    "(u)int64 and float16 to float64",
                    Shown(json)));
  array.dtype = *dtype;
  array.big_endian = text[0] == '>';
  return Ok();
}

Error UnknownCodec(std::string_view kind, const Json& name) {
  return UnsupportedError(
      fmt::format("its {} '{}' is not read here; write the image with blosc, zstd or gzip", kind, Shown(name)));
}

Status ParseCompressorV2(const Json& compressor, ArrayMetadata& array) {
  if (compressor.is_null()) return Ok();
  const Json& id = Member(compressor, "id");
  const std::optional<ByteCodec> codec = ByteCodecFromName(Text(id));
  if (!codec || *codec == ByteCodec::kCrc32c) return UnknownCodec("compressor", id);
  array.codecs.push_back(*codec);
  return Ok();
}

// --- Zarr 3 ----------------------------------------------------------------------------------------------------------

constexpr std::string_view kMembers[] = {
    "zarr_format",        "node_type", "shape",      "data_type",       "chunk_grid",          "fill_value",
    "chunk_key_encoding", "codecs",    "attributes", "dimension_names", "storage_transformers"};

Status CheckMembers(const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(kMembers, key) != std::end(kMembers)) continue;
    const Json& must = Member(value, "must_understand");
    if (!must.is_boolean() || must.get<bool>())
      return UnsupportedError(fmt::format("it needs the extension '{}', which is not read here", Shown(key)));
  }
  const Json& transformers = Member(json, "storage_transformers");
  if (!transformers.is_null() && !(transformers.is_array() && transformers.empty()))
    return UnsupportedError(
        fmt::format("its storage transformer '{}' is not read here", Shown(NameOf(Item(transformers, 0)))));
  return Ok();
}

Status ParseKeys(const Json& encoding, ArrayMetadata& array) {
  const std::string name = Text(NameOf(encoding));
  const Json& stated = Member(Member(encoding, "configuration"), "separator");
  const std::string separator = stated.is_null() ? (name == "v2" ? "." : "/") : Text(stated);
  if (name != "default" && name != "v2")
    return UnsupportedError(fmt::format("its chunk keys '{}' are not read here", Shown(NameOf(encoding))));
  if (separator != "." && separator != "/") return Wrong("chunk_key_encoding");
  array.separator = separator[0];
  array.key_prefix = name == "default" ? "c" + separator : "";
  return Ok();
}

// Of each axis of the encoded array the one of the decoded.
Result<Shape> ParseOrder(const Json& order, int rank) {
  if (!order.is_array() || order.size() != static_cast<std::size_t>(rank)) return Wrong("transpose");
  std::array<std::int64_t, kMaxRank> axes{};
  unsigned seen = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    axes[i] = Count(order[i]);
    if (axes[i] < 0 || axes[i] >= rank || (seen >> axes[i] & 1U) != 0) return Wrong("transpose");
    seen |= 1U << axes[i];
  }
  return Shape(std::span<const std::int64_t>(axes.data(), order.size()));
}

Result<bool> ParseBigEndian(const Json& bytes) {
  const Json& endian = Member(Member(bytes, "configuration"), "endian");
  if (!endian.is_null() && Text(endian) != "little" && Text(endian) != "big") return Wrong("endian");
  return Text(endian) == "big";
}

Status ParseByteCodecs(const Json& codecs, std::size_t first, std::vector<ByteCodec>& out) {
  for (std::size_t i = first; i < codecs.size(); ++i) {
    const Json& name = NameOf(codecs[i]);
    const std::optional<ByteCodec> codec = ByteCodecFromName(Text(name));
    if (!codec || *codec == ByteCodec::kZlib) return UnknownCodec("codec", name);
    out.push_back(*codec);
  }
  return Ok();
}

Status CheckCodecs(const Json& codecs) {
  if (!codecs.is_array() || codecs.empty()) return Wrong("codecs");
  if (codecs.size() > kMaxCodecs)
    return UnsupportedError(fmt::format("it has {} codecs, more than the {} that are read", codecs.size(), kMaxCodecs));
  return Ok();
}

// Transpositions, then "bytes", then what works on bytes.
Status ParseChunkCodecs(const Json& codecs, ArrayMetadata& array) {
  TEGULA_TRY(CheckCodecs(codecs));
  Shape axes = array.shape, encoded = array.chunk;  // which axis of the image each axis of the stored chunk is
  for (int i = 0; i < array.rank(); ++i) axes[i] = i;
  std::size_t at = 0;
  for (; at < codecs.size() && Text(NameOf(codecs[at])) == "transpose"; ++at) {
    TEGULA_ASSIGN_OR_RETURN(const Shape order,
                            ParseOrder(Member(Member(codecs[at], "configuration"), "order"), array.rank()));
    const Shape before = axes;
    for (int i = 0; i < array.rank(); ++i) axes[i] = before[static_cast<int>(order[i])];
  }
  if (at == codecs.size() || Text(NameOf(codecs[at])) != "bytes")
    return at == codecs.size() ? Wrong("codecs") : UnknownCodec("codec", NameOf(codecs[at]));
  TEGULA_ASSIGN_OR_RETURN(array.big_endian, ParseBigEndian(codecs[at]));
  for (int i = 0; i < array.rank(); ++i) encoded[i] = array.chunk[static_cast<int>(axes[i])];
  const Shape strides = StridesOf(encoded);
  array.chunk_strides = encoded;
  for (int i = 0; i < array.rank(); ++i) array.chunk_strides[static_cast<int>(axes[i])] = strides[i];
  return ParseByteCodecs(codecs, at + 1, array.codecs);
}

Status ParseIndexCodecs(const Json& codecs, Sharding& sharding) {
  TEGULA_TRY(CheckCodecs(codecs));
  if (Text(NameOf(codecs[0])) != "bytes") return UnknownCodec("codec of the shard index", NameOf(codecs[0]));
  TEGULA_ASSIGN_OR_RETURN(sharding.index_big_endian, ParseBigEndian(codecs[0]));
  TEGULA_TRY(ParseByteCodecs(codecs, 1, sharding.index_codecs));
  for (std::size_t i = 1; i < codecs.size(); ++i)
    if (sharding.index_codecs[i - 1] != ByteCodec::kCrc32c)
      return UnsupportedError("its shard index is compressed, which Zarr forbids");
  return Ok();
}

// array.chunk is the shard on entry and the chunk inside it afterwards.
Status ParseSharding(const Json& configuration, ArrayMetadata& array, const Limits& limits) {
  Sharding sharding;
  const Shape shard = array.chunk;
  TEGULA_ASSIGN_OR_RETURN(array.chunk, ParseSizes(Member(configuration, "chunk_shape"), "chunk_shape", limits));
  if (array.chunk.rank() != array.rank() || shard.rank() != array.rank())
    return CorruptError("its chunks have not one size per axis");
  sharding.chunks = shard;
  for (int i = 0; i < array.rank(); ++i) {
    if (shard[i] % array.chunk[i] != 0)
      return CorruptError(
          fmt::format("its shards of {} are not made of whole chunks of {}", ToString(shard), ToString(array.chunk)));
    sharding.chunks[i] = shard[i] / array.chunk[i];
  }
  if (!Fits(sharding.chunks, kMaxChunksOfShard))
    return ExhaustedError(fmt::format("a shard has more than {} chunks", kMaxChunksOfShard));
  if (!Fits(shard, kMaxPixels)) return ExhaustedError("a shard has more than 2^60 pixels");
  const Json& location = Member(configuration, "index_location");
  if (!location.is_null() && Text(location) != "end" && Text(location) != "start") return Wrong("index_location");
  sharding.index_at_end = Text(location) != "start";
  TEGULA_TRY(ParseIndexCodecs(Member(configuration, "index_codecs"), sharding));
  array.sharding = std::move(sharding);
  return Ok();
}

Status ParseTypeV3(const Json& json, ArrayMetadata& array) {
  const std::optional<DType> dtype = StoredDTypeFromName(Text(NameOf(json)));
  if (!dtype)
    return UnsupportedError(
        fmt::format("its element type {} is not read here; convert it to one of bool, (u)int8 to "
                    "(u)int64 and float16 to float64",
                    Shown(NameOf(json))));
  array.dtype = *dtype;
  return Ok();
}

}  // namespace

std::int64_t Sharding::index_bytes() const noexcept {
  constexpr std::int64_t kEntryBytes = 16, kChecksumBytes = 4;
  return chunks.elements() * kEntryBytes + static_cast<std::int64_t>(index_codecs.size()) * kChecksumBytes;
}

Shape ArrayMetadata::Grid() const noexcept {
  Shape grid = shape;
  for (int i = 0; i < rank(); ++i) grid[i] = CeilDiv(shape[i], chunk[i]);
  return grid;
}

Result<ArrayMetadata> ParseArrayV2(std::string_view text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, kMaxDepth));
  if (Count(Member(json, "zarr_format")) != 2) return Wrong("zarr_format");
  ArrayMetadata array;
  TEGULA_TRY(ParseTypeV2(Member(json, "dtype"), array));
  TEGULA_ASSIGN_OR_RETURN(array.shape, ParseSizes(Member(json, "shape"), "shape", limits));
  TEGULA_ASSIGN_OR_RETURN(array.chunk, ParseSizes(Member(json, "chunks"), "chunks", limits));
  TEGULA_TRY(CheckSizes(array, limits));
  TEGULA_TRY(ParseCompressorV2(Member(json, "compressor"), array));
  const Json& filters = Member(json, "filters");
  if (!filters.is_null() && !(filters.is_array() && filters.empty()))
    return UnknownCodec("filter", Member(Item(filters, 0), "id"));
  const std::string order = Text(Member(json, "order"));
  if (order != "C" && order != "F") return Wrong("order");
  array.chunk_strides = StridesOf(array.chunk);
  if (order == "F") {
    std::int64_t stride = 1;
    for (int i = 0; i < array.rank(); ++i) {
      array.chunk_strides[i] = stride;
      stride *= array.chunk[i];
    }
  }
  const Json& separator = Member(json, "dimension_separator");
  if (!separator.is_null() && Text(separator) != "." && Text(separator) != "/") return Wrong("dimension_separator");
  array.separator = Text(separator) == "/" ? '/' : '.';
  if (!Member(json, "fill_value").is_null()) TEGULA_TRY(ParseFill(Member(json, "fill_value"), array));
  return array;
}

Result<ArrayMetadata> ParseArrayV3(std::string_view text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, kMaxDepth));
  if (Count(Member(json, "zarr_format")) != 3) return Wrong("zarr_format");
  if (Text(Member(json, "node_type")) != "array") return Wrong("node_type");
  ArrayMetadata array;
  TEGULA_TRY(CheckMembers(json));
  TEGULA_TRY(ParseTypeV3(Member(json, "data_type"), array));
  TEGULA_ASSIGN_OR_RETURN(array.shape, ParseSizes(Member(json, "shape"), "shape", limits));
  const Json& grid = Member(json, "chunk_grid");
  if (Text(NameOf(grid)) != "regular")
    return UnsupportedError(
        fmt::format("its chunk grid '{}' is not read here; write it with equal chunks", Shown(NameOf(grid))));
  TEGULA_ASSIGN_OR_RETURN(array.chunk,
                          ParseSizes(Member(Member(grid, "configuration"), "chunk_shape"), "chunk_shape", limits));
  const Json* codecs = &Member(json, "codecs");
  TEGULA_TRY(CheckCodecs(*codecs));
  if (Text(NameOf(codecs->front())) == "sharding_indexed") {
    if (codecs->size() > 1)
      return UnsupportedError(fmt::format("its shards are encoded by '{}' as a whole, which is not read here",
                                          Shown(NameOf((*codecs)[1]))));
    const Json& configuration = Member(codecs->front(), "configuration");
    TEGULA_TRY(ParseSharding(configuration, array, limits));
    codecs = &Member(configuration, "codecs");
  }
  TEGULA_TRY(CheckSizes(array, limits));
  TEGULA_TRY(ParseChunkCodecs(*codecs, array));
  TEGULA_TRY(ParseKeys(Member(json, "chunk_key_encoding"), array));
  TEGULA_TRY(ParseFill(Member(json, "fill_value"), array));
  return array;
}

std::string TypeOfZarr2(DType dtype) {
  return fmt::format("{}{}", DTypeSize(dtype) > 1 ? '<' : '|',
                     std::ranges::find(kTypeCodes, dtype, &TypeCode::dtype)->code);
}

std::optional<DType> DTypeOfZarr2(std::string_view name) {
  if (name.empty() || std::string_view("<>|").find(name[0]) == std::string_view::npos) return std::nullopt;
  const auto* const found = std::ranges::find(kTypeCodes, name.substr(1), &TypeCode::code);
  return found == std::end(kTypeCodes) ? std::nullopt : std::optional(found->dtype);
}

}  // namespace tegula::zarr
