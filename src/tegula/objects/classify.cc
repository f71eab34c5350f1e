#include "tegula/objects/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tegula/objects/region_tracer.h"

namespace tegula::objects {
namespace {

// The strides of one row each; classes may have gaps as well.
struct Row {
  std::int64_t channels, width, value_c, value_x, class_x;
};

// No class: of uint8 kNoClass8.
template <class C>
constexpr C kNone = std::numeric_limits<C>::max();
static_assert(kNone<std::uint8_t> == kNoClass8);

template <class T, class C>
void ThresholdRow(const T* values, C* classes, const Row& row, double threshold) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x)
    classes[x * row.class_x] = static_cast<double>(values[x * row.value_x]) >= threshold ? C{0} : kNone<C>;
}

template <class T, class C>
void ArgmaxRow(const T* values, C* classes, const Row& row) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x) {
    C best = kNone<C>;
    T largest{};
    for (std::int64_t c = 0; c < row.channels; ++c) {
      const T value = values[c * row.value_c + x * row.value_x];
      const bool is_number = value == value;
      if (is_number && (best == kNone<C> || value > largest)) {
        best = static_cast<C>(c);
        largest = value;
      }
    }
    classes[x * row.class_x] = best;
  }
}

template <class T, class C>
void NumbersRow(const T* values, C* classes, const Row& row, std::int64_t most) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x) {
    const auto value = static_cast<double>(values[x * row.value_x]);
    const bool is_class = value >= 0 && value < static_cast<double>(most) && value == std::floor(value);
    classes[x * row.class_x] = is_class ? static_cast<C>(value) : kNone<C>;
  }
}

// Takes away what does not reach its threshold.
template <class T, class C>
void KeepLeast(const T* values, C* classes, const Row& row, const std::vector<double>& least) noexcept {
  for (std::int64_t x = 0; x < row.width; ++x) {
    C& best = classes[x * row.class_x];
    if (best != kNone<C> && !(static_cast<double>(values[best * row.value_c + x * row.value_x]) >= least[best]))
      best = kNone<C>;
  }
}

Status CheckLeast(const std::vector<double>& least, std::int64_t channels) {
  const bool has_nan = std::ranges::any_of(least, [](double value) { return std::isnan(value); });
  if (!has_nan && (least.empty() || static_cast<std::int64_t>(least.size()) == channels)) return Ok();
  return InvalidError(fmt::format("thresholds of {} do not fit {} channels: use one number for each",
                                  fmt::join(least, ", "), channels));
}

}  // namespace

template <class C>
void Classifier::ClassifyAs(const ConstView& values_cyx, const View& classes_yx) const noexcept {
  const Shape &in = values_cyx.strides(), &out = classes_yx.strides();
  const Row row{channels_, classes_yx.shape()[1], in[0], in[2], out[1]};
  VisitDType(values_cyx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t y = 0; y < classes_yx.shape()[0]; ++y) {
      const T* values = values_cyx.as<T>() + y * in[1];
      C* classes = classes_yx.as<C>() + y * out[0];
      if (threshold_) {
        ThresholdRow(values + threshold_->channel * in[0], classes, row, threshold_->threshold);
      } else if (numbers_) {
        NumbersRow(values, classes, row, numbers_->classes);
      } else {
        ArgmaxRow(values, classes, row);
        if (!least_.empty()) KeepLeast(values, classes, row, least_);
      }
    }
  });
}

Result<Classifier> Classifier::Bind(const ClassRule& rule, std::int64_t channels, DType classes) {
  TEGULA_ASSERT(classes == DType::kU8 || classes == DType::kU16);
  const std::int64_t most = classes == DType::kU8 ? kNone<std::uint8_t> : kNone<std::uint16_t>;
  if (const auto* threshold = std::get_if<Threshold>(&rule)) {
    if (threshold->channel < 0 || threshold->channel >= channels)
      return NotFoundError(fmt::format("there is no channel {} to compare with a threshold: use 0 to {}",
                                       threshold->channel, channels - 1));
    if (std::isnan(threshold->threshold))
      return InvalidError("the threshold is not a number: use one in the range of the output, such as 0.5");
  } else if (const auto* numbers = std::get_if<ClassNumbers>(&rule)) {
    if (channels != 1)
      return InvalidError(fmt::format("numbers of classes stand in one channel, and there are {}", channels));
    if (numbers->classes > most)
      return UnsupportedError(fmt::format("{} classes are too many: at most {} are supported", numbers->classes, most));
  } else if (channels > most) {
    return UnsupportedError(fmt::format(
        "the largest of {} channels cannot be a class: at most {} are supported; choose one channel and a threshold",
        channels, most));
  } else {
    TEGULA_TRY(CheckLeast(std::get<Argmax>(rule).least, channels));
  }
  Classifier classifier(channels, classes);
  if (const auto* threshold = std::get_if<Threshold>(&rule)) {
    classifier.threshold_ = *threshold;
  } else if (const auto* numbers = std::get_if<ClassNumbers>(&rule)) {
    classifier.numbers_ = *numbers;
  } else {
    classifier.least_ = std::get<Argmax>(rule).least;
  }
  return classifier;
}

void Classifier::Classify(const ConstView& values_cyx, const View& classes_yx) const noexcept {
  TEGULA_ASSERT(values_cyx.shape() == (Shape{channels_, classes_yx.shape()[0], classes_yx.shape()[1]}));
  TEGULA_ASSERT(classes_yx.dtype() == classes_);
  if (classes_ == DType::kU8)
    ClassifyAs<std::uint8_t>(values_cyx, classes_yx);
  else
    ClassifyAs<std::uint16_t>(values_cyx, classes_yx);
}

}  // namespace tegula::objects
