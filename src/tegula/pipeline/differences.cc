#include "tegula/pipeline/differences.h"

#include <cmath>

namespace tegula::pipeline {

double DifferenceOf(double a, double b) noexcept {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  return std::isnan(a) || std::isnan(b) ? INFINITY : std::abs(a - b);
}

std::vector<double> DifferencesAlong(int axis, const ConstView& a, const ConstView& b) {
  std::int64_t inside = 1, outside = 1;
  for (int i = axis + 1; i < a.shape().rank(); ++i) inside *= a.shape()[i];
  for (int i = 0; i < axis; ++i) outside *= a.shape()[i];
  std::vector<double> profile;
  for (std::int64_t place = 0; place < a.shape()[axis]; ++place) {
    double worst = 0;
    for (std::int64_t i = 0; i < outside; ++i) {
      const auto row = [&](const ConstView& view) {
        return view.as<const double>() + (axis > 0 ? i * view.strides()[axis - 1] : 0) + place * inside;
      };
      const double *const x = row(a), *const y = row(b);
      for (std::int64_t j = 0; j < inside; ++j) worst = std::max(worst, DifferenceOf(x[j], y[j]));
    }
    profile.push_back(worst);
  }
  return profile;
}

double LargestOutput(const std::vector<Tensor>& outputs, const std::vector<OutputAxis>& followers) {
  double largest = 1;
  for (const OutputAxis& follower : followers)
    for (const double value : outputs[follower.output].values<double>())
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  return largest;
}

void ByDistance::Add(std::int64_t distance, double difference) {
  if (distance < 0) return;
  const auto i = static_cast<std::size_t>(distance);
  if (i >= worst_.size()) worst_.resize(i + 1, -1.0);
  worst_[i] = std::max(worst_[i], difference);
}

void ByDistance::Add(const ByDistance& other) {
  if (other.worst_.size() > worst_.size()) worst_.resize(other.worst_.size(), -1.0);
  for (std::size_t i = 0; i < other.worst_.size(); ++i) worst_[i] = std::max(worst_[i], other.worst_[i]);
}

std::optional<double> ByDistance::Beyond(std::int64_t context) const {
  double worst = -1;
  for (auto i = static_cast<std::size_t>(context); i < worst_.size(); ++i) worst = std::max(worst, worst_[i]);
  return worst < 0 ? std::nullopt : std::optional(worst);
}

std::optional<std::int64_t> ByDistance::Enough(double limit) const {
  std::optional<std::int64_t> enough;
  for (std::size_t distance = worst_.size(); distance-- > 0 && worst_[distance] <= limit;)
    if (worst_[distance] >= 0) enough = static_cast<std::int64_t>(distance);
  return enough;
}

}  // namespace tegula::pipeline
