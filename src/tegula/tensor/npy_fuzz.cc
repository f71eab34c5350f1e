// Any bytes as an array file.

#include <cstdint>

#include "tegula/core/files.h"
#include "tegula/tensor/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tegula::TemporaryFolder folder = tegula::TemporaryFolder::Create("tegula-fuzz").value();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const tegula::Result<tegula::NpyHeader> header = tegula::ParseNpyHeader(bytes);
  const tegula::Path path = folder.path() / "array.npy";
  if (!tegula::WriteFileWhole(path, bytes).ok()) return 0;
  tegula::Limits limits;
  limits.tensor_bytes = 1 << 24;
  const tegula::Result<tegula::Tensor> tensor = tegula::ReadNpy(path, limits);
  // What is read has the shape that the header states.
  if (tensor.ok() && !(header.ok() && header->shape == tensor->shape())) __builtin_trap();
  return 0;
}
