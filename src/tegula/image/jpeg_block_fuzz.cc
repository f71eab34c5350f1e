// Any bytes as a JPEG tile: which tables come from elsewhere, what colours it has and how large it must be stand in the
// first bytes. Its first rows alone must be the first of all, and the same, or refused again, a second time.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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
  JpegBlockDecoder decoder;
  std::vector<std::byte> all, first, again;
  const auto decode = [&](std::int64_t count, std::vector<std::byte>& pixels) {
    const auto take = [&](std::int64_t y, const tegula::ConstView& rows_yxs) {
      if (y * width * block.samples() != static_cast<std::int64_t>(pixels.size())) std::abort();
      pixels.insert(pixels.end(), rows_yxs.data(), rows_yxs.data() + rows_yxs.elements());
    };
    return decoder.Decode(block, count, take).ok();
  };
  const bool is_sound = decode(height, all), begins_sound = decode(rows, first);
  if (is_sound && !begins_sound) std::abort();
  if (decode(rows, again) != begins_sound || (begins_sound && again != first)) std::abort();
  if (!begins_sound) return 0;
  if (static_cast<std::int64_t>(first.size()) != rows * width * block.samples()) std::abort();
  if (is_sound && !std::equal(first.begin(), first.end(), all.begin())) std::abort();
  return 0;
}
