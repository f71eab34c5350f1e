#include "tegula/zarr/codecs.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include <functional>
#include <vector>

#include "tegula/zarr/encoder.h"

namespace tegula::zarr {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * i % 251);
  return bytes;
}

Bytes Zstd(const Bytes& in) {
  Bytes out(ZSTD_compressBound(in.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), in.data(), in.size(), 3));
  return out;
}

Bytes Deflate(const Bytes& in, decltype(&libdeflate_gzip_compress) compress) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
  Bytes out(in.size() + 1000);
  out.resize(compress(compressor, in.data(), in.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}
Bytes Gzip(const Bytes& in) { return Deflate(in, &libdeflate_gzip_compress); }

Bytes Blosc(const Bytes& in) {
  const std::string out = Encoder::Create({Compressor::kBloscLz4, 5}).value().Encode(in, 2).value();
  const auto bytes = std::as_bytes(std::span(out));
  return {bytes.begin(), bytes.end()};
}

Bytes WithChecksum(Bytes bytes) {
  const std::uint32_t crc = Crc32c(bytes);
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(crc >> (8 * i)));
  return bytes;
}

struct Case {
  std::string name;
  ByteCodec codec;
  std::function<Bytes(const Bytes&)> encode;
};

std::vector<Case> Cases() {
  return {{"blosc", ByteCodec::kBlosc, &Blosc},
          {"zstd", ByteCodec::kZstd, &Zstd},
          {"gzip", ByteCodec::kGzip, &Gzip},
          {"zlib", ByteCodec::kZlib, [](const Bytes& in) { return Deflate(in, &libdeflate_zlib_compress); }},
          {"crc32c", ByteCodec::kCrc32c, &WithChecksum}};
}

class Codecs : public ::testing::TestWithParam<Case> {
 protected:
  Status DecodeTo(std::size_t size, const Bytes& encoded) {
    out_.assign(size, std::byte{0});
    const ByteCodec codec = GetParam().codec;
    return Decode({&codec, 1}, encoded, out_);
  }
  Bytes out_;
};

TEST_P(Codecs, GiveBackWhatWasEncoded) {
  EXPECT_EQ(ByteCodecFromName(GetParam().name), GetParam().codec);
  for (const std::size_t size : {1U, 2U, 1000U, 70001U}) {
    const Bytes encoded = GetParam().encode(Pattern(size));
    ASSERT_TRUE(DecodeTo(size, encoded).ok()) << size;
    EXPECT_EQ(out_, Pattern(size));
    const ByteCodec codec = GetParam().codec;
    EXPECT_LE(static_cast<std::int64_t>(encoded.size()), EncodedBound({&codec, 1}, static_cast<std::int64_t>(size)));
  }
}

TEST_P(Codecs, RefuseAnotherNumberOfBytes) {
  const Bytes encoded = GetParam().encode(Pattern(1000));
  for (const std::size_t size : {1U, 999U, 1001U, 5000U}) {
    const Status decoded = DecodeTo(size, encoded);
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, Code::kCorrupt);
    EXPECT_NE(decoded.error().what.find(std::to_string(size)), std::string::npos) << decoded.error().what;
  }
}

TEST_P(Codecs, RefuseWhatIsCut) {
  const Bytes encoded = GetParam().encode(Pattern(1000));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const Status decoded = DecodeTo(1000, Bytes(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, Code::kCorrupt);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Codecs, ::testing::ValuesIn(Cases()),
                         [](const auto& case_info) { return case_info.param.name; });

TEST(Decode, UndoesTheLastCodecFirst) {
  const Bytes pixels = Pattern(5000);
  const ByteCodec codecs[] = {ByteCodec::kCrc32c, ByteCodec::kZstd, ByteCodec::kGzip, ByteCodec::kCrc32c};
  Bytes out(pixels.size());
  ASSERT_TRUE(Decode(codecs, WithChecksum(Gzip(Zstd(WithChecksum(pixels)))), out).ok());
  EXPECT_EQ(out, pixels);
}

TEST(Decode, WithoutCodecsCopies) {
  Bytes out(10);
  ASSERT_TRUE(Decode({}, Pattern(10), out).ok());
  EXPECT_EQ(out, Pattern(10));
  EXPECT_FALSE(Decode({}, Pattern(11), out).ok());
}

TEST(Decode, ReadsAllMembersOfGzip) {
  Bytes encoded = Gzip(Pattern(100));
  const Bytes second = Gzip(Pattern(50));
  encoded.insert(encoded.end(), second.begin(), second.end());
  Bytes out(150);
  const ByteCodec codec = ByteCodec::kGzip;
  ASSERT_TRUE(Decode({&codec, 1}, encoded, out).ok());
  EXPECT_EQ(Bytes(out.begin() + 100, out.end()), Pattern(50));
}

// RFC 3720, appendix B.4.
TEST(Crc32c, HasTheValuesOfItsSpecification) {
  EXPECT_EQ(Crc32c(Bytes(32, std::byte{0})), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(Bytes(32, std::byte{0xFF})), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(std::as_bytes(std::span("123456789", 9))), 0xE3069283U);
}

}  // namespace
}  // namespace tegula::zarr
