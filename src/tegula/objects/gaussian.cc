#include "tegula/objects/gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tegula::objects {
namespace {

constexpr double kTruncate = 4;

// One row of a box (and the columns around it) after the rows have been weighted.
class WeightedRow {
 public:
  WeightedRow(Interval columns, std::int64_t width, const GaussianWeights& y)
      : columns_(columns), width_(width), y_(y), values_(static_cast<std::size_t>(columns.size())) {}

  // Columns beyond the border repeat it.
  void Compute(const RowOfValues& rows, std::int64_t height, std::int64_t row) {
    gather_.clear();
    for (std::int64_t d = -y_.radius(); d <= y_.radius(); ++d)
      gather_.push_back(rows(std::clamp<std::int64_t>(row + d, 0, height - 1)).data());
    const Interval inside = Intersect(columns_, Interval{0, width_});
    const auto n = static_cast<std::size_t>(inside.size());
    sums_.resize(n);
    AddRows(inside.begin, n, [](float value) { return static_cast<double>(value); });
    has_gaps_ = std::ranges::any_of(sums_, [](double sum) { return std::isnan(sum); });
    if (has_gaps_)
      AddRows(inside.begin, n, [](float value) { return value == value ? static_cast<double>(value) : 0; });
    Store(inside, values_);
    if (!has_gaps_) return;
    present_.resize(values_.size());
    AddRows(inside.begin, n, [](float value) { return value == value ? 1.0 : 0.0; });
    Store(inside, present_);
  }

  bool has_gaps() const noexcept { return has_gaps_; }
  const std::vector<float>& values() const noexcept { return values_; }
  const std::vector<float>& present() const noexcept { return present_; }

 private:
  template <class F>
  void AddRows(std::int64_t begin, std::size_t n, F&& f) {
    const std::int64_t radius = y_.radius();
    const auto row = [&](std::int64_t d) { return gather_[static_cast<std::size_t>(d + radius)] + begin; };
    const float* const centre = row(0);
    for (std::size_t i = 0; i < n; ++i) sums_[i] = y_[0] * f(centre[i]);
    for (std::int64_t d = radius; d > 0; --d) {
      const float *const above = row(-d), *const below = row(d);
      const double weight = y_[d];
      for (std::size_t i = 0; i < n; ++i) sums_[i] += weight * (f(above[i]) + f(below[i]));
    }
  }

  void Store(Interval inside, std::vector<float>& out) const {
    for (std::int64_t x = columns_.begin; x < columns_.end; ++x) {
      const std::int64_t from = std::clamp<std::int64_t>(x, 0, width_ - 1) - inside.begin;
      out[static_cast<std::size_t>(x - columns_.begin)] = static_cast<float>(sums_[static_cast<std::size_t>(from)]);
    }
  }

  Interval columns_;
  std::int64_t width_;
  const GaussianWeights& y_;
  std::vector<const float*> gather_;
  std::vector<double> sums_;
  std::vector<float> values_, present_;
  bool has_gaps_ = false;
};

// Weights the columns; `from` begins `radius` columns before `out`.
void WeightColumns(const std::vector<float>& from, const GaussianWeights& x, std::span<float> out) {
  const auto radius = static_cast<std::size_t>(x.radius());
  std::vector<double> sums(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) sums[i] = x[0] * static_cast<double>(from[i + radius]);
  for (std::size_t d = radius; d > 0; --d) {
    const double weight = x[static_cast<std::int64_t>(d)];
    for (std::size_t i = 0; i < out.size(); ++i)
      sums[i] += weight * (static_cast<double>(from[i + radius - d]) + static_cast<double>(from[i + radius + d]));
  }
  std::transform(sums.begin(), sums.end(), out.begin(), [](double sum) { return static_cast<float>(sum); });
}

}  // namespace

GaussianWeights::GaussianWeights(double sigma) : weights_(1, 1.0) {
  if (!(sigma > 0)) return;
  const auto radius = static_cast<std::int64_t>(kTruncate * sigma + 0.5);
  double sum = 1;
  for (std::int64_t d = 1; d <= radius; ++d) {
    const auto distance = static_cast<double>(d);
    weights_.push_back(std::exp(-0.5 * distance * distance / (sigma * sigma)));
    sum += 2 * weights_.back();
  }
  for (double& weight : weights_) weight /= sum;
}

void SmoothBox(const RowOfValues& rows, std::int64_t height, const Box& box, const GaussianWeights& y,
               const GaussianWeights& x, const View& out_yx) {
  const auto width = static_cast<std::int64_t>(rows(box.y.begin).size());
  WeightedRow row({box.x.begin - x.radius(), box.x.end + x.radius()}, width, y);
  std::vector<float> present(static_cast<std::size_t>(box.width()));
  for (std::int64_t line = box.y.begin; line < box.y.end; ++line) {
    row.Compute(rows, height, line);
    float* const out = out_yx.as<float>() + (line - box.y.begin) * out_yx.strides()[0];
    WeightColumns(row.values(), x, {out, present.size()});
    if (!row.has_gaps()) continue;
    WeightColumns(row.present(), x, present);
    const std::span<const float> own = rows(line);
    for (std::size_t i = 0; i < present.size(); ++i) {
      const bool is_number = !std::isnan(own[static_cast<std::size_t>(box.x.begin) + i]);
      out[i] = is_number ? out[i] / present[i] : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

}  // namespace tegula::objects
