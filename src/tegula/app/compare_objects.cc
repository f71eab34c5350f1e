#include "tegula/app/compare_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

// The numbers of a label image as 1, 2, ... in their order; 0 stays.
struct Ranked {
  std::vector<std::int64_t> pixels;
  std::int64_t objects = 0;
};

Result<Ranked> Rank(const Tensor& labels) {
  TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kI64, labels.shape()));
  ConvertCopy(labels.view(), numbers.view());
  const auto values = numbers.values<std::int64_t>();
  std::map<std::int64_t, std::int64_t> ranks;
  for (const std::int64_t value : values)
    if (value != 0) ranks.emplace(value, 0);
  Ranked ranked;
  for (auto& [number, rank] : ranks) rank = ++ranked.objects;
  ranked.pixels.reserve(values.size());
  for (const std::int64_t value : values) ranked.pixels.push_back(value == 0 ? 0 : ranks[value]);
  return ranked;
}

}  // namespace

Comparison CompareObjects(const Tensor& actual, const Tensor& expected, double least_overlap) {
  // The differences of the numbers, and a shape that is wrong, are told as for any tensor.
  Comparison result = Compare(actual, expected, {});
  if (actual.shape() != expected.shape()) return result;
  result.passed = false;
  const Result<Ranked> a = Rank(actual), e = Rank(expected);
  if (!a.ok() || !e.ok()) {
    result.reason = a.ok() ? e.error().what : a.error().what;
    return result;
  }
  if (a->objects != e->objects) {
    result.reason = fmt::format("there are {} objects, but the test output has {}", a->objects, e->objects);
    return result;
  }
  const auto size = static_cast<std::size_t>(a->objects) + 1;
  std::vector<std::int64_t> common(size, 0), either(size, 0);
  std::int64_t different = 0;
  for (std::size_t i = 0; i < a->pixels.size(); ++i) {
    const auto x = static_cast<std::size_t>(a->pixels[i]), y = static_cast<std::size_t>(e->pixels[i]);
    ++either[x];
    if (x == y)
      ++common[x];
    else
      ++either[y], ++different;
  }
  result.mismatched_per_million =
      static_cast<double>(different) / static_cast<double>(std::max<std::size_t>(1, a->pixels.size())) * 1e6;
  std::size_t worst = 0;
  double worst_overlap = 1;
  for (std::size_t object = 1; object < size; ++object) {
    const double overlap = static_cast<double>(common[object]) / static_cast<double>(either[object]);
    if (overlap < worst_overlap) worst = object, worst_overlap = overlap;
  }
  result.passed = worst_overlap >= least_overlap;
  result.reason = result.passed ? ""
                                : fmt::format(
                                      "object {} shares {:.3g} of its pixels with that of the test output, "
                                      "but at least {} are needed",
                                      worst, worst_overlap, least_overlap);
  return result;
}

}  // namespace tegula::app
