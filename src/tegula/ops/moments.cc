#include "tegula/ops/moments.h"

namespace tegula::ops {

Moments Merge(const Moments& a, const Moments& b) noexcept {
  Moments merged{a.count + b.count, a.mean, a.squares, a.nans + b.nans};
  if (b.count == 0) return merged;
  if (a.count == 0) {
    merged.mean = b.mean;
    merged.squares = b.squares;
    return merged;
  }
  const double delta = b.mean - a.mean;
  const double share = b.count / merged.count;
  merged.mean = a.mean + delta * share;
  merged.squares = a.squares + b.squares + delta * delta * a.count * share;
  return merged;
}

Moments MergeTree(std::span<const Moments> blocks, std::size_t stride) noexcept {
  const std::size_t count = (blocks.size() + stride - 1) / stride;
  if (count <= 1) return blocks.empty() ? Moments{} : blocks[0];
  const std::size_t half = (count + 1) / 2 * stride;
  return Merge(MergeTree(blocks.first(half), stride), MergeTree(blocks.subspan(half), stride));
}

void ExactSums::Add(const ExactSums& other) noexcept {
  count_ += other.count_;
  sum_ += other.sum_;
  squares_ += other.squares_;
}

Moments ExactSums::Finish() const noexcept {
  if (count_ == 0) return {};
  const auto n = static_cast<double>(count_);
  Wide whole = sum_ / count_, rest = sum_ % count_;
  if (rest < 0) whole -= 1, rest += count_;
  // Deviations from the whole part of the mean are whole; what is left of the mean is subtracted exactly if it can
  // matter.
  const Wide around = squares_ - 2 * whole * sum_ + whole * whole * count_;
  constexpr Wide kExact = Wide{1} << 53;
  constexpr Wide kFits = Wide{1} << 62;
  Moments moments{n, static_cast<double>(whole) + static_cast<double>(rest) / n, 0, 0};
  if (sum_ < kExact && sum_ > -kExact) moments.mean = static_cast<double>(sum_) / n;
  if (around < kFits)
    moments.squares = static_cast<double>(around * count_ - rest * rest) / n;
  else
    moments.squares = static_cast<double>(around) - static_cast<double>(rest) * (static_cast<double>(rest) / n);
  return moments;
}

}  // namespace tegula::ops
