#include "tegula/objects/measure/perimeter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "tegula/objects/region_rows.h"

namespace tegula::objects {
namespace {

using Word = std::uint64_t;
constexpr std::int64_t kBits = 64;

// Pixels of a row as bits, with an empty word at both ends.
using BitRow = std::vector<Word>;

// What stands one pixel to the left and to the right of each pixel of a word.
Word LeftOf(const BitRow& row, std::size_t i) noexcept { return row[i] << 1 | row[i - 1] >> 63; }
Word RightOf(const BitRow& row, std::size_t i) noexcept { return row[i] >> 1 | row[i + 1] << 63; }

// How many of four are set, for 64 pixels at once.
struct CountOfFour {
  Word ones, twos, fours;
  CountOfFour(Word a, Word b, Word c, Word d) noexcept {
    const Word ab = a ^ b, cd = c ^ d, both_ab = a & b, both_cd = c & d;
    ones = ab ^ cd;
    twos = both_ab ^ both_cd ^ (ab & cd);
    fours = both_ab & both_cd;
  }
  Word is0() const noexcept { return ~(ones | twos | fours); }
  Word is1() const noexcept { return ones & ~twos; }
  Word is2() const noexcept { return twos & ~ones; }
  Word is3() const noexcept { return twos & ones; }
};

// A region's rows go by; three of them are looked at together.
class Counter {
 public:
  explicit Counter(std::int64_t width) {
    const auto words = static_cast<std::size_t>(width / kBits + 3);
    for (BitRow& row : masks_) row.assign(words, 0);
    for (BitRow& row : borders_) row.assign(words, 0);
  }

  // The next row, empty, to be filled before Push.
  BitRow& NextRow() noexcept {
    std::rotate(masks_.begin(), masks_.begin() + 1, masks_.end());
    std::fill(masks_[2].begin(), masks_[2].end(), Word{0});
    return masks_[2];
  }

  void Push() noexcept {
    std::rotate(borders_.begin(), borders_.begin() + 1, borders_.end());
    for (std::size_t i = 1; i + 1 < masks_[2].size(); ++i) {
      CountQuads(i);
      FindBorder(i);
    }
    for (std::size_t i = 1; i + 1 < masks_[2].size(); ++i) CountBorder(i);
  }

  Perimeters Sum() const noexcept {
    constexpr double kPi = std::numbers::pi, kRoot2 = std::numbers::sqrt2;
    const auto of = [](std::int64_t count) { return static_cast<double>(count); };
    return {.border = of(straight_) + kRoot2 * of(diagonal_) + (1 + kRoot2) / 2 * of(mixed_),
            .crofton = kPi / 4 * (1 + 1 / kRoot2) * of(quads_[0]) + kPi / (4 * kRoot2) * of(quads_[1]) +
                       kPi / (2 * kRoot2) * of(quads_[2]) + kPi / 4 * of(quads_[3]) + kPi / 2 * of(quads_[4])};
  }

 private:
  // The four pixels around each corner between the new row and the one above: which of their 16 patterns have the same
  // coefficient in scikit-image.
  void CountQuads(std::size_t i) noexcept {
    const Word upper = masks_[1][i], lower = masks_[2][i];
    const Word upper_left = LeftOf(masks_[1], i), lower_left = LeftOf(masks_[2], i);
    const Word any = upper | lower | upper_left | lower_left;
    if (any == 0 || (upper & lower & upper_left & lower_left) == ~Word{0}) return;
    const auto add = [&](std::size_t kind, Word pattern) { quads_[kind] += std::popcount(pattern); };
    add(0, lower & ~upper & ~upper_left);
    add(1, upper & ((~lower & ~lower_left) | (lower & (lower_left ^ upper_left))));
    add(2, lower & upper & ~lower_left & ~upper_left);
    add(3, upper_left & ~upper & ~lower);
    add(4, upper_left & lower & ~upper);
  }

  // Pixels of the row above the new one that an edge divides from the outside.
  void FindBorder(std::size_t i) noexcept {
    const BitRow& row = masks_[1];
    borders_[2][i] = row[i] & ~(masks_[0][i] & masks_[2][i] & LeftOf(row, i) & RightOf(row, i));
  }

  // Border pixels by how many of their neighbours, beside them and diagonal, are border pixels.
  void CountBorder(std::size_t i) noexcept {
    const BitRow &above = borders_[0], &row = borders_[1], &below = borders_[2];
    if (row[i] == 0) return;
    const CountOfFour beside(above[i], below[i], LeftOf(row, i), RightOf(row, i));
    const CountOfFour across(LeftOf(above, i), RightOf(above, i), LeftOf(below, i), RightOf(below, i));
    straight_ += std::popcount(row[i] & (beside.is2() | beside.is3()) & (across.is0() | across.is1() | across.is2()));
    diagonal_ += std::popcount(row[i] & ((beside.is0() & across.is2()) | (beside.is1() & across.is3())));
    mixed_ += std::popcount(row[i] & beside.is1() & (across.is1() | across.is2()));
  }

  std::array<BitRow, 3> masks_, borders_;  // the last is the newest
  std::array<std::int64_t, 5> quads_ = {};
  std::int64_t straight_ = 0, diagonal_ = 0, mixed_ = 0;
};

void Fill(PixelRun run, std::int64_t first, BitRow& row) noexcept {
  const std::int64_t begin = run.begin - first, end = run.end - first;
  const auto from = static_cast<std::size_t>(begin / kBits + 1), to = static_cast<std::size_t>(end / kBits + 1);
  const Word head = ~Word{0} << begin % kBits, tail = (Word{1} << end % kBits) - 1;
  if (from == to) {
    row[from] |= head & tail;
    return;
  }
  row[from] |= head;
  for (std::size_t i = from + 1; i < to; ++i) row[i] = ~Word{0};
  row[to] |= tail;
}

}  // namespace

Perimeters PerimetersOf(const Region& region) {
  constexpr int kRowsBelow = 3;  // until the last row's border has been counted
  Counter counter(region.bounds.width());
  RegionRows rows(region.polygons);
  std::int32_t y = 0;
  for (bool is_first = true; rows.Next(); is_first = false, y = rows.y()) {
    // Parts of an object may be far apart.
    for (std::int32_t gap = std::min(rows.y() - y - 1, kRowsBelow); !is_first && gap > 0; --gap)
      counter.NextRow(), counter.Push();
    BitRow& row = counter.NextRow();
    for (const PixelRun run : rows.runs()) Fill(run, region.bounds.x.begin, row);
    counter.Push();
  }
  for (int i = 0; i < kRowsBelow; ++i) counter.NextRow(), counter.Push();
  return counter.Sum();
}

}  // namespace tegula::objects
