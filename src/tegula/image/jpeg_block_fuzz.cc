// Any bytes as a JPEG tile: which tables come from elsewhere, what colours it has and how large it must be stand in the
// first bytes. A few rows at a time and whole it must give the same pixels, or the same refusal.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tegula/image/jpeg_block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tegula::image;  // lint-allow: one short function
  constexpr std::size_t kHead = 6;
  if (size < kHead) return 0;
  const auto colours = static_cast<JpegColours>(data[0] % 3);
  const std::int64_t height = 1 + data[1], width = 1 + data[2], rows = 1 + data[3] % height;
  const std::span bytes(reinterpret_cast<const std::byte*>(data) + kHead, size - kHead);
  const std::size_t tables = std::min<std::size_t>(bytes.size(), data[4] + 256U * data[5]);
  const JpegBlock block{bytes.subspan(tables), bytes.first(tables), colours, height, width};
  tegula::Tensor out = tegula::Tensor::Allocate(tegula::DType::kU8, {rows, width, block.samples()}).value();
  const tegula::Status whole = DecodeJpegBlock(block, out.view());
  std::int64_t next = 0;
  const auto take = [&](std::int64_t y, const tegula::ConstView& rows_yxs) {
    if (y != next || y + rows_yxs.shape()[0] > rows) std::abort();
    const std::byte* const same = out.view().data() + y * width * block.samples();
    if (whole.ok() && std::memcmp(rows_yxs.data(), same, static_cast<std::size_t>(rows_yxs.elements())) != 0)
      std::abort();
    next = y + rows_yxs.shape()[0];
  };
  const tegula::Status in_pieces = DecodeJpegRows(block, rows, take);
  if (whole.ok() != in_pieces.ok() || (whole.ok() && next != rows)) std::abort();
  return 0;
}
