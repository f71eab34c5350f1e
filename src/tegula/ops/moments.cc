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

void ExactSums::Save(PartialWriter& to) const {
  to.Number(static_cast<std::uint64_t>(count_));
  for (const Wide sum : {sum_, squares_}) {
    to.Number(static_cast<std::uint64_t>(sum));
    to.Number(static_cast<std::uint64_t>(sum >> 64));
  }
}

bool ExactSums::AddSaved(PartialReader& from) noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
  const std::optional<std::uint64_t> count = from.Number();
  std::array<std::uint64_t, 4> parts{};
  for (std::uint64_t& part : parts) {
    const std::optional<std::uint64_t> number = from.Number();
    if (!number) return false;
    part = *number;
  }
  if (!count || *count > kMost) return false;
  const auto join = [](std::uint64_t low, std::uint64_t high) {
    return static_cast<Wide>(static_cast<std::int64_t>(high)) << 64 | static_cast<Wide>(low);
  };
  ExactSums saved;
  saved.count_ = static_cast<std::int64_t>(*count);
  saved.sum_ = join(parts[0], parts[1]);
  saved.squares_ = join(parts[2], parts[3]);
  Add(saved);
  return true;
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
