#include "tegula/objects/cellpose/flow_error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

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

// Sides of a box with a frame of one pixel, in which the heat stays 0.
std::int64_t PaddedHeight(const Box& box) noexcept { return box.height() + 2; }
std::int64_t PaddedWidth(const Box& box) noexcept { return box.width() + 2; }
std::int64_t PaddedArea(const Box& box) noexcept { return PaddedHeight(box) * PaddedWidth(box); }

// The flow of one object after another, in memory that is used again. One thread at a time.
class ShapeFlow {
 public:
  explicit ShapeFlow(std::int64_t largest_padded_area) {
    const auto area = static_cast<std::size_t>(largest_padded_area);
    heat_.reserve(area);
    next_.reserve(area);
    runs_.reserve((area + 1) / 2);
  }

  // The FlowErrors of one object that has a pixel.
  double ErrorOf(std::uint32_t label, const Box& box, const LabelMap& labels, const FlowField& field) noexcept {
    FindRuns(label, box, labels);
    Heat(box);
    return Difference(box, field);
  }

 private:
  void FindRuns(std::uint32_t label, const Box& box, const LabelMap& labels) noexcept;
  std::int64_t Middle(std::int64_t stride) const noexcept;
  void Heat(const Box& box) noexcept;
  double Difference(const Box& box, const FlowField& field) const noexcept;

  std::vector<Run> runs_;
  std::vector<double> heat_;
  std::vector<double> next_;
};

void ShapeFlow::FindRuns(std::uint32_t label, const Box& box, const LabelMap& labels) noexcept {
  runs_.clear();
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
    const std::uint32_t* row = labels.row(y).data();
    const std::int64_t to_padded = (y - box.y.begin + 1) * PaddedWidth(box) + 1 - box.x.begin;
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      if (row[x] != label) continue;
      const std::int64_t begin = x;
      while (x < box.x.end && row[x] == label) ++x;
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

void ShapeFlow::Heat(const Box& box) noexcept {
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
      const std::array<float, 2> step = field.StepAt(y * field.width() + x);
      sum_y += Squared(slope_y / length - static_cast<double>(step[0]));
      sum_x += Squared(slope_x / length - static_cast<double>(step[1]));
      pixels += 1;
    }
  return sum_y / pixels + sum_x / pixels;
}

}  // namespace

Result<std::vector<double>> FlowErrors(const LabelMap& labels, const FlowField& field, const Executor& executor,
                                       std::stop_token stop) {
  const std::vector<Box> boxes = labels.Boxes();
  std::int64_t largest = 0;
  for (const Box& box : boxes) largest = std::max(largest, PaddedArea(box));
  std::vector<ShapeFlow> flows;  // by worker
  for (int worker = 0; worker < executor.workers(); ++worker) flows.emplace_back(largest);

  std::vector<double> errors(boxes.size());
  const auto compare = [&](std::int64_t item, int worker) -> Status {
    const auto label = static_cast<std::size_t>(item);
    if (boxes[label].empty()) return Ok();
    ShapeFlow& flow = flows[static_cast<std::size_t>(worker)];
    errors[label] = flow.ErrorOf(static_cast<std::uint32_t>(label), boxes[label], labels, field);
    return Ok();
  };
  TEGULA_TRY(ForEach(executor, static_cast<std::int64_t>(boxes.size()), std::move(stop), compare));
  return errors;
}

}  // namespace tegula::objects
