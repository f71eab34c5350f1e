#include "tegula/objects/cells/expand_labels.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "tegula/tensor/kernels.h"

namespace tegula::objects {
namespace {

// 5 µm are 50 pixels of 0.1 µm, whatever the last bit of their quotient.
constexpr double kRounding = 1 + 1e-9;

std::vector<double> Squares(double distance, double step, double unit) {
  const auto reach = static_cast<std::int64_t>(std::floor(distance / step * kRounding));
  const double weight = step / unit;
  std::vector<double> squares;
  for (std::int64_t pixels = 0; pixels <= reach; ++pixels) {
    const double along = static_cast<double>(pixels) * weight;
    squares.push_back(along * along);
  }
  return squares;
}

// The nearest object of each column, above or below or at each pixel: how many rows away it is, and its number.
class NearestInColumns {
 public:
  NearestInColumns(const ConstView& labels_yx, Interval rows, const Expansion& expansion)
      : width_(labels_yx.shape()[1]),
        beyond_(static_cast<std::int32_t>(expansion.reach_y() + 1)),
        rows_(static_cast<std::size_t>(rows.size() * width_), beyond_),
        numbers_(rows_.size()) {
    std::vector<std::int32_t> away(static_cast<std::size_t>(width_), beyond_);
    std::vector<std::uint32_t> last(away.size());
    const auto pass = [&](std::int64_t y) {
      const std::uint32_t* const labels = labels_yx.as<std::uint32_t>() + y * labels_yx.strides()[0];
      for (std::size_t x = 0; x < away.size(); ++x) {
        away[x] = labels[x] != 0 ? 0 : std::min(away[x] + 1, beyond_);
        last[x] = labels[x] != 0 ? labels[x] : last[x];
      }
      if (!rows.Contains(y)) return;
      const auto at = static_cast<std::size_t>((y - rows.begin) * width_);
      for (std::size_t x = 0; x < away.size(); ++x) {
        std::int32_t& nearest = rows_[at + x];
        std::uint32_t& number = numbers_[at + x];
        if (away[x] > nearest || away[x] == beyond_) continue;
        number = away[x] < nearest ? last[x] : std::min(number, last[x]);
        nearest = away[x];
      }
    };
    for (std::int64_t y = 0; y < rows.end; ++y) pass(y);
    std::ranges::fill(away, beyond_);
    for (std::int64_t y = labels_yx.shape()[0] - 1; y >= rows.begin; --y) pass(y);
  }

  std::span<const std::int32_t> rows(std::int64_t y) const noexcept { return Row(rows_, y); }
  std::span<const std::uint32_t> numbers(std::int64_t y) const noexcept { return Row(numbers_, y); }
  std::int32_t beyond() const noexcept { return beyond_; }

 private:
  template <class T>
  std::span<const T> Row(const std::vector<T>& values, std::int64_t y) const noexcept {
    return std::span(values).subspan(static_cast<std::size_t>(y * width_), static_cast<std::size_t>(width_));
  }
  std::int64_t width_;
  std::int32_t beyond_;
  std::vector<std::int32_t> rows_;
  std::vector<std::uint32_t> numbers_;
};

// How many columns away the nearest one is that has an object.
void DistancesAlong(std::span<const std::int32_t> rows, std::int32_t beyond, std::span<std::int64_t> away) {
  const auto size = static_cast<std::int64_t>(rows.size());
  std::int64_t last = size;
  for (std::int64_t x = 0; x < size; ++x)
    away[static_cast<std::size_t>(x)] = last = rows[static_cast<std::size_t>(x)] < beyond ? 0 : last + 1;
  last = size;
  for (std::int64_t x = size - 1; x >= 0; --x) {
    last = rows[static_cast<std::size_t>(x)] < beyond ? 0 : last + 1;
    std::int64_t& nearest = away[static_cast<std::size_t>(x)];
    nearest = std::min(nearest, last);
  }
}

// The number of the nearest object around column `x`, of those that are at least `from` columns away; 0 if none is near
// enough.
std::uint32_t NearestAlong(std::span<const std::int32_t> rows, std::span<const std::uint32_t> numbers, std::int64_t x,
                           std::int64_t from, const Expansion& expansion) {
  const auto size = static_cast<std::int64_t>(rows.size());
  double best = expansion.limit();
  std::uint32_t number = 0;
  const auto look = [&](std::int64_t column, double square_x) {
    const auto at = static_cast<std::size_t>(column);
    const double square = square_x + expansion.square_y(rows[at]);
    if (square > best) return;
    if (number == 0 || square < best || numbers[at] < number) number = numbers[at];
    best = square;
  };
  for (std::int64_t away = from; away <= expansion.reach_x(); ++away) {
    const double square_x = expansion.square_x(away);
    if (square_x > best) break;
    if (x >= away) look(x - away, square_x);
    if (away > 0 && x + away < size) look(x + away, square_x);
  }
  return number;
}

}  // namespace

Expansion::Expansion(double distance, double step_y, double step_x)
    : squares_y_(Squares(distance, step_y, step_x)),
      squares_x_(Squares(distance, step_x, step_x)),
      limit_(distance / step_x * distance / step_x * kRounding * kRounding) {
  squares_y_.push_back(std::numeric_limits<double>::infinity());
}

void ExpandBox(const ConstView& labels_yx, const Box& part, const Expansion& expansion, const View& out_yx) {
  const NearestInColumns columns(labels_yx, part.y, expansion);
  std::vector<std::int64_t> away(static_cast<std::size_t>(labels_yx.shape()[1]));
  for (std::int64_t y = 0; y < part.height(); ++y) {
    const std::span<const std::int32_t> rows = columns.rows(y);
    const std::span<const std::uint32_t> numbers = columns.numbers(y);
    DistancesAlong(rows, columns.beyond(), away);
    std::uint32_t* const out = out_yx.as<std::uint32_t>() + y * out_yx.strides()[0];
    for (std::int64_t x = part.x.begin; x < part.x.end; ++x) {
      const auto at = static_cast<std::size_t>(x);
      out[x - part.x.begin] = rows[at] == 0 ? numbers[at] : NearestAlong(rows, numbers, x, away[at], expansion);
    }
  }
}

Status ExpandLabels(const RunContext& context, const PixelBlocks& labels, const Expansion& expansion,
                    const PixelBlocks& grown) {
  const BlockGrid& grid = grown.grid();
  const auto around = [](Interval part, std::int64_t reach, std::int64_t size) {
    return Intersect({part.begin - reach, part.end + reach}, Interval{0, size});
  };
  std::atomic<std::int64_t> done{0};
  const auto told = [&]() {
    context.progress.Update("growing objects", ++done, grid.count(), "blocks");
    return Ok();
  };
  const auto expand = [&](std::int64_t number, int) -> Status {
    const Block block = grid.at(number);
    if (grown.Has(block)) return told();
    const Box part = PlaneBox(block), read{around(part.y, expansion.reach_y(), grid.size[GridAxis::kY]),
                                           around(part.x, expansion.reach_x(), grid.size[GridAxis::kX])};
    TEGULA_ASSIGN_OR_RETURN(const Tensor stored, ReadPlane(labels, read, context.limits));
    TEGULA_ASSIGN_OR_RETURN(Tensor numbers, Tensor::Allocate(DType::kU32, stored.shape(), context.limits));
    ConvertCopy(stored.view(), numbers.view());
    TEGULA_ASSIGN_OR_RETURN(Tensor expanded,
                            Tensor::Allocate(DType::kU32, {1, part.height(), part.width()}, context.limits));
    ExpandBox({numbers.view().data(), DType::kU32, {read.height(), read.width()}},
              {part.y.Shifted(-read.y.begin), part.x.Shifted(-read.x.begin)}, expansion,
              {expanded.view().data(), DType::kU32, {part.height(), part.width()}});
    TEGULA_ASSIGN_OR_RETURN(Tensor written, Tensor::Allocate(grown.dtype(), expanded.shape(), context.limits));
    ConvertCopy(std::as_const(expanded).view(), written.view());
    TEGULA_TRY(WritePlane(grown, block, std::as_const(written).view()));
    return told();
  };
  return ForEach(context.executor, grid.count(), context.stop, expand);
}

}  // namespace tegula::objects
