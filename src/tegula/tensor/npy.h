// tensor/npy.h — NumPy's array file, versions 1 to 3
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//
// Test tensors of models and small images are .npy files. They are input from outside: the header is
// parsed strictly, sizes are checked against the file's length and the limits before anything is allocated, and
// object arrays (pickles) are refused.
#pragma once

#include <cstdint>
#include <string>

#include "tegula/core/files.h"
#include "tegula/tensor/tensor.h"

namespace tegula {

/// What the header says. float16 and big-endian arrays are not elements Tegula has: kUnsupported.
struct NpyHeader {
  DType dtype = DType::kU8;
  Shape shape;
  bool fortran_order = false;
  std::int64_t data_offset = 0;  ///< bytes before the first element
};

/// Parses the start of a file (at least its header). kCorrupt or kUnsupported, naming what is wrong.
Result<NpyHeader> ParseNpyHeader(std::string_view start);

/// The whole array in C order. kNotFound, kIo, kCorrupt, kUnsupported, kExhausted.
Result<Tensor> ReadNpy(const Path& path, const Limits& limits = {});

/// What stands before the elements, which follow in C order: version 1.0, also of float16.
std::string NpyStart(DType dtype, const Shape& shape);

/// Writes version 1.0 in C order, whole or not at all.
Status WriteNpy(const Path& path, const ConstView& view);

}  // namespace tegula
