// image/synthetic.h — images that are made up pixel by pixel: for tests, benchmarks and the demo.
//
//   synthetic:noise,height=1000,width=900,channels=3,dtype=uint8,seed=1
//   synthetic:gradient,height=1000,width=900
//   synthetic:nuclei,height=2000,width=3000,seed=7,pixel_size=0.5,background=bright,density=0.8
//
// A pixel is a function of its place, so an image of any size needs no memory and every box of it agrees with every
// other. Further keys for all kinds: levels (each half of the one before), z, t, pixel_size (µm). Nuclei are ellipses
// that are known, do not touch, and lie wholly inside the image: what a model finds can be compared with what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/dtype.h"

namespace tegula::image {

enum class SyntheticKind : std::uint8_t { kNoise, kGradient, kNuclei };

/// What a `synthetic:` name says.
struct SyntheticSpec {
  SyntheticKind kind = SyntheticKind::kNoise;
  std::int64_t height = 1024;
  std::int64_t width = 1024;
  std::int64_t channels = 1;  ///< 3 of uint8 are one RGB image
  std::int64_t size_z = 1;
  std::int64_t size_t = 1;
  std::int64_t levels = 1;
  std::uint64_t seed = 0;
  DType dtype = DType::kU8;
  std::optional<double> pixel_size_um;
  bool bright = false;   ///< nuclei: dark on a bright background
  double density = 0.8;  ///< nuclei: the share of places that are taken
};

/// kInvalid names the key or value that is not understood, and those that are.
Result<SyntheticSpec> ParseSynthetic(std::string_view name, const Limits& limits = {});

/// An ellipse in pixels of level 0, where pixel i covers [i, i + 1). On its outline the brightness is midway between
/// background and nucleus.
struct Nucleus {
  double y = 0, x = 0;  ///< centre
  double long_radius = 0, short_radius = 0;
  double angle = 0;  ///< of the long axis from the x axis towards y, in radians
};

/// The nuclei of a `synthetic:nuclei` image whose centre lies in the box (pixels of level 0), row by row of their
/// places; the same in all channels, z and t.
std::vector<Nucleus> SyntheticNuclei(const SyntheticSpec& spec, const Box& box);

}  // namespace tegula::image
