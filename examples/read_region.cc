// Reads a region of any image that Tegula opens, and prints the mean of each channel:
//   example_read_region IMAGE X Y WIDTH HEIGHT
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "tegula/image/open.h"
#include "tegula/tensor/kernels.h"

namespace {

tegula::Result<tegula::Tensor> ReadRegion(const tegula::image::Source& image, const tegula::Box& box) {
  const tegula::image::Level& whole = image.info().levels.front();
  if (box.y.begin < 0 || box.x.begin < 0 || box.y.end > whole.height || box.x.end > whole.width || box.height() <= 0 ||
      box.width() <= 0)
    return tegula::InvalidError("the region does not lie in the image");
  const auto channels = static_cast<std::int64_t>(image.info().channels.size());
  TEGULA_ASSIGN_OR_RETURN(tegula::Tensor stored,
                          tegula::Tensor::Allocate(image.info().dtype, {channels, box.height(), box.width()}));
  TEGULA_TRY(image.Read({.level = 0, .box = box}, stored.view()));
  TEGULA_ASSIGN_OR_RETURN(tegula::Tensor values, tegula::Tensor::Allocate(tegula::DType::kF64, stored.shape()));
  tegula::ConvertCopy(std::as_const(stored).view(), values.view());
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: example_read_region IMAGE X Y WIDTH HEIGHT\n");
    return 2;
  }
  const auto image = tegula::image::Open(argv[1]);
  if (!image.ok()) {
    std::fprintf(stderr, "%s\n", tegula::ToString(image.error()).c_str());
    return 1;
  }
  const std::int64_t x = std::atoll(argv[2]), y = std::atoll(argv[3]);
  const auto region = ReadRegion(**image, {{y, y + std::atoll(argv[5])}, {x, x + std::atoll(argv[4])}});
  if (!region.ok()) {
    std::fprintf(stderr, "%s\n", tegula::ToString(region.error()).c_str());
    return 1;
  }
  const auto values = region->values<double>();
  const std::size_t plane = values.size() / (*image)->info().channels.size();
  for (std::size_t c = 0; c < (*image)->info().channels.size(); ++c)
    std::printf("%s %.3f\n", (*image)->info().channels[c].name.c_str(),
                std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(c * plane),
                                values.begin() + static_cast<std::ptrdiff_t>((c + 1) * plane), 0.0) /
                    static_cast<double>(plane));
  return 0;
}
