#include "tegula/objects/cellpose/flow_error.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "tegula/objects/cellpose/cleaning.h"
#include "tegula/objects/cellpose/flow_field.h"

namespace tegula::objects {
namespace {

// Pixels of one row in a padded box.
struct Run {
  std::int64_t begin = 0;
  std::int64_t size = 0;
};

// Heat after one time unit: the mean of a pixel and its eight neighbours, in the order in which cellpose adds them.
void Spread(const double* __restrict heat, double* __restrict next, std::int64_t size, std::int64_t stride) noexcept {
  const double *above = heat - stride, *below = heat + stride;
  for (std::int64_t i = 0; i < size; ++i) {
    next[i] = 1 / 9. *
              (heat[i] + above[i] + below[i] + heat[i - 1] + heat[i + 1] + above[i - 1] + above[i + 1] + below[i - 1] +
               below[i + 1]);
  }
}

double Squared(double value) noexcept { return value * value; }

// Of numbers, flows as they are read and as steps, and heat twice.
constexpr std::int64_t kBytesPerPixel = 4 + 3 * 4 + 9 + 2 * 8 + 8;

// Sides of a box with a frame of one pixel, in which the heat stays 0.
std::int64_t PaddedHeight(const Box& box) noexcept { return box.height() + 2; }
std::int64_t PaddedWidth(const Box& box) noexcept { return box.width() + 2; }
std::int64_t PaddedArea(const Box& box) noexcept { return PaddedHeight(box) * PaddedWidth(box); }

// The flow of one object after another, in memory that is used again. One thread at a time.
class ShapeFlow {
 public:
  // The FlowErrors of one object that has a pixel, from the numbers and the flow in its box.
  double ErrorOf(std::uint32_t number, std::span<const std::uint32_t> numbers_yx, const FlowField& field) {
    FindRuns(number, field.window(), numbers_yx);
    Heat(field.window());
    return Difference(field.window(), field);
  }

 private:
  void FindRuns(std::uint32_t number, const Box& box, std::span<const std::uint32_t> numbers_yx);
  std::int64_t Middle(std::int64_t stride) const noexcept;
  void Heat(const Box& box);
  double Difference(const Box& box, const FlowField& field) const noexcept;

  std::vector<Run> runs_;
  std::vector<double> heat_;
  std::vector<double> next_;
};

void ShapeFlow::FindRuns(std::uint32_t number, const Box& box, std::span<const std::uint32_t> numbers_yx) {
  runs_.clear();
  for (std::int64_t y = 0; y < box.height(); ++y) {
    const std::uint32_t* row = numbers_yx.data() + y * box.width();
    const std::int64_t to_padded = (y + 1) * PaddedWidth(box) + 1;
    for (std::int64_t x = 0; x < box.width(); ++x) {
      if (row[x] != number) continue;
      const std::int64_t begin = x;
      while (x < box.width() && row[x] == number) ++x;
      runs_.push_back({begin + to_padded, x - begin});
    }
  }
}

// Of the pixels that are nearest to the mean of all the first.
std::int64_t ShapeFlow::Middle(std::int64_t stride) const noexcept {
  double sum_y = 0, sum_x = 0, pixels = 0;
  for (const Run& run : runs_) {
    const std::int64_t y = run.begin / stride, x = run.begin % stride;
    const auto size = static_cast<double>(run.size);
    sum_y += static_cast<double>(y) * size;
    sum_x += static_cast<double>(x) * size + size * (size - 1) / 2;
    pixels += size;
  }
  const double mean_y = sum_y / pixels, mean_x = sum_x / pixels;
  std::int64_t middle = 0;
  double smallest = std::numeric_limits<double>::infinity();
  for (const Run& run : runs_)
    for (std::int64_t at = run.begin; at < run.begin + run.size; ++at) {
      const std::int64_t y = at / stride, x = at % stride;
      const double distance = Squared(static_cast<double>(x) - mean_x) + Squared(static_cast<double>(y) - mean_y);
      if (distance >= smallest) continue;
      smallest = distance;
      middle = at;
    }
  return middle;
}

void ShapeFlow::Heat(const Box& box) {
  const auto area = static_cast<std::size_t>(PaddedArea(box));
  heat_.assign(area, 0);
  next_.assign(area, 0);
  const std::int64_t stride = PaddedWidth(box);
  const auto middle = static_cast<std::size_t>(Middle(stride));
  for (std::int64_t time = 2 * (PaddedHeight(box) + PaddedWidth(box)); time > 0; --time) {
    heat_[middle] += 1;
    for (const Run& run : runs_) Spread(heat_.data() + run.begin, next_.data() + run.begin, run.size, stride);
    heat_.swap(next_);
  }
}

double ShapeFlow::Difference(const Box& box, const FlowField& field) const noexcept {
  const std::int64_t stride = PaddedWidth(box);
  double sum_y = 0, sum_x = 0, pixels = 0;
  for (const Run& run : runs_)
    for (std::int64_t at = run.begin; at < run.begin + run.size; ++at) {
      const double* heat = heat_.data() + at;
      const double slope_y = heat[stride] - heat[-stride], slope_x = heat[1] - heat[-1];
      const double length = 1e-60 + std::sqrt(Squared(slope_y) + Squared(slope_x));
      const std::int64_t y = box.y.begin + at / stride - 1, x = box.x.begin + at % stride - 1;
      const std::array<float, 2> step = field.StepAt(y, x);
      sum_y += Squared(slope_y / length - static_cast<double>(step[0]));
      sum_x += Squared(slope_x / length - static_cast<double>(step[1]));
      pixels += 1;
    }
  return sum_y / pixels + sum_x / pixels;
}

}  // namespace

Result<std::vector<double>> FlowErrors(const CellMap& cells, const PixelBlocks& values, double logit_threshold,
                                       const ObjectWork& work) {
  const RunContext& context = work.context;
  const int workers = context.executor.workers();
  std::vector<ShapeFlow> flows(static_cast<std::size_t>(workers));
  std::vector<double> errors(cells.cells().size());
  std::atomic<std::int64_t> done{0};
  const auto compare = [&](std::uint32_t number, int worker) -> Status {
    const Box& box = cells.cells()[number].box;
    TEGULA_TRY(CheckFits(box, kBytesPerPixel * workers, work.memory_bytes));
    TEGULA_ASSIGN_OR_RETURN(const Tensor numbers, cells.Read(box, context.limits));
    TEGULA_ASSIGN_OR_RETURN(const Tensor flow, ReadPlane(values, box, context.limits));
    TEGULA_ASSIGN_OR_RETURN(const FlowField field, FlowField::Read(flow.view(), box, cells.height(), cells.width(),
                                                                   logit_threshold, context.limits));
    errors[number] = flows[static_cast<std::size_t>(worker)].ErrorOf(number, numbers.values<std::uint32_t>(), field);
    context.progress.Update("checking objects", ++done, std::ssize(errors) - 1, "objects");
    return Ok();
  };
  TEGULA_TRY(cells.ForEachCell(context, compare));
  return errors;
}

}  // namespace tegula::objects
