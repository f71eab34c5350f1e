// objects/classify.h — from what a network says of each pixel to the class of each pixel.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// Class 0 where the channel's value is `threshold` or more (compared in double), no class elsewhere and at NaN.
struct Threshold {
  std::int64_t channel = 0;
  double threshold = 0.5;
};
/// The channel with the largest value, of several the lowest. NaN is never the largest; only NaN is no class.
struct Argmax {
  /// What the largest value must reach to be a class, by channel (compared in double); empty: nothing.
  std::vector<double> least = {};
};
/// The values of the only channel are numbers of classes already: 0 to `classes` - 1; others are no class.
struct ClassNumbers {
  std::int64_t classes = 0;
};
using ClassRule = std::variant<Threshold, Argmax, ClassNumbers>;

/// A rule bound to the channels it is used on. Immutable and thread-safe.
class Classifier {
 public:
  /// kNotFound for a channel that is not there, kUnsupported for more classes than a class map of type `classes` (uint8
  /// or uint16) holds, kInvalid for a threshold that is not a number or if there is not one for each channel, or for
  /// numbers of classes in several channels.
  static Result<Classifier> Bind(const ClassRule& rule, std::int64_t channels, DType classes = DType::kU8);

  /// Classes of `values_cyx` (any element type, as many channels as were bound) into `classes_yx` of the type that was
  /// bound (its largest number for none) and the same rows and columns. Both checked by the caller.
  void Classify(const ConstView& values_cyx, const View& classes_yx) const noexcept;

 private:
  Classifier(std::int64_t channels, DType classes) : channels_(channels), classes_(classes) {}
  template <class C>
  void ClassifyAs(const ConstView& values_cyx, const View& classes_yx) const noexcept;

  std::int64_t channels_;
  DType classes_;
  std::optional<Threshold> threshold_ = {};
  std::optional<ClassNumbers> numbers_ = {};  ///< with neither the largest channel
  std::vector<double> least_ = {};
};

}  // namespace tegula::objects
