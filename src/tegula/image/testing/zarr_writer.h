// image/testing/zarr_writer.h — small OME-Zarr 0.5 images without compression, for tests: the bytes are what Zarr's
// text says, written without the reader's help.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tegula/core/files.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image::testing {

struct ZarrLevel {
  const Tensor* pixels = nullptr;
  Shape chunk;
  double scale = 1;  ///< of y and x
};

inline std::string JsonList(const Shape& sizes) {
  std::string text;
  for (const std::int64_t size : sizes.sizes()) text += (text.empty() ? "[" : ", ") + std::to_string(size);
  return text + "]";
}

/// Every chunk of a level, filled up with 9, the fill value.
inline void WriteZarrChunks(const Path& folder, const ZarrLevel& level) {
  const Shape& shape = level.pixels->shape();
  Tensor chunk = Tensor::Allocate(level.pixels->dtype(), level.chunk).value();
  Shape index = shape;
  for (int i = 0; i < index.rank(); ++i) index[i] = 0;
  for (bool more = true; more;) {
    std::memset(chunk.view().data(), 9, static_cast<std::size_t>(chunk.bytes()));
    View to = chunk.view();
    ConstView from = level.pixels->view();
    std::string key = "c";
    for (int i = 0; i < index.rank(); ++i) {
      const std::int64_t begin = index[i] * level.chunk[i], size = std::min(level.chunk[i], shape[i] - begin);
      to = to.Slice(i, 0, size);
      from = from.Slice(i, begin, size);
      key += "/" + std::to_string(index[i]);
    }
    ConvertCopy(from, to);
    ASSERT_TRUE(MakeFolders((folder / key).parent_path()).ok());
    const std::string bytes(reinterpret_cast<const char*>(chunk.view().data()),
                            static_cast<std::size_t>(chunk.bytes()));
    ASSERT_TRUE(WriteFileWhole(folder / key, bytes).ok());
    more = false;
    for (int i = index.rank() - 1; i >= 0 && !more; --i) {
      more = (++index[i]) * level.chunk[i] < shape[i];
      if (!more) index[i] = 0;
    }
  }
}

/// `axes`: one letter each, slowest first. Returns the folder.
inline std::string WriteZarr(const Path& folder, const std::string& axes, const std::vector<ZarrLevel>& levels) {
  std::string axes_json, datasets;
  for (const char axis : axes) {
    const std::string type = axis == 't' ? "time" : axis == 'c' ? "channel" : "space";
    axes_json += std::string(axes_json.empty() ? "" : ", ") + R"({"name": ")" + axis + R"(", "type": ")" + type + "\"" +
                 (type == "space" ? R"(, "unit": "micrometer"})" : "}");
  }
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const ZarrLevel& level = levels[k];
    std::string scale;
    for (const char axis : axes)
      scale += (scale.empty() ? "" : ", ") + std::to_string(axis == 'y' || axis == 'x' ? level.scale : 1.0);
    datasets += std::string(datasets.empty() ? "" : ", ") + R"({"path": ")" + std::to_string(k) +
                R"(", "coordinateTransformations": [{"type": "scale", "scale": [)" + scale + "]}]}";
    const Path array = folder / std::to_string(k);
    WriteZarrChunks(array, level);
    EXPECT_TRUE(WriteFileWhole(array / "zarr.json",
                               R"({"zarr_format": 3, "node_type": "array", "shape": )" +
                                   JsonList(level.pixels->shape()) + R"(, "data_type": ")" +
                                   std::string(DTypeName(level.pixels->dtype())) +
                                   R"(", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": )" +
                                   JsonList(level.chunk) +
                                   R"(}}, "chunk_key_encoding": {"name": "default"}, "fill_value": 9,
                                   "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]})")
                    .ok());
  }
  EXPECT_TRUE(WriteFileWhole(folder / "zarr.json",
                             R"({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5",
                             "multiscales": [{"axes": [)" +
                                 axes_json + R"(], "datasets": [)" + datasets + "]}]}}}")
                  .ok());
  return folder.string();
}

}  // namespace tegula::image::testing
