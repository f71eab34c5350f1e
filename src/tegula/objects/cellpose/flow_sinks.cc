#include "tegula/objects/cellpose/flow_sinks.h"

#include <algorithm>
#include <utility>

#include "tegula/core/interval.h"
#include "tegula/objects/cellpose/flow_field.h"

namespace tegula::objects {
namespace {

constexpr std::int32_t kStrayPaths = 2;       // that do not make a pixel part of a sink
constexpr std::int32_t kTooFewForASink = 10;  // paths
constexpr std::int64_t kPeakReach = 2;        // pixels around a sink that may not have more paths
constexpr int kGrowth = 5;                    // pixels

std::span<const std::int32_t> PixelsOf(const ConstView& plane_yx) noexcept {
  return {plane_yx.as<std::int32_t>(), static_cast<std::size_t>(plane_yx.elements())};
}

// The pixels within `reach` of one, cut at the edges of the image.
Box Around(std::int64_t pixel, std::int64_t reach, const Shape& shape_yx) noexcept {
  const std::int64_t y = pixel / shape_yx[1], x = pixel % shape_yx[1];
  return Intersect({{y - reach, y + reach + 1}, {x - reach, x + reach + 1}}, {{0, shape_yx[0]}, {0, shape_yx[1]}});
}

bool IsPeak(std::span<const std::int32_t> counts, std::int64_t pixel, const Shape& shape_yx) noexcept {
  const Box around = Around(pixel, kPeakReach, shape_yx);
  for (std::int64_t y = around.y.begin; y < around.y.end; ++y)
    for (std::int64_t x = around.x.begin; x < around.x.end; ++x)
      if (counts[static_cast<std::size_t>(y * shape_yx[1] + x)] > counts[static_cast<std::size_t>(pixel)]) return false;
  return true;
}

// By their paths. Torch sorts up to 32767 values with std::sort and more by their digits, which keeps the order of
// equal ones. What std::sort does with equal ones is up to libstdc++, with which both programs are built.
void SortAsTorch(std::vector<FlowSink>& sinks) {
  constexpr std::size_t kSortedByDigits = 32768;
  const auto has_fewer = [](const FlowSink& a, const FlowSink& b) { return a.paths < b.paths; };
  if (sinks.size() < kSortedByDigits)
    std::sort(sinks.begin(), sinks.end(), has_fewer);
  else
    std::stable_sort(sinks.begin(), sinks.end(), has_fewer);
}

}  // namespace

void CountEnds(std::span<const std::int32_t> ends, std::span<std::int32_t> counts_yx) noexcept {
  for (const std::int32_t end : ends)
    if (end != kNoEnd) ++counts_yx[static_cast<std::size_t>(end)];
}

std::vector<FlowSink> FindSinks(const ConstView& counts_yx) {
  const std::span<const std::int32_t> counts = PixelsOf(counts_yx);
  std::vector<FlowSink> sinks;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto pixel = static_cast<std::int64_t>(i);
    if (counts[i] > kTooFewForASink && IsPeak(counts, pixel, counts_yx.shape())) sinks.push_back({pixel, counts[i]});
  }
  SortAsTorch(sinks);
  return sinks;
}

Result<LabelMap> GrowSinks(const ConstView& counts_yx, std::span<const FlowSink> sinks, const Limits& limits) {
  const Shape& shape = counts_yx.shape();
  TEGULA_ASSIGN_OR_RETURN(LabelMap sink_of, LabelMap::Empty(shape[0], shape[1], limits));
  const std::span<const std::int32_t> counts = PixelsOf(counts_yx);
  std::vector<std::int64_t> front, next_front;
  std::uint32_t number = 0;
  for (const FlowSink& sink : sinks) {
    ++number;
    const auto take = [&](std::int64_t pixel) {
      sink_of.pixels()[static_cast<std::size_t>(pixel)] = number;
      next_front.push_back(pixel);
    };
    next_front.clear();
    take(sink.pixel);
    for (int growth = 0; growth < kGrowth; ++growth) {
      front.swap(next_front);
      next_front.clear();
      for (const std::int64_t from : front) {
        const Box around = Around(from, 1, shape);
        for (std::int64_t y = around.y.begin; y < around.y.end; ++y)
          for (std::int64_t x = around.x.begin; x < around.x.end; ++x) {
            const std::int64_t pixel = y * shape[1] + x;
            const auto i = static_cast<std::size_t>(pixel);
            if (counts[i] > kStrayPaths && sink_of.pixels()[i] != number) take(pixel);
          }
      }
    }
  }
  return sink_of;
}

Result<LabelMap> LabelsOfSinks(const ConstView& ends_yx, const Limits& limits) {
  const Shape& shape = ends_yx.shape();
  TEGULA_ASSIGN_OR_RETURN(Tensor counts_yx, Tensor::Allocate(DType::kI32, shape, limits));
  std::ranges::fill(counts_yx.values<std::int32_t>(), 0);
  const std::span<const std::int32_t> ends = PixelsOf(ends_yx);
  CountEnds(ends, counts_yx.values<std::int32_t>());
  const ConstView counts = std::as_const(counts_yx).view();
  TEGULA_ASSIGN_OR_RETURN(const LabelMap sink_of, GrowSinks(counts, FindSinks(counts), limits));
  TEGULA_ASSIGN_OR_RETURN(LabelMap labels, LabelMap::Empty(shape[0], shape[1], limits));
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (ends[i] != kNoEnd) labels.pixels()[i] = sink_of.pixels()[static_cast<std::size_t>(ends[i])];
  return labels;
}

}  // namespace tegula::objects
