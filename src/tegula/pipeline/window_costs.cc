#include "tegula/pipeline/window_costs.h"

#include <algorithm>
#include <cstring>

#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"
#include "tegula/tiling/plan.h"

namespace tegula::pipeline {
namespace {

// The fastest of some runs; of more where they are short, for then other programs disturb all of a few.
constexpr int kLeastRuns = 2, kMostRuns = 10;
constexpr double kLeastSeconds = 0.25;  // of all runs

// A tensor of this shape with the bytes of another, over and over.
Result<Tensor> Repeated(const Tensor& sample, const Shape& shape, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor filled, Tensor::Allocate(sample.dtype(), shape, limits));
  for (std::int64_t at = 0; at < filled.bytes() && sample.bytes() > 0; at += sample.bytes())
    std::memcpy(filled.view().data() + at, sample.view().data(),
                static_cast<std::size_t>(std::min(sample.bytes(), filled.bytes() - at)));
  return filled;
}

Shape ShapeFor(const spec::TensorDescription& input, const PerAxis<tiling::InputRule>& rules, const Shape& sample,
               const PerAxis<std::int64_t>& window) {
  Shape shape = sample;
  for (std::size_t i = 0; i < input.axes.size() && static_cast<int>(i) < shape.rank(); ++i) {
    const int at = static_cast<int>(i);
    if (input.axes[i].type == spec::AxisType::kBatch && !std::holds_alternative<spec::FixedSize>(input.axes[i].size))
      shape[at] = 1;
    for (const GridAxis axis : kGridAxes)
      if (rules[axis].has_axis && tiling::FindAxis(input, axis) == &input.axes[i])
        shape[at] = rules[axis].SizeAt(window[axis]);
  }
  return shape;
}

}  // namespace

WindowCosts::WindowCosts(std::vector<WindowCost> measured) : measured_(std::move(measured)) {
  std::sort(measured_.begin(), measured_.end(), [](auto& a, auto& b) { return a.pixels < b.pixels; });
  const auto same = [](const WindowCost& a, const WindowCost& b) { return a.pixels == b.pixels; };
  measured_.erase(std::unique(measured_.begin(), measured_.end(), same), measured_.end());
}

double WindowCosts::Seconds(std::int64_t pixels) const noexcept {
  const auto of = [&](const WindowCost& cost) {
    return cost.seconds * static_cast<double>(pixels) / static_cast<double>(std::max<std::int64_t>(1, cost.pixels));
  };
  const auto above = std::find_if(measured_.begin(), measured_.end(), [&](auto& c) { return c.pixels >= pixels; });
  if (above == measured_.end()) return of(measured_.back());
  if (above == measured_.begin()) return of(measured_.front());
  const WindowCost &a = *(above - 1), &b = *above;
  const double t = static_cast<double>(pixels - a.pixels) / static_cast<double>(b.pixels - a.pixels);
  return a.seconds + t * (b.seconds - a.seconds);
}

std::int64_t WindowCosts::Bytes(std::int64_t pixels) const noexcept {
  const auto line = [&](const WindowCost& a, const WindowCost& b) {
    const double slope = static_cast<double>(b.bytes - a.bytes) / static_cast<double>(b.pixels - a.pixels);
    const double at = static_cast<double>(a.bytes) + slope * static_cast<double>(pixels - a.pixels);
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(at));
  };
  if (measured_.size() == 1)
    return static_cast<std::int64_t>(
        static_cast<double>(measured_[0].bytes) *
        std::max(1.0,
                 static_cast<double>(pixels) / static_cast<double>(std::max<std::int64_t>(1, measured_[0].pixels))));
  std::size_t above = 1;
  while (above + 1 < measured_.size() && measured_[above].pixels < pixels) ++above;
  return line(measured_[above - 1], measured_[above]);
}

std::int64_t PixelsOf(const PerAxis<std::int64_t>& window) noexcept {
  std::int64_t pixels = 1;
  for (const std::int64_t size : window.of) pixels *= size;
  return pixels;
}

std::vector<PerAxis<std::int64_t>> WindowsToMeasure(const tiling::ModelGrid& grid) {
  const PerAxis<std::int64_t> most = tiling::UsualMaxTile(grid);
  std::vector<PerAxis<std::int64_t>> windows;
  for (const int divisor : {4, 2, 1}) {
    PerAxis<std::int64_t> window = {{1, 1, 1, 1}};
    for (const GridAxis axis : kGridAxes) {
      if (!grid.axes[axis]) continue;
      const tiling::SizeRule& sizes = grid.axes[axis]->sizes;
      window[axis] = sizes.is_fixed()
                         ? sizes.min
                         : tiling::PaddedSize({.sizes = sizes}, std::max<std::int64_t>(1, most[axis] / divisor));
    }
    if (windows.empty() || windows.back() != window) windows.push_back(window);
  }
  return windows;
}

Result<WindowCost> MeasureWindow(const spec::ModelDescription& model, const tiling::ModelGrid& grid,
                                 const engines::Network& network, std::span<const Tensor> sample,
                                 const PerAxis<std::int64_t>& window, const RunContext& context) {
  std::vector<Tensor> inputs;
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    shapes.push_back(ShapeFor(model.inputs[i], grid.inputs[i], sample[i].shape(), window));
    dtypes.push_back(sample[i].dtype());
    TEGULA_ASSIGN_OR_RETURN(Tensor input, Repeated(sample[i], shapes.back(), context.limits));
    inputs.push_back(std::move(input));
  }
  ReleaseFreeMemory();
  const std::int64_t before = ResidentMemoryBytes();
  const bool knows_memory = ResetPeakMemory() && before > 0;
  WindowCost cost{.pixels = PixelsOf(window)};
  {
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session, network.NewSession(shapes, dtypes));
    const double began = MonotonicSeconds();
    for (int run = 0; run < kLeastRuns || (run < kMostRuns && MonotonicSeconds() - began < kLeastSeconds); ++run) {
      const double start = MonotonicSeconds();
      TEGULA_TRY(session->Run(ViewsOf(inputs), context.stop));
      const double seconds = MonotonicSeconds() - start;
      cost.seconds = run == 0 ? seconds : std::min(cost.seconds, seconds);
    }
  }
  if (knows_memory) cost.bytes = std::max<std::int64_t>(0, PeakMemoryBytes() - before);
  ReleaseFreeMemory();
  return cost;
}

}  // namespace tegula::pipeline
