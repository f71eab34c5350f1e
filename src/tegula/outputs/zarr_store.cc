#include "tegula/outputs/zarr_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <system_error>

#include "tegula/core/interval.h"
#include "tegula/outputs/zarr_layout.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

static_assert(std::endian::native == std::endian::little, "chunks are written in the byte order of the machine");

// Calls body(position) for every position of a box of this shape, in C order, until it returns an error.
template <class F>
Status ForEachPosition(const Shape& shape, F&& body) {
  Shape position = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) position[axis] = 0;
  for (std::int64_t left = shape.elements(); left > 0; --left) {
    TEGULA_TRY(body(position));
    for (int axis = shape.rank() - 1; axis >= 0 && ++position[axis] == shape[axis]; --axis) position[axis] = 0;
  }
  return Ok();
}

std::string ToText(const Shape& index) { return fmt::format("{}", fmt::join(index.sizes(), "/")); }

}  // namespace

Result<ChunkStore> ChunkStore::Create(const Path& folder, StoreOptions options, const Limits& limits) {
  TEGULA_TRY(CompleteOptions(options, limits).Context(folder.string()));
  std::error_code ignored;
  for (const ZarrLayout* layout : ZarrLayouts())
    if (std::filesystem::exists(folder / layout->group_file, ignored))
      return InvalidError(folder.string() + " holds an image already");
  const ZarrLayout& layout = LayoutOf(options.format);
  for (int level = 0; level < options.levels; ++level) {
    const Path level_folder = folder / std::to_string(level);
    TEGULA_TRY(MakeFolders(level_folder));
    for (const MetadataFile& file : layout.array(options, level))
      TEGULA_TRY(WriteFileWhole(level_folder / file.name, file.text));
  }
  for (const MetadataFile& file : layout.group(options)) TEGULA_TRY(WriteFileWhole(folder / file.name, file.text));
  return ChunkStore(folder, std::move(options));
}

Result<ChunkStore> ChunkStore::Open(const Path& folder, const Limits& limits) {
  const ZarrLayout* layout = nullptr;
  std::error_code ignored;
  for (const ZarrLayout* each : ZarrLayouts())
    if (layout == nullptr && std::filesystem::exists(folder / each->group_file, ignored)) layout = each;
  if (layout == nullptr) return NotFoundError(folder.string() + " holds no image");
  const auto read = [&](const Path& file) { return ReadFile(file, limits.description_bytes); };
  TEGULA_ASSIGN_OR_RETURN(const std::string group, read(folder / layout->group_file));
  TEGULA_ASSIGN_OR_RETURN(const std::string level0, read(folder / "0" / layout->array_file));
  TEGULA_ASSIGN_OR_RETURN(StoreOptions options, layout->parse(group, level0, limits).Context(folder.string()));
  for (int level = 0; level < options.levels; ++level) {
    const Path file = folder / std::to_string(level) / layout->array_file;
    TEGULA_ASSIGN_OR_RETURN(const std::string text, read(file));
    TEGULA_TRY(layout->check_array(text, options, level).Context(file.string()));
  }
  return ChunkStore(folder, std::move(options));
}

ChunkStore::ChunkStore(Path folder, StoreOptions options)
    : folder_(std::move(folder)),
      options_(std::move(options)),
      coder_(std::make_shared<const ChunkCoder>(options_.coding)) {
  const auto* const fill = reinterpret_cast<const std::byte*>(&options_.fill);
  ConvertCopy(ConstView(fill, DType::kF64, {1}), View(fill_.data(), options_.dtype, {1}));
}

// --- Geometry --------------------------------------------------------------------------------------------------------

Shape ChunkStore::LevelShape(int level) const noexcept { return ShapeOfLevel(options_, level); }

Shape ChunkStore::ChunkShape() const noexcept {
  Shape shape = LevelShape(0);
  for (int axis = 0; axis < rank(); ++axis) shape[axis] = options_.axes[static_cast<std::size_t>(axis)].chunk;
  return shape;
}

Shape ChunkStore::Grid(int level) const noexcept {
  Shape grid = LevelShape(level);
  const Shape chunk = ChunkShape();
  for (int axis = 0; axis < rank(); ++axis) grid[axis] = CeilDiv(grid[axis], chunk[axis]);
  return grid;
}

Shape ChunkStore::ChunkIndex(int level, std::int64_t number) const noexcept {
  const Shape grid = Grid(level);
  TEGULA_ASSERT(number >= 0 && number < grid.elements());
  Shape index = grid;
  for (int axis = rank() - 1; axis >= 0; --axis) {
    index[axis] = number % grid[axis];
    number /= grid[axis];
  }
  return index;
}

Shape ChunkStore::ChunkBegin(const Shape& index) const noexcept {
  Shape begin = ChunkShape();
  for (int axis = 0; axis < rank(); ++axis) begin[axis] *= index[axis];
  return begin;
}

Shape ChunkStore::ChunkExtent(int level, const Shape& index) const noexcept {
  AssertIsChunk(level, index);
  Shape extent = ChunkShape();
  const Shape begin = ChunkBegin(index), size = LevelShape(level);
  for (int axis = 0; axis < rank(); ++axis) extent[axis] = std::min(extent[axis], size[axis] - begin[axis]);
  return extent;
}

void ChunkStore::AssertIsChunk([[maybe_unused]] int level, [[maybe_unused]] const Shape& index) const noexcept {
  TEGULA_ASSERT(level >= 0 && level < levels() && index.rank() == rank());
  for (int axis = 0; axis < rank(); ++axis) TEGULA_ASSERT(index[axis] >= 0 && index[axis] < Grid(level)[axis]);
}

Path ChunkStore::LooseFolder(int level) const { return folder_ / std::to_string(level) / ".chunks"; }

// Where a chunk is written, and found unless it lies in a shard.
Path ChunkStore::ChunkPath(int level, const Shape& index) const {
  if (IsSharded(options_)) return LooseFolder(level) / ToText(index);
  return folder_ / fmt::format("{}/{}{}", level, LayoutOf(options_.format).chunk_folder, ToText(index));
}

// --- One chunk -------------------------------------------------------------------------------------------------------

void ChunkStore::Fill(const View& out) const noexcept {
  Shape everywhere = out.shape();
  for (int axis = 0; axis < everywhere.rank(); ++axis) everywhere[axis] = 0;
  ConvertCopy(ConstView(fill_.data(), options_.dtype, out.shape(), everywhere), out);
}

bool ChunkStore::HasChunk(int level, const Shape& index) const {
  AssertIsChunk(level, index);
  std::error_code ignored;
  if (std::filesystem::exists(ChunkPath(level, index), ignored)) return true;
  if (!IsSharded(options_)) return false;
  const auto place = PlaceInShard(level, index);
  return place.ok() && place->has_value();
}

Result<std::optional<std::string>> ChunkStore::ReadEncoded(int level, const Shape& index) const {
  AssertIsChunk(level, index);
  const Path path = ChunkPath(level, index);
  Result<std::string> file = ReadFile(path, coder_->Bound(ChunkShape().elements() * DTypeSize(options_.dtype)));
  if (file.ok()) return std::optional(std::move(*file));
  if (file.error().code == Code::kExhausted)
    return CorruptError(path.string() + " is larger than any chunk of this image");
  if (file.error().code != Code::kNotFound) return file.error();
  if (IsSharded(options_)) return ReadFromShard(level, index);
  return std::optional<std::string>();
}

Status ChunkStore::WriteChunk(int level, const Shape& index, const ConstView& pixels) const {
  TEGULA_ASSERT(pixels.dtype() == options_.dtype && pixels.shape() == ChunkExtent(level, index));
  ConstView whole = pixels;
  Tensor padded;
  if (!pixels.is_contiguous() || !(pixels.shape() == ChunkShape())) {
    TEGULA_ASSIGN_OR_RETURN(padded, Tensor::Allocate(options_.dtype, ChunkShape(), {.tensor_bytes = INT64_MAX}));
    View inside = padded.view();
    if (!(pixels.shape() == ChunkShape())) Fill(inside);
    for (int axis = 0; axis < rank(); ++axis) inside = inside.Slice(axis, 0, pixels.shape()[axis]);
    ConvertCopy(pixels, inside);
    whole = padded.view();
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string file, coder_->Encode(whole));
  const Path path = ChunkPath(level, index);
  Status written = WriteFileWhole(path, file);
  if (written.ok() || written.error().code != Code::kNotFound) return written;
  TEGULA_TRY(MakeFolders(path.parent_path()));  // the first chunk of its row
  return WriteFileWhole(path, file);
}

// Reads a chunk into `chunk`, which is allocated on first use; false if the chunk is missing.
Result<bool> ChunkStore::DecodeChunk(int level, const Shape& index, Tensor& chunk) const {
  AssertIsChunk(level, index);
  if (chunk.shape().rank() == 0) {
    TEGULA_ASSIGN_OR_RETURN(chunk, Tensor::Allocate(options_.dtype, ChunkShape(), {.tensor_bytes = INT64_MAX}));
  }
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::string> encoded, ReadEncoded(level, index));
  if (!encoded) return false;
  TEGULA_TRY(
      coder_->Decode(std::as_bytes(std::span(*encoded)), chunk.view()).Context(ChunkPath(level, index).string()));
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(std::as_const(chunk).view().data());
  if (options_.dtype == DType::kBool && std::any_of(bytes, bytes + chunk.bytes(), [](std::uint8_t b) { return b > 1; }))
    return CorruptError(ChunkPath(level, index).string() + ": it holds bytes that are not bool");
  return true;
}

Result<Tensor> ChunkStore::ReadChunk(int level, const Shape& index) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                          Tensor::Allocate(options_.dtype, ChunkExtent(level, index), {.tensor_bytes = INT64_MAX}));
  TEGULA_TRY(ReadBox(level, ChunkBegin(index), pixels.view()));
  return pixels;
}

// --- Boxes -----------------------------------------------------------------------------------------------------------

Status ChunkStore::WriteBox(int level, const Shape& begin, const ConstView& pixels) const {
  if (pixels.elements() == 0) return Ok();
  const Shape chunk = ChunkShape();
  Shape count = begin;
  for (int axis = 0; axis < rank(); ++axis) {
    TEGULA_ASSERT(begin[axis] % chunk[axis] == 0);
    count[axis] = CeilDiv(pixels.shape()[axis], chunk[axis]);
  }
  return ForEachPosition(count, [&](const Shape& position) {
    Shape index = position;
    ConstView part = pixels;
    for (int axis = 0; axis < rank(); ++axis) {
      const std::int64_t offset = position[axis] * chunk[axis];
      index[axis] += begin[axis] / chunk[axis];
      part = part.Slice(axis, offset, std::min(chunk[axis], pixels.shape()[axis] - offset));
    }
    return WriteChunk(level, index, part);
  });
}

Status ChunkStore::ReadBox(int level, const Shape& begin, const View& out) const {
  TEGULA_ASSERT(begin.rank() == rank() && out.shape().rank() == rank());
  if (out.elements() == 0) return Ok();
  const Shape chunk = ChunkShape();
  Shape first = begin, count = begin;
  for (int axis = 0; axis < rank(); ++axis) {
    const std::int64_t end = begin[axis] + out.shape()[axis];
    TEGULA_ASSERT(begin[axis] >= 0 && end <= LevelShape(level)[axis]);
    first[axis] = begin[axis] / chunk[axis];
    count[axis] = CeilDiv(end, chunk[axis]) - first[axis];
  }
  Tensor decoded;
  return ForEachPosition(count, [&](const Shape& position) -> Status {
    Shape index = position;
    for (int axis = 0; axis < rank(); ++axis) index[axis] += first[axis];
    TEGULA_ASSIGN_OR_RETURN(const bool found, DecodeChunk(level, index, decoded));
    View to = out;
    ConstView from = decoded.view();
    for (int axis = 0; axis < rank(); ++axis) {
      const std::int64_t chunk_begin = index[axis] * chunk[axis];
      const Interval wanted{begin[axis], begin[axis] + out.shape()[axis]};
      const Interval common = Intersect(wanted, Interval{chunk_begin, chunk_begin + chunk[axis]});
      to = to.Slice(axis, common.begin - begin[axis], common.size());
      from = from.Slice(axis, common.begin - chunk_begin, common.size());
    }
    if (found) {
      ConvertCopy(from, to);
    } else {
      Fill(to);
    }
    return Ok();
  });
}

}  // namespace tegula::outputs
