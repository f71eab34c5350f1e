#include "tegula/objects/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/objects/region_tracer.h"

namespace tegula::objects {
namespace {

// The strides of one row each; classes may have gaps as well.
struct Row {
  std::int64_t channels, width, value_c, value_x, class_x;
};

template <class T>
void ThresholdRow(const T* values, std::uint8_t* classes, const Row& row, double threshold) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x)
    classes[x * row.class_x] = static_cast<double>(values[x * row.value_x]) >= threshold ? std::uint8_t{0} : kNoClass8;
}

template <class T>
void ArgmaxRow(const T* values, std::uint8_t* classes, const Row& row) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x) {
    std::uint8_t best = kNoClass8;
    T largest{};
    for (std::int64_t c = 0; c < row.channels; ++c) {
      const T value = values[c * row.value_c + x * row.value_x];
      const bool is_number = value == value;
      if (is_number && (best == kNoClass8 || value > largest)) {
        best = static_cast<std::uint8_t>(c);
        largest = value;
      }
    }
    classes[x * row.class_x] = best;
  }
}

// Takes away what does not reach its threshold.
template <class T>
void KeepLeast(const T* values, std::uint8_t* classes, const Row& row, const std::vector<double>& least) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x) {
    std::uint8_t& best = classes[x * row.class_x];
    if (best != kNoClass8 && !(static_cast<double>(values[best * row.value_c + x * row.value_x]) >= least[best]))
      best = kNoClass8;
  }
}

}  // namespace

Result<Classifier> Classifier::Bind(const ClassRule& rule, std::int64_t channels) {
  Classifier classifier;
  classifier.channels_ = channels;
  if (const auto* threshold = std::get_if<Threshold>(&rule)) {
    if (threshold->channel < 0 || threshold->channel >= channels)
      return NotFoundError(fmt::format("there is no channel {} to compare with a threshold: use 0 to {}",
                                       threshold->channel, channels - 1));
    if (std::isnan(threshold->threshold))
      return InvalidError("the threshold is not a number: use one in the range of the output, such as 0.5");
    classifier.threshold_ = *threshold;
    return classifier;
  }
  if (channels > kNoClass8)
    return UnsupportedError(fmt::format(
        "the largest of {} channels cannot be a class: at most {} are supported; choose one channel and a threshold",
        channels, kNoClass8));
  classifier.least_ = std::get<Argmax>(rule).least;
  const bool has_nan = std::ranges::any_of(classifier.least_, [](double least) { return std::isnan(least); });
  if (has_nan || (!classifier.least_.empty() && static_cast<std::int64_t>(classifier.least_.size()) != channels))
    return InvalidError(fmt::format("thresholds of {} do not fit {} channels: use one number for each",
                                    fmt::join(classifier.least_, ", "), channels));
  return classifier;
}

void Classifier::Classify(const ConstView& values_cyx, const View& classes_yx) const noexcept {
  TEGULA_ASSERT(values_cyx.shape() == (Shape{channels_, classes_yx.shape()[0], classes_yx.shape()[1]}));
  const Shape &in = values_cyx.strides(), &out = classes_yx.strides();
  const Row row{channels_, classes_yx.shape()[1], in[0], in[2], out[1]};
  VisitDType(values_cyx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t y = 0; y < classes_yx.shape()[0]; ++y) {
      const T* values = values_cyx.as<T>() + y * in[1];
      std::uint8_t* classes = classes_yx.as<std::uint8_t>() + y * out[0];
      if (threshold_) {
        ThresholdRow(values + threshold_->channel * in[0], classes, row, threshold_->threshold);
      } else {
        ArgmaxRow(values, classes, row);
        if (!least_.empty()) KeepLeast(values, classes, row, least_);
      }
    }
  });
}

}  // namespace tegula::objects
