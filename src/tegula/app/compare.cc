#include "tegula/app/compare.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

// Elements as float32, whatever the dtype; the reference compares so.
Result<Tensor> AsFloat(const Tensor& tensor) {
  TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, tensor.shape()));
  ConvertCopy(tensor.view(), floats.view());
  return floats;
}

}  // namespace

Comparison Compare(const Tensor& actual, const Tensor& expected, const spec::Tolerance& tolerance) {
  Comparison result;
  result.tolerance = tolerance;
  if (actual.shape() != expected.shape()) {
    result.reason = fmt::format("the shape is {}, but the test output has {}", ToString(actual.shape()),
                                ToString(expected.shape()));
    return result;
  }
  const Result<Tensor> a = AsFloat(actual), e = AsFloat(expected);
  if (!a.ok() || !e.ok()) {
    result.reason = a.ok() ? e.error().what : a.error().what;
    return result;
  }
  const auto as = a->values<float>(), es = e->values<float>();
  std::int64_t mismatched = 0;
  double sum = 0;
  for (std::size_t i = 0; i < as.size(); ++i) {
    const double x = as[i], y = es[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double difference =
        std::isnan(x) || std::isnan(y) ? std::numeric_limits<double>::infinity() : std::abs(x - y);
    if (!(difference <= tolerance.absolute + tolerance.relative * std::abs(y))) ++mismatched;
    result.max_abs = std::max(result.max_abs, difference);
    sum += difference;
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, as.size()));
  result.mean_abs = sum / count;
  result.mismatched_per_million = static_cast<double>(mismatched) / count * 1e6;
  result.passed = result.mismatched_per_million <= tolerance.mismatched_per_million;
  if (!result.passed)
    result.reason = fmt::format(
        "{:.4g} elements per million are out of tolerance (allowed {:.4g}); the largest difference is {:.4g}",
        result.mismatched_per_million, tolerance.mismatched_per_million, result.max_abs);
  return result;
}

}  // namespace tegula::app
