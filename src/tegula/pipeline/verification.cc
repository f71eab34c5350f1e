#include "tegula/pipeline/verification.h"

#include <algorithm>
#include <cmath>

#include "tegula/image/block_view.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kMapEdge = 512;      // cells
constexpr std::int64_t kCloseUpEdge = 480;  // output pixels

// Calls body(part) for all parts of a block that lie in one chunk each.
template <class Body>
Status ForEachChunk(const Block& block, const PerAxis<std::int64_t>& chunk, Body&& body) {
  Block part = block;
  const auto cut = [&](auto&& self, std::size_t axis) -> Status {
    if (axis == block.of.size()) return body(std::as_const(part));
    const Interval all = block.of[axis];
    for (std::int64_t begin = all.begin; begin < all.end;) {
      const std::int64_t end = std::min(all.end, (begin / chunk.of[axis] + 1) * chunk.of[axis]);
      part.of[axis] = {begin, end};
      TEGULA_TRY(self(self, axis + 1));
      begin = end;
    }
    return Ok();
  };
  return cut(cut, 0);
}

Result<Tensor> ReadStored(const StoredOutput& stored, const Block& block) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(stored.dtype, image::BlockShape(block, stored.channels)));
  TEGULA_TRY(stored.read(block, pixels.view()));
  return pixels;
}

// 1 for the pixels of a plane that are asked for; empty if all are.
Result<Tensor> AskedOf(const StoredOutput& stored, const Block& block) {
  if (stored.asked == nullptr) return Tensor::Allocate(DType::kU8, {0, 0});
  const Box box = PlaneBox(block);
  TEGULA_ASSIGN_OR_RETURN(Tensor asked, Tensor::Allocate(DType::kU8, {box.height(), box.width()}));
  stored.asked->Mark(box, asked.view());
  return asked;
}

Block Within(const Block& block, const Block& around) {
  Block inside;
  for (const GridAxis axis : kGridAxes) inside[axis] = block[axis].Shifted(-around[axis].begin);
  return inside;
}

Result<Tensor> AsFloats(const ConstView& plane_tczyx, std::int64_t channel) {
  const ConstView one = plane_tczyx.Slice(1, channel, 1);
  TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, {one.shape()[3], one.shape()[4]}));
  ConvertCopy(one, View(floats.view().data(), DType::kF32, one.shape()));
  return floats;
}

// An interval of at most `edge` around a place, inside `all`.
Interval Around(std::int64_t place, std::int64_t edge, Interval all) {
  const std::int64_t size = std::min(edge, all.size());
  const std::int64_t begin = std::clamp(place - size / 2, all.begin, all.end - size);
  return {begin, begin + size};
}

}  // namespace

SeamDistances DistancesOf(const tiling::ModelGrid& grid, const tiling::TilePlan& first, const tiling::TilePlan& second,
                          std::size_t output, const PerAxis<std::int64_t>& weights, std::int64_t unit) {
  SeamDistances distances;
  for (const GridAxis axis : kGridAxes) {
    const tiling::OutputRule rule = grid.axes[axis] ? grid.axes[axis]->outputs[output] : tiling::OutputRule{};
    tiling::Seams seams = tiling::SeamsOf(rule, first.axes[axis], output);
    const tiling::Seams others = tiling::SeamsOf(rule, second.axes[axis], output);
    for (std::size_t i = 0; i < seams.seen.size(); ++i) {
      std::int64_t& seen = seams.seen[i];
      seen = std::min(seen, others.seen[i]);
      if (seen < tiling::kNowhere) seen = seen * unit / weights[axis];
    }
    distances.to_seam[axis] = std::move(seams.to_seam);
    distances.seen[axis] = std::move(seams.seen);
  }
  return distances;
}

void VerifiedOutput::Add(VerifiedOutput other, const PerAxis<std::int64_t>& first) {
  for (const GridAxis axis : kGridAxes) {
    other.deviation.place.at[axis] += first[axis];
    if (other.close_up) other.close_up->place.at[axis] += first[axis];
  }
  if (other.close_up && other.deviation.largest > deviation.largest) close_up = std::move(other.close_up);
  deviation.Add(other.deviation);
  if (map && other.map)
    map->Add(*other.map);
  else if (other.map)
    map = std::move(other.map);
}

Result<double> LargestStored(const StoredOutput& stored, const Block& block) {
  double largest = 1;
  TEGULA_TRY(ForEachChunk(block, stored.chunk, [&](const Block& part) -> Status {
    TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, ReadStored(stored, part));
    TEGULA_ASSIGN_OR_RETURN(Tensor doubles, Tensor::Allocate(DType::kF64, pixels.shape()));
    ConvertCopy(pixels.view(), doubles.view());
    for (const double value : doubles.values<double>())
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    return Ok();
  }));
  return largest;
}

// A part of a tile, predicted again and stored.
struct TileComparer::Part {
  Tensor raw;    // in the model's order, if tiles come so
  Tensor again;  // finished: in the model's order, or if tiles come finished (t, channel, z, y, x)
  ConstView again_tczyx;
  Tensor stored_tczyx;
};

Result<std::unique_ptr<TileComparer>> TileComparer::Bind(const spec::ModelDescription& model, const Prediction& again,
                                                         std::size_t number, const ops::Statistics& statistics,
                                                         StoredOutput stored, const SeamDistances& distances,
                                                         const Allowed& allowed) {
  std::unique_ptr<TileComparer> comparer(new TileComparer(again, number, std::move(stored), distances, allowed));
  if (again.is_raw()) {
    TEGULA_ASSIGN_OR_RETURN(comparer->after_, SteppedPostprocessing::Bind(model, again, number, statistics));
  }
  const OutputInfo& info = again.output(number);
  TEGULA_ASSIGN_OR_RETURN(comparer->found_.map, DeviationMap::Of(info.height(), info.width(), kMapEdge));
  return comparer;
}

Result<TileComparer::Part> TileComparer::PartAt(const Block& block, const Block& write,
                                                const ConstView& tile_tczyx) const {
  const TensorLayout& layout = again_.output_layout(number_);
  const ConstView pixels = Crop(tile_tczyx, Within(block, write));
  Part part;
  if (after_) {
    TEGULA_ASSIGN_OR_RETURN(part.raw,
                            Tensor::Allocate(pixels.dtype(), layout.ShapeOf(stored_.channels, SizeOf(block))));
    ConvertCopy(pixels, layout.ImageOf(part.raw.view()));
    TEGULA_ASSIGN_OR_RETURN(part.again, after_->Run(std::as_const(part.raw).view()));
    part.again_tczyx = layout.ImageOf(std::as_const(part.again).view());
  } else {
    // Maps of patches have axes that the model's output lacks.
    TEGULA_ASSIGN_OR_RETURN(part.again, Tensor::Allocate(pixels.dtype(), pixels.shape()));
    ConvertCopy(pixels, part.again.view());
    part.again_tczyx = std::as_const(part.again).view();
  }
  TEGULA_ASSIGN_OR_RETURN(part.stored_tczyx, ReadStored(stored_, block));
  return part;
}

Result<Deviation> TileComparer::CompareChunk(const Block& chunk, const Block& write, const ConstView& tile_tczyx,
                                             DeviationMap& map) const {
  TEGULA_ASSIGN_OR_RETURN(const Tensor asked, AskedOf(stored_, chunk));
  const TensorLayout& layout = again_.output_layout(number_);
  TEGULA_ASSIGN_OR_RETURN(const Part part, PartAt(chunk, write, tile_tczyx));
  std::vector<Tensor> beside;
  const auto alternatives = [&]() -> Result<std::vector<ConstView>> {
    if (after_) {
      TEGULA_ASSIGN_OR_RETURN(beside, after_->BesideSteps(part.raw.view(), allowed_.tolerance));
    }
    std::vector<ConstView> views;
    for (const Tensor& tensor : beside) views.push_back(layout.ImageOf(tensor.view()));
    return views;
  };
  return DeviationOf(part.stored_tczyx.view(), part.again_tczyx, chunk, distances_, allowed_.of_values, alternatives,
                     &map, stored_.asked != nullptr ? asked.values<std::uint8_t>() : std::span<const std::uint8_t>());
}

Result<CloseUp> TileComparer::LookAt(const OutputPlace& place, const Block& write, const ConstView& tile_tczyx) const {
  Block block;
  for (const GridAxis axis : kGridAxes) block[axis] = {place.at[axis], place.at[axis] + 1};
  for (const GridAxis axis : {GridAxis::kY, GridAxis::kX})
    block[axis] = Around(place.at[axis], kCloseUpEdge, write[axis]);
  TEGULA_ASSIGN_OR_RETURN(const Part part, PartAt(block, write, tile_tczyx));
  CloseUp close_up{.place = place, .box = PlaneBox(block)};
  TEGULA_ASSIGN_OR_RETURN(close_up.stored_yx, AsFloats(part.stored_tczyx.view(), place.channel));
  TEGULA_ASSIGN_OR_RETURN(close_up.difference_yx, AsFloats(part.again_tczyx, place.channel));
  const std::span<const float> stored = std::as_const(close_up.stored_yx).values<float>();
  const std::span<float> difference = close_up.difference_yx.values<float>();
  for (std::size_t i = 0; i < stored.size(); ++i)
    difference[i] = static_cast<float>(DifferenceOf(stored[i], difference[i]));
  TEGULA_ASSIGN_OR_RETURN(const Tensor asked, AskedOf(stored_, block));
  for (std::size_t i = 0; stored_.asked != nullptr && i < difference.size(); ++i)
    if (asked.values<std::uint8_t>()[i] == 0) difference[i] = std::nanf("");
  return close_up;
}

Status TileComparer::Compare(const Block& write, const ConstView& tile_tczyx) {
  const OutputInfo& info = again_.output(number_);
  TEGULA_ASSIGN_OR_RETURN(DeviationMap map, DeviationMap::Of(info.height(), info.width(), kMapEdge));
  Deviation of_tile;
  TEGULA_TRY(ForEachChunk(write, stored_.chunk, [&](const Block& chunk) -> Status {
    if (stored_.asked != nullptr && !stored_.asked->Touches(PlaneBox(chunk))) return Ok();
    TEGULA_ASSIGN_OR_RETURN(const Deviation of_chunk, CompareChunk(chunk, write, tile_tczyx, map));
    of_tile.Add(of_chunk);
    return Ok();
  }));
  const std::lock_guard lock(mutex_);
  found_.map->Add(map);
  std::array<std::int64_t, 4> begin = {};
  for (std::size_t i = 0; i < begin.size(); ++i) begin[i] = write.of[i].begin;
  of_tiles_.emplace(begin, of_tile);
  // Of equal ones the first in memory order, as Deviation has it.
  Deviation& so_far = found_.deviation;
  const OutputPlace before = so_far.place;
  const double largest = so_far.largest;
  so_far.Add(of_tile);
  if (so_far.largest > largest || so_far.place != before) {
    TEGULA_ASSIGN_OR_RETURN(found_.close_up, LookAt(so_far.place, write, tile_tczyx));
  }
  return Ok();
}

VerifiedOutput TileComparer::Take() {
  found_.deviation = {};
  for (const auto& [begin, deviation] : of_tiles_) found_.deviation.Add(deviation);
  return std::move(found_);
}

}  // namespace tegula::pipeline
