#include "tegula/pipeline/differences.h"

#include <cmath>

namespace tegula::pipeline {

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
      for (std::int64_t j = 0; j < inside; ++j) {
        if (x[j] == y[j] || (std::isnan(x[j]) && std::isnan(y[j]))) continue;
        worst = std::isnan(x[j]) || std::isnan(y[j]) ? INFINITY : std::max(worst, std::abs(x[j] - y[j]));
      }
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

std::optional<double> ByDistance::Beyond(std::int64_t context) const {
  double worst = -1;
  for (auto i = static_cast<std::size_t>(context); i < worst_.size(); ++i) worst = std::max(worst, worst_[i]);
  return worst < 0 ? std::nullopt : std::optional(worst);
}

}  // namespace tegula::pipeline
