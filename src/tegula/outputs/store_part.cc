#include "tegula/outputs/store_part.h"

#include <string_view>

#include "tegula/outputs/pyramid.h"

namespace tegula::outputs {
namespace {

constexpr std::string_view kOrder = "tczyx";

template <class Byte>
BasicView<Byte> InOrderOf(const ChunkStore& store, const BasicView<Byte>& view_tczyx) {
  Shape shape = store.LevelShape(0), strides = shape;
  for (int i = 0; i < store.rank(); ++i) {
    const auto place = static_cast<int>(kOrder.find(store.options().axes[static_cast<std::size_t>(i)].name));
    shape[i] = view_tczyx.shape()[place];
    strides[i] = view_tczyx.strides()[place];
  }
  return {view_tczyx.data(), view_tczyx.dtype(), shape, strides};
}

void ScaleBack(const StoredScale& scale, const View& out_cyx) noexcept {
  TEGULA_ASSERT(out_cyx.dtype() == DType::kF32 || out_cyx.dtype() == DType::kF64);
  const Shape &shape = out_cyx.shape(), &strides = out_cyx.strides();
  VisitDType(out_cyx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t c = 0; c < shape[0]; ++c)
      for (std::int64_t y = 0; y < shape[1]; ++y) {
        T* const row = out_cyx.as<T>() + c * strides[0] + y * strides[1];
        for (std::int64_t x = 0; x < shape[2]; ++x)
          row[x * strides[2]] = static_cast<T>(static_cast<double>(row[x * strides[2]]) * scale.factor + scale.offset);
      }
  });
}

}  // namespace

StorePart::StorePart(const ChunkStore& store) : store_(&store) {
  for (const StoreAxis& axis : store.options().axes) {
    if (axis.name == 'c') channels_ = axis.size;
    for (const GridAxis grid_axis : kGridAxes) {
      if (axis.name != GridAxisName(grid_axis)) continue;
      size_[grid_axis] = axis.size;
      chunk_[grid_axis] = axis.chunk;
    }
  }
}

StorePart::StorePart(const ChunkStore& store, Interval t, Interval z) : StorePart(store) {
  for (const auto& [axis, planes] : {std::pair(GridAxis::kT, t), std::pair(GridAxis::kZ, z)}) {
    TEGULA_ASSERT((Interval{0, size_[axis]}.Contains(planes)));
    first_[axis] = planes.begin;
    size_[axis] = planes.size();
  }
}

Shape StorePart::BeginOf(const Block& block) const {
  Shape begin = store_->LevelShape(0);
  for (int i = 0; i < store_->rank(); ++i) {
    begin[i] = 0;
    for (const GridAxis axis : kGridAxes)
      if (GridAxisName(axis) == store_->options().axes[static_cast<std::size_t>(i)].name)
        begin[i] = block[axis].begin + first_[axis];
  }
  return begin;
}

Status StorePart::Write(const Block& block, const ConstView& pixels_tczyx) const {
  return WriteBoxAndAbove(*store_, BeginOf(block), InOrderOf(*store_, pixels_tczyx));
}

Status StorePart::Read(const Block& block, const View& out_tczyx) const {
  return store_->ReadBox(0, BeginOf(block), InOrderOf(*store_, out_tczyx));
}

bool StorePart::Has(const Block& block) const {
  const Shape begin = BeginOf(block), chunk = store_->ChunkShape();
  Shape first = begin, last = begin;
  for (int i = 0; i < store_->rank(); ++i) {
    std::int64_t size = store_->LevelShape(0)[i];  // of channels
    for (const GridAxis axis : kGridAxes)
      if (GridAxisName(axis) == store_->options().axes[static_cast<std::size_t>(i)].name) size = block[axis].size();
    first[i] = begin[i] / chunk[i];
    last[i] = CeilDiv(begin[i] + size, chunk[i]);
  }
  Shape index = first;
  for (;;) {
    if (!store_->HasChunk(0, index)) return false;
    int axis = store_->rank() - 1;
    while (axis >= 0 && ++index[axis] == last[axis]) {
      index[axis] = first[axis];
      --axis;
    }
    if (axis < 0) return true;
  }
}

Shape PlaneShape(const ChunkStore& store, int level) {
  const Shape size = store.LevelShape(level);
  return {StorePart(store).channels(), size[store.rank() - 2], size[store.rank() - 1]};
}

Status ReadPlane(const ChunkStore& store, int level, std::int64_t t, std::int64_t z, const Box& box,
                 const View& out_cyx) {
  const Shape &shape = out_cyx.shape(), &strides = out_cyx.strides();
  const View tczyx(out_cyx.data(), out_cyx.dtype(), {1, shape[0], 1, shape[1], shape[2]},
                   {0, strides[0], 0, strides[1], strides[2]});
  Shape begin = store.LevelShape(level);
  for (int i = 0; i < store.rank(); ++i) {
    const char axis = store.options().axes[static_cast<std::size_t>(i)].name;
    begin[i] = axis == 't' ? t : axis == 'z' ? z : axis == 'y' ? box.y.begin : axis == 'x' ? box.x.begin : 0;
  }
  TEGULA_TRY(store.ReadBox(level, begin, InOrderOf(store, tczyx)));
  if (store.options().scale) ScaleBack(*store.options().scale, out_cyx);
  return Ok();
}

}  // namespace tegula::outputs
