// objects/testing/halves.h — network outputs that the data for tests hold as .npy of float16, which ReadNpy does not
// take.
#pragma once

#include <string>

#include "tegula/core/files.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects::testing {

/// The last elements of the file, as float32 of this shape. Errors of ReadFile; kCorrupt where it is not longer.
inline Result<Tensor> ReadHalves(const Path& path, const Shape& shape) {
  TEGULA_ASSIGN_OR_RETURN(const std::string file, ReadFile(path, 1 << 24));
  TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(DType::kF32, shape));
  const auto bytes = static_cast<std::size_t>(shape.elements() * DTypeSize(DType::kF16));
  if (file.size() <= bytes) return CorruptError("the file is too short");
  ConvertCopy({reinterpret_cast<const std::byte*>(file.data() + file.size() - bytes), DType::kF16, shape},
              tensor.view());
  return tensor;
}

}  // namespace tegula::objects::testing
