#include "tegula/engines/winograd/convolution.h"

#include <algorithm>
#include <array>
#include <limits>

#include "tegula/core/assert.h"
#include "tegula/engines/winograd/kernel.h"

namespace tegula::engines::winograd {
namespace {

constexpr std::size_t kLine = sizeof(CacheLine) / sizeof(float);
static_assert(kLine == kChannelGroup);

// G g Gᵀ of one filter of 3 x 3, in double: it happens once.
std::array<float, kProducts> Transformed(const float* filter) {
  const auto along = [](double a, double b, double c) {
    return std::array<double, 4>{a, (a + b + c) / 2, (a - b + c) / 2, c};
  };
  std::array<std::array<double, 4>, 3> columns;
  for (std::size_t x = 0; x < 3; ++x) columns[x] = along(filter[x], filter[3 + x], filter[6 + x]);
  std::array<float, kProducts> products;
  for (std::size_t y = 0; y < 4; ++y) {
    const std::array<double, 4> row = along(columns[0][y], columns[1][y], columns[2][y]);
    for (std::size_t x = 0; x < 4; ++x) products[4 * y + x] = static_cast<float>(row[x]);
  }
  return products;
}

std::int64_t TilesOf(const Task& task) { return (std::int64_t{task.out_height} + 1) / 2 * ((task.out_width + 1) / 2); }

struct Available {
  std::array<const Kernel*, 2> kernels = {};
  std::size_t count = 0;
  Available() noexcept {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") != 0) kernels[count++] = &kAvx512Kernel;
    if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) kernels[count++] = &kAvx2Kernel;
#endif
  }
};

}  // namespace

std::span<const Kernel* const> Kernels() noexcept {
  static const Available available;
  return std::span(available.kernels).first(available.count);
}

bool Convolution::IsPossible(std::int64_t inputs, std::int64_t outputs) noexcept {
  return !Kernels().empty() && inputs > 0 && outputs > 0 && inputs % kChannelGroup == 0 && outputs % kChannelGroup == 0;
}

Convolution::Convolution(std::span<const float> filters, std::vector<float> biases, int inputs, bool is_rectified,
                         const Kernel& kernel)
    : biases_(std::move(biases)), inputs_(inputs), is_rectified_(is_rectified), kernel_(&kernel) {
  const auto ins = static_cast<std::size_t>(inputs_), outs = biases_.size();
  TEGULA_ASSERT(filters.size() == ins * outs * 9);
  filters_.resize(kProducts * ins * outs / kLine);
  for (std::size_t output = 0; output < outs; ++output)
    for (std::size_t input = 0; input < ins; ++input) {
      const std::array<float, kProducts> products = Transformed(filters.data() + (output * ins + input) * 9);
      for (std::size_t p = 0; p < kProducts; ++p)
        filters_[(output / kLine * kProducts + p) * ins + input].values[output % kLine] = products[p];
    }
}

Convolution::Convolution(std::span<const float> filters, std::vector<float> biases, int inputs, bool is_rectified)
    : Convolution(filters, std::move(biases), inputs, is_rectified, *Kernels().front()) {}

std::int64_t Convolution::Steps(const Task& task) noexcept { return (TilesOf(task) + kTiles - 1) / kTiles; }

void Convolution::Run(const Task& task, std::atomic<std::int64_t>& next, std::int64_t at_once) const {
  const auto inputs = static_cast<std::size_t>(inputs_);
  const std::size_t tiles = kProducts * inputs * kTiles / kLine, products = kProducts * kTiles * 32 / kLine,
                    row = kSeen * inputs / kLine;
  std::vector<CacheLine> lines(tiles + products + 5 * row);
  const Scratch scratch = {lines[0].values, lines[tiles].values, lines[tiles + products].values,
                           lines[tiles + products + 4 * row].values};
  const Layer layer = {filters_[0].values, biases_.data(), inputs_, outputs(),
                       is_rectified_ ? 0.0F : -std::numeric_limits<float>::infinity()};
  const std::int64_t steps = Steps(task), end = TilesOf(task);
  for (std::int64_t first = next.fetch_add(at_once); first < steps; first = next.fetch_add(at_once))
    for (std::int64_t step = first; step < std::min(first + at_once, steps); ++step)
      kernel_->run(layer, task, step * kTiles, std::min((step + 1) * kTiles, end), scratch);
}

}  // namespace tegula::engines::winograd
