#include "tegula/outputs/npy_export.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/tensor/npy.h"

namespace tegula::outputs {

Status CheckNpy(const StoreOptions& store) {
  const double bytes = [&] {  // of sizes that may be so large that their product is no integer
    double product = static_cast<double>(DTypeSize(store.dtype));
    for (const StoreAxis& axis : store.axes) product *= static_cast<double>(axis.size);
    return product;
  }();
  if (bytes <= static_cast<double>(kLargestNpyBytes)) return Ok();
  const std::string size = bytes < 1e18 ? HumanBytes(static_cast<std::int64_t>(bytes)) : "more than any disk has";
  return UnsupportedError(
      fmt::format("output {} would be an array of {}, and npy is for results up to {}; ask for --format ome-zarr, of "
                  "which Python reads any part",
                  store.name, size, HumanBytes(kLargestNpyBytes)));
}

Status ExportNpy(const RunContext& context, const ChunkStore& store, const Path& path) {
  TEGULA_TRY(CheckNpy(store.options()));
  const Shape all = store.LevelShape(0);
  const Shape chunk = store.ChunkShape();
  // What lies in the file without gaps and consists of whole chunks: along the slowest axis whose chunks have several
  // pixels one chunk, behind it everything.
  int slab = 0;
  while (slab + 1 < store.rank() && chunk[slab] == 1) ++slab;
  Shape begin = all, size = all;
  for (int axis = 0; axis < store.rank(); ++axis) begin[axis] = 0;
  for (int axis = 0; axis < slab; ++axis) size[axis] = 1;
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TEGULA_TRY(file.Write(NpyStart(store.options().dtype, all)));
  while (begin[0] < all[0]) {
    if (context.stop.stop_requested()) return CancelledError();
    size[slab] = std::min(chunk[slab], all[slab] - begin[slab]);
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(store.options().dtype, size, {.tensor_bytes = INT64_MAX}));
    TEGULA_TRY(store.ReadBox(0, begin, pixels.view()));
    const ConstView read = pixels.view();
    TEGULA_TRY(file.Write({reinterpret_cast<const char*>(read.data()), static_cast<std::size_t>(pixels.bytes())}));
    begin[slab] += size[slab];
    for (int axis = slab; axis > 0 && begin[axis] == all[axis]; --axis) {
      begin[axis] = 0;
      ++begin[axis - 1];
    }
  }
  return file.Commit();
}

}  // namespace tegula::outputs
