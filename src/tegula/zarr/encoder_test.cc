#include "tegula/zarr/encoder.h"

#include <gtest/gtest.h>

namespace tegula::zarr {
namespace {

constexpr Compressor kAll[] = {Compressor::kNone, Compressor::kBloscLz4, Compressor::kBloscZstd,
                               Compressor::kZstd, Compressor::kGzip,     Compressor::kZlib};

std::vector<std::byte> Pattern(std::size_t size, int noise) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = 7;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 1664525U + 1013904223U;
    bytes[i] = static_cast<std::byte>(i * i % 251 + (state >> 24) % static_cast<std::uint32_t>(noise));
  }
  return bytes;
}

TEST(Encoder, WhatEveryCompressorWritesIsReadBackAtItsLowestAndHighestLevel) {
  for (const Compressor compressor : kAll) {
    const LevelRange levels = LevelsOf(compressor);
    for (const int level : {levels.least, levels.most}) {
      Encoder encoder = Encoder::Create({compressor, level}).value();
      for (const std::size_t size : {0, 1, 1000, 40000, 12}) {  // with the same contexts
        const std::vector<std::byte> bytes = Pattern(size, size == 40000 ? 255 : 1);
        const std::string encoded = encoder.Encode(bytes, 2).value();
        std::vector<std::byte> back(size);
        const std::vector<ByteCodec> codecs = CodecsOf(compressor);
        ASSERT_TRUE(Decode(codecs, std::as_bytes(std::span(encoded)), back).ok())
            << static_cast<int>(compressor) << " " << size;
        EXPECT_EQ(back, bytes);
        EXPECT_LE(static_cast<std::int64_t>(encoded.size()), EncodedBound(codecs, static_cast<std::int64_t>(size)));
      }
    }
  }
}

TEST(Encoder, AChunkDoesNotDependOnTheChunksBefore) {
  for (const Compressor compressor : kAll) {
    const int level = LevelsOf(compressor).least;
    Encoder used = Encoder::Create({compressor, level}).value(), fresh = Encoder::Create({compressor, level}).value();
    const std::vector<std::byte> bytes = Pattern(5000, 3), before = Pattern(9000, 90);
    ASSERT_TRUE(used.Encode(before, 4).ok());
    EXPECT_EQ(used.Encode(bytes, 4).value(), fresh.Encode(bytes, 4).value());
  }
}

TEST(Encoder, LevelsThatACompressorDoesNotHaveAreRefused) {
  EXPECT_EQ(Encoder::Create({Compressor::kZstd, 0}).error().code, Code::kInvalid);
  EXPECT_EQ(Encoder::Create({Compressor::kZstd, 20}).error().code, Code::kInvalid);
  EXPECT_EQ(Encoder::Create({Compressor::kBloscLz4, 10}).error().code, Code::kInvalid);
  EXPECT_EQ(Encoder::Create({Compressor::kNone, 1}).error().code, Code::kInvalid);
  EXPECT_EQ(Encoder::Create({Compressor::kGzip, 10}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace tegula::zarr
