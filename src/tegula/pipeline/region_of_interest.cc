#include "tegula/pipeline/region_of_interest.h"

#include "tegula/objects/region_rows.h"

#include <algorithm>
#include <limits>

#include "tegula/objects/region_tracer.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {

PerAxis<SlideAxis> PlaceOnSlide(const image::BoundInfo& leading, const PerAxis<double>& scale,
                                const PerAxis<double>& origin) noexcept {
  PerAxis<SlideAxis> place;
  for (const auto& [axis, downsample] :
       {std::pair(GridAxis::kY, leading.downsample_y), std::pair(GridAxis::kX, leading.downsample_x)})
    place[axis] = {downsample / scale[axis], origin[axis] * downsample};
  return place;
}

Result<RegionOfInterest> RegionOfInterest::Create(objects::PolygonMask mask, const PerAxis<SlideAxis>& place) {
  const SlideAxis &y = place[GridAxis::kY], &x = place[GridAxis::kX];
  objects::PixelGrid grid;
  TEGULA_ASSIGN_OR_RETURN(grid.y, objects::PixelAxis::Create(y.step, y.origin));
  TEGULA_ASSIGN_OR_RETURN(grid.x, objects::PixelAxis::Create(x.step, x.origin));
  return RegionOfInterest(std::move(mask), grid);
}

void RegionOfInterest::CopyInside(const Box& box, const ConstView& from, const View& to) const {
  const int y_axis = from.shape().rank() - 2, x_axis = y_axis + 1;
  mask_.ForEachRun(grid_, box, [&](std::int64_t y, Interval x) {
    ConvertCopy(from.Slice(y_axis, y - box.y.begin, 1).Slice(x_axis, x.begin - box.x.begin, x.size()),
                to.Slice(y_axis, y - box.y.begin, 1).Slice(x_axis, x.begin - box.x.begin, x.size()));
  });
}

Status RegionOfInterest::ClearOutside(const Box& box, const View& classes_yx) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor cleared, Tensor::Allocate(DType::kU8, classes_yx.shape()));
  std::ranges::fill(cleared.values<std::uint8_t>(), objects::kNoClass8);
  CopyInside(box, classes_yx, cleared.view());
  ConvertCopy(cleared.view(), classes_yx);
  return Ok();
}

Status RegionOfInterest::MarkEdge(const Box& whole, const Box& box, const View& edge_yx) const {
  const auto wider = [](Interval part, Interval all) { return Intersect({part.begin - 1, part.end + 1}, all); };
  const Box around{wider(box.y, whole.y), wider(box.x, whole.x)};
  TEGULA_ASSIGN_OR_RETURN(Tensor inside, Tensor::Allocate(DType::kU8, {around.height(), around.width()}));
  mask_.Fill(grid_, around, inside.view());
  const auto* const pixels = std::as_const(inside).values<std::uint8_t>().data();
  const auto is_inside = [&](std::int64_t y, std::int64_t x) {
    return !around.y.Contains(y) || !around.x.Contains(x) ||
           pixels[(y - around.y.begin) * around.width() + x - around.x.begin] != 0;
  };
  auto* const out = edge_yx.as<float>();
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      const bool is_edge = is_inside(y, x) &&
                           !(is_inside(y - 1, x) && is_inside(y + 1, x) && is_inside(y, x - 1) && is_inside(y, x + 1));
      out[(y - box.y.begin) * edge_yx.strides()[0] + (x - box.x.begin) * edge_yx.strides()[1]] = is_edge ? 1.0F : 0.0F;
    }
  return Ok();
}

template <class F>
void AskedPart::ForEachChunk(const Block& write, F&& f) const {
  const Interval rows = write[GridAxis::kY], columns = write[GridAxis::kX];
  const std::int64_t height = part_.chunk()[GridAxis::kY], width = part_.chunk()[GridAxis::kX];
  for (std::int64_t y = rows.begin; y < rows.end; y += height)
    for (std::int64_t x = columns.begin; x < columns.end; x += width) {
      Block chunk = write;
      chunk[GridAxis::kY] = {y, std::min(y + height, rows.end)};
      chunk[GridAxis::kX] = {x, std::min(x + width, columns.end)};
      const std::int64_t area = region_->Area(PlaneBox(chunk));
      if (area > 0 && !f(chunk, area)) return;
    }
}

Result<bool> TouchesEdge(const objects::Region& object, const RegionOfInterest& region, const Box& whole) {
  const Interval x = object.bounds.x;
  TEGULA_ASSIGN_OR_RETURN(Tensor edge, Tensor::Allocate(DType::kF32, {1, x.size()}));
  for (objects::RegionRows rows(object.polygons); rows.Next();) {
    TEGULA_TRY(region.MarkEdge(whole, {{rows.y(), rows.y() + 1}, x}, edge.view()));
    for (const objects::PixelRun run : rows.runs())
      for (std::int64_t at = run.begin; at < run.end; ++at)
        if (edge.values<float>()[static_cast<std::size_t>(at - x.begin)] > 0) return true;
  }
  return false;
}

bool AskedPart::IsAsked(const Block& write) const { return region_ == nullptr || region_->Touches(PlaneBox(write)); }

bool AskedPart::Has(const Block& write) const {
  if (region_ == nullptr) return part_.Has(write);
  bool has_all = true;
  ForEachChunk(write, [&](const Block& chunk, std::int64_t /*area*/) { return has_all = part_.Has(chunk); });
  return has_all;
}

Status AskedPart::Write(const Block& write, const ConstView& pixels_tczyx) const {
  const Box all = PlaneBox(write);
  if (region_ == nullptr || region_->Area(all) == all.area()) return part_.Write(write, pixels_tczyx);
  const auto write_chunk = [&](const Block& chunk, std::int64_t area) -> Status {
    Block within = chunk;
    for (const GridAxis axis : kGridAxes) within[axis] = chunk[axis].Shifted(-write[axis].begin);
    const ConstView pixels = Crop(pixels_tczyx, within);
    const Box box = PlaneBox(chunk);
    if (area == box.area()) return part_.Write(chunk, pixels);
    TEGULA_ASSIGN_OR_RETURN(Tensor clipped, Tensor::Allocate(part_.dtype(), pixels.shape()));
    part_.Fill(clipped.view());
    region_->CopyInside(box, pixels, clipped.view());
    return part_.Write(chunk, std::as_const(clipped).view());
  };
  Status status = Ok();
  ForEachChunk(write, [&](const Block& chunk, std::int64_t area) {
    status = write_chunk(chunk, area);
    return status.ok();
  });
  return status;
}

TileState StateOf(const tiling::Tile& tile, std::span<const AskedPart> parts) {
  TileState state = TileState::kNotAsked;
  for (std::size_t output = 0; output < parts.size(); ++output) {
    const tiling::TilePiece& piece = tile.pieces[output];
    if (piece.empty() || !parts[output].IsAsked(piece.write)) continue;
    if (!parts[output].Has(piece.write)) return TileState::kMissing;
    state = TileState::kDone;
  }
  return state;
}

std::int64_t AskedTiles(const tiling::TilePlan& plan, std::span<const AskedPart> parts) {
  std::int64_t asked = 0;
  for (std::int64_t index = 0; index < plan.tiles(); ++index) {
    const tiling::Tile tile = plan.tile(index);
    bool is_asked = false;
    for (std::size_t output = 0; output < parts.size() && !is_asked; ++output)
      is_asked = !tile.pieces[output].empty() && parts[output].IsAsked(tile.pieces[output].write);
    asked += is_asked ? 1 : 0;
  }
  return asked;
}

double FillFor(DType dtype) noexcept { return IsFloat(dtype) ? std::numeric_limits<double>::quiet_NaN() : 0; }

}  // namespace tegula::pipeline
