#include "tegula/objects/split/distance.h"

#include <algorithm>

namespace tegula::objects {
namespace {

// Farther than anything in the box: its square still fits beside another.
constexpr std::int64_t kFar = std::int64_t{1} << 30;

// Pixels up and down to the nearest that is not of the region, column by column.
std::vector<std::int32_t> ColumnDistances(const MaskBox& mask, const ImageSides& sides) {
  const std::int64_t height = mask.height(), width = mask.width();
  std::vector<std::int32_t> distance(mask.inside.size());
  const auto step = [](std::int32_t before) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(before + std::int64_t{1}, kFar));
  };
  const auto row = [&](std::int64_t y) { return distance.data() + y * width; };
  const std::vector<std::int32_t> above(static_cast<std::size_t>(width), sides.top ? std::int32_t{kFar} : 0);
  const std::vector<std::int32_t> below(static_cast<std::size_t>(width), sides.bottom ? std::int32_t{kFar} : 0);
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int32_t* const before = y == 0 ? above.data() : row(y - 1);
    const std::uint8_t* const inside = mask.inside.data() + y * width;
    for (std::int64_t x = 0; x < width; ++x) row(y)[x] = inside[x] != 0 ? step(before[x]) : 0;
  }
  for (std::int64_t y = height - 1; y >= 0; --y) {
    const std::int32_t* const after = y == height - 1 ? below.data() : row(y + 1);
    for (std::int64_t x = 0; x < width; ++x) row(y)[x] = std::min(row(y)[x], step(after[x]));
  }
  return distance;
}

// The lower envelope of parabolas, one per column of a row.
class Envelope {
 public:
  // Columns that begin at -1 if the left side is an edge.
  void Begin() noexcept { size_ = 0; }
  void Add(std::int64_t column, std::int64_t up) {
    if (up >= kFar) return;
    while (size_ > 0) {
      const Parabola& last = parabolas_[size_ - 1];
      // From where on the new one is lower than the last.
      const std::int64_t from = FloorDiv(column * column - last.column * last.column + up * up - last.up * last.up,
                                         2 * (column - last.column)) +
                                1;
      if (from > last.from) {
        Push({column, up, from});
        return;
      }
      --size_;
    }
    Push({column, up, -kFar});
  }
  // Calls f(column, squared distance) for columns [0, width) in order; nothing if there is no parabola.
  template <class F>
  void ForEach(std::int64_t width, F&& f) const {
    if (size_ == 0) return;
    std::size_t at = 0;
    for (std::int64_t x = 0; x < width; ++x) {
      while (at + 1 < size_ && parabolas_[at + 1].from <= x) ++at;
      const std::int64_t dx = x - parabolas_[at].column, dy = parabolas_[at].up;
      f(x, dx * dx + dy * dy);
    }
  }
  bool empty() const noexcept { return size_ == 0; }

 private:
  struct Parabola {
    std::int64_t column, up, from;
  };
  void Push(Parabola parabola) {
    if (size_ == parabolas_.size())
      parabolas_.push_back(parabola);
    else
      parabolas_[size_] = parabola;
    ++size_;
  }
  std::vector<Parabola> parabolas_;
  std::size_t size_ = 0;
};

}  // namespace

std::vector<std::int32_t> SquaredDistances(const MaskBox& mask, const ImageSides& sides) {
  const std::int64_t height = mask.height(), width = mask.width();
  std::vector<std::int32_t> distance = ColumnDistances(mask, sides);
  Envelope envelope;
  for (std::int64_t y = 0; y < height; ++y) {
    std::int32_t* const row = distance.data() + y * width;
    envelope.Begin();
    if (!sides.left) envelope.Add(-1, 0);
    for (std::int64_t x = 0; x < width; ++x) envelope.Add(x, row[x]);
    if (!sides.right) envelope.Add(width, 0);
    if (envelope.empty()) std::fill_n(row, width, kNoEdge);
    envelope.ForEach(width, [&](std::int64_t x, std::int64_t squared) {
      row[x] = static_cast<std::int32_t>(std::min<std::int64_t>(squared, kNoEdge - 1));
    });
  }
  return distance;
}

}  // namespace tegula::objects
