#include "tegula/outputs/chunk_coding.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tegula/core/executor.h"

namespace tegula::outputs {
namespace {

using zarr::Compressor;

// Any bits, those that are no numbers among them.
Tensor Bits(DType dtype, const Shape& shape) {
  Tensor tensor = Tensor::Allocate(dtype, shape).value();
  std::mt19937 random(3);
  for (std::int64_t i = 0; i < tensor.bytes(); ++i) tensor.view().data()[i] = static_cast<std::byte>(random());
  return tensor;
}

bool Same(const ConstView& a, const ConstView& b) {
  return std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.elements() * DTypeSize(a.dtype()))) == 0;
}

TEST(ChunkCoder, EveryFilterAndTypeComesBackBitByBit) {
  for (const Filter filter : {Filter::kNone, Filter::kDifferences, Filter::kFloatPlanes})
    for (const DType dtype :
         {DType::kU8, DType::kI16, DType::kF16, DType::kU32, DType::kF32, DType::kI64, DType::kF64}) {
      if (!CanFilter(filter, dtype)) continue;
      const ChunkCoder coder({{Compressor::kZstd, 1}, filter});
      const Tensor chunk = Bits(dtype, {2, 5, 33});
      Tensor back = Tensor::Allocate(dtype, chunk.shape()).value();
      const std::string bytes = coder.Encode(chunk.view()).value();
      ASSERT_TRUE(coder.Decode(std::as_bytes(std::span(bytes)), back.view()).ok());
      EXPECT_TRUE(Same(std::as_const(back).view(), chunk.view())) << DTypeName(dtype) << static_cast<int>(filter);
    }
}

TEST(ChunkCoder, DifferencesAreThoseOfEachRow) {
  Tensor chunk = Tensor::Allocate(DType::kU8, {2, 3}).value();
  const std::uint8_t pixels[] = {5, 4, 9, 250, 4, 4};
  std::memcpy(chunk.view().data(), pixels, sizeof(pixels));
  const std::string bytes =
      ChunkCoder({{Compressor::kNone, 0}, Filter::kDifferences}).Encode(std::as_const(chunk).view()).value();
  EXPECT_EQ(bytes, std::string("\x05\xFF\x05\xFA\x0A\x00", 6));
}

TEST(ChunkCoder, FloatPlanesBeginWithTheHighestBytes) {
  Tensor chunk = Tensor::Allocate(DType::kF32, {1, 2}).value();
  const std::uint32_t pixels[] = {0x01020304, 0x11121314};
  std::memcpy(chunk.view().data(), pixels, sizeof(pixels));
  const std::string bytes =
      ChunkCoder({{Compressor::kNone, 0}, Filter::kFloatPlanes}).Encode(std::as_const(chunk).view()).value();
  // Planes 01 11 02 12 03 13 04 14, then the difference of each byte to the one before.
  EXPECT_EQ(bytes, std::string("\x01\x10\xF1\x10\xF1\x10\xF1\x10", 8));
}

TEST(ChunkCoder, ManyThreadsMakeTheBytesOfOne) {
  const ChunkCoder coder({{Compressor::kZlib, 1}, Filter::kDifferences});
  const Tensor chunk = Bits(DType::kU16, {16, 64});
  const std::string expected = coder.Encode(chunk.view()).value();
  const auto threads = NewThreadExecutor(4);
  EXPECT_TRUE(ForEach(*threads, 64, {}, [&](std::int64_t, int) -> Status {
                TEGULA_ASSIGN_OR_RETURN(const std::string bytes, coder.Encode(chunk.view()));
                return bytes == expected ? Ok() : InternalError("other bytes");
              }).ok());
}

TEST(ChunkCoder, DamagedBytesAreCorrupt) {
  const ChunkCoder coder({{Compressor::kNone, 0}, Filter::kDifferences});
  Tensor back = Tensor::Allocate(DType::kU8, {2, 3}).value();
  const std::string bytes = "12345";
  EXPECT_EQ(coder.Decode(std::as_bytes(std::span(bytes)), back.view()).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::outputs
