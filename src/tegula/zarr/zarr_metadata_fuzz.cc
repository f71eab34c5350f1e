// Any bytes as the metadata of an array or of an image, of Zarr 2 and 3.

#include <cstdint>
#include <string_view>

#include "tegula/zarr/array_metadata.h"
#include "tegula/zarr/multiscale.h"

namespace {

// What a reader relies on: chunks that can be allocated, strides that stay inside them, paths that stay inside.
void Check(const tegula::Result<tegula::zarr::ArrayMetadata>& array) {
  if (!array.ok()) return;
  std::int64_t last = 0;
  for (int i = 0; i < array->rank(); ++i) {
    if (array->shape[i] < 1 || array->chunk[i] < 1 || array->Grid()[i] < 1) __builtin_trap();
    last += (array->chunk[i] - 1) * array->chunk_strides[i];
  }
  if (array->chunk_bytes() > std::int64_t{1} << 31 || last != array->chunk.elements() - 1) __builtin_trap();
  if (array->sharding && array->sharding->index_bytes() > 1 << 27) __builtin_trap();
}

void Check(const tegula::Result<tegula::zarr::ImageMetadata>& image) {
  if (!image.ok()) return;
  if (image->levels.empty() || image->AxisOf('y') < 0 || image->AxisOf('x') < 0) __builtin_trap();
  for (const tegula::zarr::ImageLevel& level : image->levels)
    if (!tegula::zarr::IsKey(level.path) || level.scale.size() != image->axes.size()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(tegula::zarr::ParseArrayV2(text, {}));
  Check(tegula::zarr::ParseArrayV3(text, {}));
  Check(tegula::zarr::ParseImageV2(text, "image"));
  Check(tegula::zarr::ParseImageV3(text, "image"));
  return 0;
}
