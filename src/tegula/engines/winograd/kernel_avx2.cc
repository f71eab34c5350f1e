#include "tegula/engines/winograd/kernel.h"

namespace tegula::engines::winograd {
namespace {
constexpr int kLanes = 8;   // floats of a vector
constexpr int kAtOnce = 6;  // tiles: 12 sums, 2 filters and a value fit into 16 registers
}  // namespace
}  // namespace tegula::engines::winograd

#include "tegula/engines/winograd/kernel_steps.h"

const tegula::engines::winograd::Kernel tegula::engines::winograd::kAvx2Kernel = {"avx2", &RunTiles};
