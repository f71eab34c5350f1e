#include "tegula/engines/winograd/kernel.h"

namespace tegula::engines::winograd {
namespace {
constexpr int kLanes = 16;   // floats of a vector
constexpr int kAtOnce = 12;  // tiles: 24 sums, 2 filters and a value fit into 32 registers
}  // namespace
}  // namespace tegula::engines::winograd

#include "tegula/engines/winograd/kernel_steps.h"

const tegula::engines::winograd::Kernel tegula::engines::winograd::kAvx512Kernel = {"avx512", &RunTiles};
