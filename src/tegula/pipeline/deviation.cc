#include "tegula/pipeline/deviation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

bool IsBefore(const OutputPlace& a, const OutputPlace& b) {
  return std::pair(a.at.of, a.channel) < std::pair(b.at.of, b.channel);
}

std::int64_t At(const std::vector<std::int64_t>& distances, std::int64_t place) {
  return distances[static_cast<std::size_t>(place)];
}

// One row along x of a block, as doubles.
void ReadRow(const ConstView& tczyx, std::int64_t t, std::int64_t c, std::int64_t z, std::int64_t y,
             std::vector<double>& row) {
  const ConstView values = tczyx.Slice(0, t, 1).Slice(1, c, 1).Slice(2, z, 1).Slice(3, y, 1);
  ConvertCopy(values, View(reinterpret_cast<std::byte*>(row.data()), DType::kF64, values.shape()));
}

// Compares row by row, as that is how pixels lie.
class RowComparer {
 public:
  RowComparer(const ConstView& stored, const ConstView& again, double limit, AlternativesSource alternatives)
      : stored_(stored), again_(again), limit_(limit), source_(alternatives) {
    for (std::vector<double>* row : {&a_, &b_, &other_, &worst_}) row->resize(width());
    is_excused_.resize(width());
  }
  std::size_t width() const { return static_cast<std::size_t>(stored_.shape()[4]); }

  // All channels of the row; `place` is its first pixel. Where `asked` says 0 nothing is compared; empty: everywhere.
  Status Row(std::int64_t t, std::int64_t z, std::int64_t y, OutputPlace place, std::span<const std::uint8_t> asked,
             Deviation& found) {
    std::fill(worst_.begin(), worst_.end(), 0);
    std::fill(is_excused_.begin(), is_excused_.end(), 0);
    const std::int64_t first_x = place.at[GridAxis::kX];
    for (place.channel = 0; place.channel < stored_.shape()[1]; ++place.channel) {
      ReadRow(stored_, t, place.channel, z, y, a_);
      ReadRow(again_, t, place.channel, z, y, b_);
      for (std::size_t x = 0; x < width(); ++x) b_[x] = asked.empty() || asked[x] != 0 ? DifferenceOf(a_[x], b_[x]) : 0;
      TEGULA_TRY(Excuse(t, place.channel, z, y));
      for (std::size_t x = 0; x < width(); ++x) {
        found.sum += b_[x];
        worst_[x] = std::max(worst_[x], b_[x]);
        place.at[GridAxis::kX] = first_x + static_cast<std::int64_t>(x);
        if (b_[x] > found.largest || (b_[x] == found.largest && b_[x] > 0 && IsBefore(place, found.place)))
          found.largest = b_[x], found.place = place;
      }
    }
    for (std::size_t x = 0; x < width(); ++x) {
      if (worst_[x] > limit_)
        ++found.beyond;
      else if (is_excused_[x] != 0)
        ++found.at_steps;
    }
    for (std::size_t x = 0; x < asked.size(); ++x)
      if (asked[x] == 0) worst_[x] = std::numeric_limits<double>::quiet_NaN();
    return Ok();
  }
  /// The largest difference of each pixel of the last row; NaN where nothing was compared.
  const std::vector<double>& worst() const { return worst_; }

 private:
  Status Excuse(std::int64_t t, std::int64_t c, std::int64_t z, std::int64_t y) {
    if (std::none_of(b_.begin(), b_.end(), [&](double d) { return d > limit_; })) return Ok();
    if (!alternatives_) {
      TEGULA_ASSIGN_OR_RETURN(alternatives_, source_());
    }
    for (const ConstView& alternative : *alternatives_) {
      ReadRow(alternative, t, c, z, y, other_);
      for (std::size_t x = 0; x < width(); ++x) {
        if (!(b_[x] > limit_) || DifferenceOf(a_[x], other_[x]) > limit_) continue;
        b_[x] = 0;
        is_excused_[x] = 1;
      }
    }
    return Ok();
  }

  ConstView stored_, again_;
  double limit_;
  AlternativesSource source_;
  std::optional<std::vector<ConstView>> alternatives_;
  std::vector<double> a_, b_, other_, worst_;
  std::vector<std::uint8_t> is_excused_;
};

}  // namespace

void Deviation::Add(const Deviation& other) {
  if (other.largest > largest || (other.largest == largest && largest > 0 && IsBefore(other.place, place)))
    largest = other.largest, place = other.place, to_seam = other.to_seam;
  pixels += other.pixels, values += other.values;
  beyond += other.beyond, at_steps += other.at_steps;
  sum += other.sum;
  by_seam.Add(other.by_seam);
  by_seen.Add(other.by_seen);
}

Result<DeviationMap> DeviationMap::Of(std::int64_t height, std::int64_t width, std::int64_t edge) {
  DeviationMap map;
  map.cell_ = std::max<std::int64_t>(1, CeilDiv(std::max(height, width), edge));
  TEGULA_ASSIGN_OR_RETURN(map.cells_,
                          Tensor::Allocate(DType::kF32, {CeilDiv(height, map.cell_), CeilDiv(width, map.cell_)}));
  const std::span<float> cells = map.cells_.values<float>();
  std::fill(cells.begin(), cells.end(), std::numeric_limits<float>::quiet_NaN());
  return map;
}

void DeviationMap::Add(std::int64_t y, std::int64_t x, std::span<const double> worst) noexcept {
  float* row = cells_.values<float>().data() + y / cell_ * cells_.shape()[1];
  for (const double difference : worst) {
    float& cell = row[x++ / cell_];
    cell = std::isnan(cell) ? static_cast<float>(difference) : std::max(cell, static_cast<float>(difference));
  }
}

void DeviationMap::Add(const DeviationMap& other) noexcept {
  const std::span<float> cells = cells_.values<float>();
  const std::span<const float> others = other.cells_.values<float>();
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (!(cells[i] >= others[i])) cells[i] = std::isnan(others[i]) ? cells[i] : others[i];
}

Result<Deviation> DeviationOf(const ConstView& stored, const ConstView& again, const Block& where,
                              const SeamDistances& distances, double limit, AlternativesSource alternatives,
                              DeviationMap* map, std::span<const std::uint8_t> asked_yx) {
  Deviation found;
  RowComparer rows(stored, again, limit, alternatives);
  const Shape& shape = stored.shape();
  const std::int64_t asked =
      asked_yx.empty() ? shape[3] * shape[4] : std::ssize(asked_yx) - std::ranges::count(asked_yx, 0);
  found.pixels = shape[0] * shape[2] * asked;
  found.values = found.pixels * shape[1];
  for (std::int64_t t = 0; t < shape[0]; ++t)
    for (std::int64_t z = 0; z < shape[2]; ++z)
      for (std::int64_t y = 0; y < shape[3]; ++y) {
        OutputPlace place;
        for (const auto& [axis, i] :
             {std::pair(GridAxis::kT, t), std::pair(GridAxis::kZ, z), std::pair(GridAxis::kY, y)})
          place.at[axis] = where[axis].begin + i;
        place.at[GridAxis::kX] = where[GridAxis::kX].begin;
        std::int64_t to_seam = tiling::kNowhere, seen = tiling::kNowhere;
        for (const GridAxis axis : {GridAxis::kT, GridAxis::kZ, GridAxis::kY}) {
          to_seam = std::min(to_seam, At(distances.to_seam[axis], place.at[axis]));
          seen = std::min(seen, At(distances.seen[axis], place.at[axis]));
        }
        const auto row =
            asked_yx.empty() ? asked_yx : asked_yx.subspan(static_cast<std::size_t>(y) * rows.width(), rows.width());
        TEGULA_TRY(rows.Row(t, z, y, place, row, found));
        for (std::size_t x = 0; x < rows.width(); ++x) {
          if (std::isnan(rows.worst()[x])) continue;
          const std::int64_t at = place.at[GridAxis::kX] + static_cast<std::int64_t>(x);
          const std::int64_t seam = std::min(to_seam, At(distances.to_seam[GridAxis::kX], at)),
                             saw = std::min(seen, At(distances.seen[GridAxis::kX], at));
          if (seam < tiling::kNowhere) found.by_seam.Add(seam, rows.worst()[x]);
          if (saw < tiling::kNowhere) found.by_seen.Add(saw, rows.worst()[x]);
        }
        if (map != nullptr) map->Add(place.at[GridAxis::kY], place.at[GridAxis::kX], rows.worst());
      }
  if (found.largest > 0)
    for (const GridAxis axis : kGridAxes)
      found.to_seam = std::min(found.to_seam, At(distances.to_seam[axis], found.place.at[axis]));
  return found;
}

}  // namespace tegula::pipeline
