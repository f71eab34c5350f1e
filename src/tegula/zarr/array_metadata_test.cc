#include "tegula/zarr/array_metadata.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "tegula/zarr/json.h"

namespace tegula::zarr {
namespace {

Json Version3() {
  return Json::parse(R"({"zarr_format": 3, "node_type": "array", "shape": [100, 90], "data_type": "uint16",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [40, 30]}},
    "chunk_key_encoding": {"name": "default"}, "fill_value": 7,
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}], "attributes": {}})");
}

Json Version2() {
  return Json::parse(R"({"zarr_format": 2, "shape": [100, 90], "chunks": [40, 30], "dtype": "<u2", "fill_value": 0,
    "order": "C", "filters": null, "compressor": {"id": "zlib", "level": 1}})");
}

// With `patch` merged in (a member that is null goes).
Result<ArrayMetadata> Parsed(Json json, const char* patch, const Limits& limits = {}) {
  json.merge_patch(Json::parse(patch));
  const bool is_v2 = json.contains("chunks");
  return is_v2 ? ParseArrayV2(json.dump(), limits) : ParseArrayV3(json.dump(), limits);
}

Code CodeOf(const Json& json, const char* patch, const Limits& limits = {}) {
  const Result<ArrayMetadata> parsed = Parsed(json, patch, limits);
  return parsed.ok() ? Code::kInternal : parsed.error().code;
}

template <class T>
T FillOf(const char* dtype, const char* fill) {
  const std::string patch = std::string(R"({"data_type": ")") + dtype + R"(", "fill_value": )" + fill + "}";
  T value{};
  std::memcpy(&value, Parsed(Version3(), patch.c_str()).value().fill.data(), sizeof(T));
  return value;
}

TEST(ParseArrayV3, KnowsShapesKeysAndCodecs) {
  const ArrayMetadata array = Parsed(Version3(), "{}").value();
  EXPECT_EQ(array.dtype, DType::kU16);
  EXPECT_EQ(array.shape, (Shape{100, 90}));
  EXPECT_EQ(array.Grid(), (Shape{3, 3}));
  EXPECT_EQ(array.chunk_strides, (Shape{30, 1}));
  EXPECT_EQ(array.key_prefix, "c/");
  EXPECT_EQ(array.codecs, std::vector{ByteCodec::kZstd});
}

TEST(ParseArrayV3, ReadsFillValuesExactly) {
  EXPECT_EQ(FillOf<std::uint64_t>("uint64", "18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(FillOf<std::int64_t>("int64", "-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(FillOf<float>("float32", "0.1"), 0.1F);
  EXPECT_EQ(FillOf<std::uint32_t>("float32", "\"0x7fc00001\""), 0x7FC00001U);
  EXPECT_EQ(FillOf<std::uint64_t>("float64", "\"-Infinity\""), 0xFFF0000000000000U);
  for (const char* patch :
       {R"({"fill_value": 65536})", R"({"fill_value": -1})", R"({"fill_value": 0.5})", R"({"fill_value": "NaN"})",
        R"({"data_type": "bool", "fill_value": 2})", R"({"data_type": "float32", "fill_value": "0x7fc0"})"})
    EXPECT_EQ(CodeOf(Version3(), patch), Code::kCorrupt) << patch;
}

TEST(ParseArrayV3, TransposesAreStrides) {
  const ArrayMetadata array = Parsed(Version3(), R"({"shape": [9, 9, 9],
    "chunk_grid": {"configuration": {"chunk_shape": [2, 3, 5]}},
    "codecs": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}}, "bytes"]})")
                                  .value();
  // Stored as (5, 2, 3).
  EXPECT_EQ(array.chunk_strides, (Shape{3, 1, 6}));
  for (const char* order : {"[0, 0]", "[0, 2]", "[0]", "[0, -1]", "\"F\""})
    EXPECT_EQ(CodeOf(Version3(), (std::string(R"({"codecs": [{"name": "transpose", "configuration": {"order": )") +
                                  order + "}}, \"bytes\"]}")
                                     .c_str()),
              Code::kCorrupt)
        << order;
}

constexpr const char* kSharded = R"({"codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [10, 15],
  "codecs": ["bytes"], "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, "crc32c"]}}]})";

TEST(ParseArrayV3, ShardsHoldWholeChunks) {
  const ArrayMetadata array = Parsed(Version3(), kSharded).value();
  EXPECT_EQ(array.chunk, (Shape{10, 15}));
  EXPECT_EQ(array.sharding->chunks, (Shape{4, 2}));
  EXPECT_EQ(array.sharding->index_bytes(), 8 * 16 + 4);
  EXPECT_TRUE(array.sharding->index_at_end);
  Json sharded = Version3();
  sharded.merge_patch(Json::parse(kSharded));
  const auto configured = [&](const char* member, const char* value) {
    Json changed = sharded;
    changed["codecs"][0]["configuration"][member] = Json::parse(value);
    return CodeOf(changed, "{}");
  };
  EXPECT_EQ(configured("chunk_shape", "[11, 15]"), Code::kCorrupt);
  EXPECT_EQ(configured("chunk_shape", "[10]"), Code::kCorrupt);
  EXPECT_EQ(configured("index_location", "\"middle\""), Code::kCorrupt);
  EXPECT_EQ(configured("index_codecs", "[\"bytes\", \"gzip\"]"), Code::kUnsupported);
  EXPECT_EQ(configured("codecs", "[\"sharding_indexed\"]"), Code::kUnsupported);
}

TEST(ParseArrayV3, SizesAboveTheLimitsAreRefused) {
  for (const char* patch : {R"({"shape": [4294967296, 1]})", R"({"shape": [18446744073709551615, 1]})",
                            R"({"shape": [2147483648, 2147483648]})",
                            R"({"chunk_grid": {"configuration": {"chunk_shape": [2147483648, 2147483648]}}})"})
    EXPECT_EQ(CodeOf(Version3(), patch), Code::kExhausted) << patch;
  EXPECT_EQ(CodeOf(Version3(), "{}", {.tensor_bytes = 1000}), Code::kExhausted);
  Json sharded = Version3();
  sharded.merge_patch(Json::parse(kSharded));
  sharded["chunk_grid"]["configuration"]["chunk_shape"] = {10 << 20, 15 << 20};
  EXPECT_EQ(CodeOf(sharded, "{}"), Code::kExhausted);
}

TEST(ParseArrayV3, WhatIsNotKnownIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"data_type": {"name": "r16"}})", "r16"},
      {R"({"codecs": ["bytes", "lz77"]})", "lz77"},
      {R"({"codecs": ["vlen"]})", "vlen"},
      {R"({"chunk_grid": {"name": "odd"}})", "odd"},
      {R"({"chunk_key_encoding": {"name": "fan"}})", "fan"},
      {R"({"extra": {"must_understand": true}})", "extra"},
      {R"({"storage_transformers": [{"name": "mirror"}]})", "mirror"},
  };
  for (const auto& [patch, name] : cases) {
    const Result<ArrayMetadata> parsed = Parsed(Version3(), patch);
    ASSERT_FALSE(parsed.ok()) << patch;
    EXPECT_EQ(parsed.error().code, Code::kUnsupported);
    EXPECT_NE(parsed.error().what.find(name), std::string::npos) << parsed.error().what;
  }
  EXPECT_TRUE(Parsed(Version3(), R"({"extra": {"must_understand": false}})").ok());
}

TEST(ParseArrayV2, KnowsOrderSeparatorAndByteOrder) {
  const ArrayMetadata array =
      Parsed(Version2(), R"({"order": "F", "dtype": ">f4", "dimension_separator": "/", "fill_value": "NaN"})").value();
  EXPECT_EQ(array.chunk_strides, (Shape{1, 40}));
  EXPECT_TRUE(array.big_endian);
  EXPECT_EQ(array.separator, '/');
  EXPECT_EQ(array.key_prefix, "");
  EXPECT_EQ(array.codecs, std::vector{ByteCodec::kZlib});
  EXPECT_EQ(Parsed(Version2(), "{}").value().separator, '.');
  EXPECT_TRUE(Parsed(Version2(), R"({"fill_value": null})").ok());
}

TEST(ParseArrayV2, HalfPrecisionIsATypeOfStorage) {
  EXPECT_EQ(Parsed(Version2(), R"({"dtype": "<f2"})").value().dtype, DType::kF16);
  EXPECT_EQ(FillOf<std::uint16_t>("float16", "\"0x7e01\""), 0x7E01);
  EXPECT_EQ(FillOf<std::uint16_t>("float16", "1.5"), 0x3E00);
  EXPECT_EQ(FillOf<std::uint16_t>("float16", "\"-Infinity\""), 0xFC00);
}

TEST(ParseArrayV2, WhatIsNotKnownIsRefused) {
  EXPECT_EQ(CodeOf(Version2(), R"({"filters": [{"id": "delta"}]})"), Code::kUnsupported);
  EXPECT_EQ(CodeOf(Version2(), R"({"compressor": {"id": "lz4"}})"), Code::kUnsupported);
  EXPECT_EQ(CodeOf(Version2(), R"({"dtype": "<c8"})"), Code::kUnsupported);
  EXPECT_EQ(CodeOf(Version2(), R"({"dtype": [["a", "<u2"]]})"), Code::kUnsupported);
  EXPECT_EQ(CodeOf(Version2(), R"({"dtype": ""})"), Code::kUnsupported);
  EXPECT_EQ(CodeOf(Version2(), R"({"order": "A"})"), Code::kCorrupt);
  EXPECT_EQ(CodeOf(Version2(), R"({"chunks": [40]})"), Code::kCorrupt);
  EXPECT_EQ(CodeOf(Version2(), R"({"chunks": [0, 1]})"), Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::zarr
