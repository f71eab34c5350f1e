// app/compare.h — does a tensor reproduce another? The rules of `bioimageio test`, with one difference: a NaN where the
// reference has a number counts as a mismatch, because a network that returns NaN does not work.
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::app {

/// How far `actual` is from `expected`, both as float32.
struct Comparison {
  bool passed = false;
  double max_abs = 0;  ///< infinite if a NaN stands against a number
  double mean_abs = 0;
  double mismatched_per_million = 0;  ///< elements with |a - e| > absolute + relative * |e|
  spec::Tolerance tolerance;
  std::string reason;  ///< one clause if not passed
};

/// Shapes must be equal; otherwise it has not passed and the reason names both.
Comparison Compare(const Tensor& actual, const Tensor& expected, const spec::Tolerance& tolerance);

}  // namespace tegula::app
