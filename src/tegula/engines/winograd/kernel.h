// engines/winograd/kernel.h — between convolution.cc and the same code compiled for several processors.
#pragma once

#include <cstdint>

#include "tegula/engines/winograd/convolution.h"

namespace tegula::engines::winograd {

/// Tiles of 2 x 2 outputs that go through the caches together, in the order of the image's rows.
inline constexpr int kTiles = 24;
/// Products that one tile takes, for each pair of an input and an output channel.
inline constexpr int kProducts = 16;
/// Pixels of a row that so many tiles see.
inline constexpr int kSeen = 2 * kTiles + 2;

struct Layer {
  const float* filters = nullptr;  // outputs / 16 · 16 products · inputs · 16 outputs
  const float* biases = nullptr;
  int inputs = 0, outputs = 0;
  float least = 0;  // of an output
};

/// Bytes at the start of cache lines, for one thread.
struct Scratch {
  float* tiles = nullptr;     // 16 products · inputs · kTiles: the transformed image
  float* products = nullptr;  // 16 products · kTiles · 32 outputs
  float* rows = nullptr;      // 4 rows · kSeen · inputs: what a tile at the border sees
  float* zeros = nullptr;     // kSeen · inputs, all 0
};

struct Kernel {
  const char* name;
  /// Tiles from `first` up to `last`, at most kTiles.
  void (*run)(const Layer& layer, const Task& task, std::int64_t first, std::int64_t last, const Scratch& scratch);
};

extern const Kernel kAvx2Kernel, kAvx512Kernel;

}  // namespace tegula::engines::winograd
