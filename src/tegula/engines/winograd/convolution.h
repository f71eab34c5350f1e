// engines/winograd/convolution.h — 3 x 3 convolutions with less than half of the multiplications.
//
// Nearly all the time of a U-Net goes into convolutions of 3 x 3, and engines compute them with nine multiplications
// for each output, at the processor's peak. Winograd's F(2 x 2, 3 x 3) takes four: a tile of 4 x 4 inputs is
// transformed by additions, multiplied with transformed filters, and gives 2 x 2 outputs (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016). Its constants are 1 and 1/2, so it rounds as little as the
// usual sum. Libraries that have it write the transformed image to memory, which costs what it saves; here a few tiles
// at a time go through all three steps within the processor's caches.
//
// Where a tile's outputs are not all finite, the usual sum is taken instead: infinities and NaN reach the outputs that
// see them and no others. A tile then takes about four times as long.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace tegula::engines::winograd {

/// Channels come in groups of so many.
inline constexpr int kChannelGroup = 16;

/// Some of the channels of an image: float32, y · x · channels, contiguous.
struct Part {
  const float* values = nullptr;
  int channels = 0;  ///< a multiple of kChannelGroup
};

/// What one run convolves: parts that are joined along their channels, all of one size, with zeros around them.
struct Task {
  const Part* parts = nullptr;
  int part_count = 0;
  int height = 0, width = 0;
  int above = 0, left = 0;            ///< zeros before the first row and column
  int out_height = 0, out_width = 0;  ///< of the output, which has y · x · channels too
  float* out = nullptr;
  float* pooled = nullptr;  ///< if any: the largest of each 2 x 2 outputs, half the output's size rounded down
};

/// So many consecutive floats at the start of a cache line.
struct alignas(64) CacheLine {
  float values[16];
};

struct Kernel;

/// A convolution with given filters. A value; const functions may run on any threads at once.
class Convolution {
 public:
  /// Whether this processor can (AVX2 and FMA at least), and the channels come in groups.
  static bool IsPossible(std::int64_t inputs, std::int64_t outputs) noexcept;

  /// `filters`: outputs · inputs · 3 · 3. `biases`: one per output. `is_rectified`: negative outputs become 0.
  /// `kernel`: of Kernels(); the best one unless a test asks for another. Holds 16/9 of the filters' bytes.
  Convolution(std::span<const float> filters, std::vector<float> biases, int inputs, bool is_rectified,
              const Kernel& kernel);
  Convolution(std::span<const float> filters, std::vector<float> biases, int inputs, bool is_rectified);

  int outputs() const noexcept { return static_cast<int>(biases_.size()); }

  /// The work is so many equal steps, and the answer does not depend on which thread does which.
  static std::int64_t Steps(const Task& task) noexcept;
  /// Takes up to `at_once` of the steps from `next` on, again and again until none are left. To be called once on each
  /// thread, with the same `next`, which begins at 0. Memory of about 2 KB per channel is taken meanwhile.
  void Run(const Task& task, std::atomic<std::int64_t>& next, std::int64_t at_once) const;

 private:
  std::vector<CacheLine> filters_;  // outputs / 16 · 16 products · inputs · 16 outputs
  std::vector<float> biases_;
  int inputs_ = 0;
  bool is_rectified_ = false;
  const Kernel* kernel_ = nullptr;
};

/// Those that this processor can run, the best one first.
std::span<const Kernel* const> Kernels() noexcept;

}  // namespace tegula::engines::winograd
