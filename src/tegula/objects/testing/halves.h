// objects/testing/halves.h — network outputs that the data for tests hold as .npy of float16, which ReadNpy does not
// take.
#pragma once

#include <cstring>
#include <string>

#include "tegula/core/files.h"
#include "tegula/tensor/half.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects::testing {

/// The last elements of the file, as float32 of this shape; throws, so that the test fails, where it is shorter.
inline Tensor ReadHalves(const Path& path, const Shape& shape) {
  const std::string file = ReadFile(path, 1 << 24).value();
  Tensor tensor = Tensor::Allocate(DType::kF32, shape).value();
  const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * sizeof(Half);
  const char* at = &file.at(file.size() - bytes);
  for (float& value : tensor.values<float>()) {
    Half half;
    std::memcpy(&half, at, sizeof half);
    value = static_cast<float>(half);
    at += sizeof half;
  }
  return tensor;
}

}  // namespace tegula::objects::testing
