#include "tegula/image/padding.h"

#include <algorithm>
#include <vector>

#include "tegula/image/block_view.h"

namespace tegula::image {
namespace {

// The part of an axis of `size` pixels that a padded run shows; empty if it shows none.
Interval NeededPart(Interval run, std::int64_t size, PadMode mode) {
  if (mode == PadMode::kConstant) return Intersect(run, {0, size});
  Interval needed{size, 0};
  // Beyond one period the whole axis has been seen.
  const std::int64_t end = std::min(run.end, run.begin + 2 * size);
  for (std::int64_t i = run.begin; i < end; ++i) {
    const std::int64_t at = PaddedIndex(i, size, mode);
    needed = {std::min(needed.begin, at), std::max(needed.end, at + 1)};
  }
  // An edge run shows the far end however long it is.
  if (const std::int64_t last = PaddedIndex(run.end - 1, size, mode); last >= needed.end) needed.end = last + 1;
  return needed;
}

void Fill(double value, const View& out) {
  Shape none = out.shape();
  for (int axis = 0; axis < none.rank(); ++axis) none[axis] = 0;
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(&value), DType::kF64, out.shape(), none), out);
}

using Positions = std::vector<std::int64_t>;

// Where the pixels of a padded run stand in the part that was read, times the stride there.
Positions Sources(Interval run, std::int64_t size, PadMode mode, std::int64_t part_begin, std::int64_t stride) {
  Positions sources;
  for (std::int64_t i = run.begin; i < run.end; ++i)
    sources.push_back((PaddedIndex(i, size, mode) - part_begin) * stride);
  return sources;
}

void Gather(const ConstView& part_tczyx, const PerAxis<Positions>& from, const View& out_tczyx) noexcept {
  const Positions &ts = from[GridAxis::kT], &zs = from[GridAxis::kZ], &ys = from[GridAxis::kY],
                  &xs = from[GridAxis::kX];
  VisitDType(out_tczyx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Shape& os = out_tczyx.strides();
    for (std::size_t t = 0; t < ts.size(); ++t)
      for (std::int64_t c = 0; c < out_tczyx.shape()[1]; ++c)
        for (std::size_t z = 0; z < zs.size(); ++z)
          for (std::size_t y = 0; y < ys.size(); ++y) {
            const T* const in = part_tczyx.as<T>() + ts[t] + c * part_tczyx.strides()[1] + zs[z] + ys[y];
            T* const to = out_tczyx.as<T>() + static_cast<std::int64_t>(t) * os[0] + c * os[1] +
                          static_cast<std::int64_t>(z) * os[2] + static_cast<std::int64_t>(y) * os[3];
            for (std::size_t x = 0; x < xs.size(); ++x) to[static_cast<std::int64_t>(x) * os[4]] = in[xs[x]];
          }
  });
}

}  // namespace

Status ReadPadded(const PerAxis<std::int64_t>& size, const Block& block, PadMode mode, double constant, ReadBlock read,
                  const View& out_tczyx) {
  Block part;
  for (const GridAxis axis : kGridAxes) part[axis] = NeededPart(block[axis], size[axis], mode);
  if (part == block) return read(block, out_tczyx);
  if (mode == PadMode::kConstant) {
    Fill(constant, out_tczyx);
    View inside = out_tczyx;
    for (const GridAxis axis : kGridAxes) {
      if (part[axis].empty()) return Ok();
      inside = inside.Slice(BlockViewAxis(axis), part[axis].begin - block[axis].begin, part[axis].size());
    }
    return read(part, inside);
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(out_tczyx.dtype(), BlockShape(part, out_tczyx.shape()[1])));
  TEGULA_TRY(read(part, pixels.view()));
  PerAxis<Positions> sources;
  for (const GridAxis axis : kGridAxes)
    sources[axis] =
        Sources(block[axis], size[axis], mode, part[axis].begin, pixels.view().strides()[BlockViewAxis(axis)]);
  const Tensor& filled = pixels;
  Gather(filled.view(), sources, out_tczyx);
  return Ok();
}

}  // namespace tegula::image
