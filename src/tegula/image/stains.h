// image/stains.h — how much of each stain a pixel of a bright-field RGB image shows: colour deconvolution.
//
// Ruifrok and Johnston, Quantification of histochemical staining by color deconvolution, 2001. Values and arithmetic
// are those of scikit-image's separate_stains: with p = max(value / white, 10^-6), the density of a colour is ln(p) /
// ln(10^-6), densities times the inverse of the matrix whose rows are the stains' vectors are the amounts, and negative
// amounts are 0. White is 255 for uint8, 65535 for uint16, 1 for floats. Six times a value is an amount in the optical
// density to the base 10 that QuPath shows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// A stain by the density that it has in red, green and blue.
struct Stain {
  std::string name;
  std::array<double, 3> density = {};
};

/// Three stains that together explain a colour.
class StainSet {
 public:
  /// "hed": hematoxylin, eosin, dab with the vectors of Ruifrok and Johnston as in scikit-image's rgb2hed.
  static StainSet Hed();
  /// "hed"; "he" and "hdab": QuPath's default vectors for H&E (hematoxylin, eosin) and H-DAB (hematoxylin, dab); or two
  /// or three own ones, as "hematoxylin=0.65,0.70,0.29;eosin=0.07,0.99,0.11", used as they are given. Beside two stands
  /// `residual`, the unit vector at right angles to both, as in QuPath. kInvalid.
  static Result<StainSet> Parse(std::string_view text);

  const std::array<Stain, 3>& stains() const noexcept { return stains_; }
  /// Amount of stain `s` = sum over colours c of density(c) * weights()[s][c].
  const std::array<std::array<double, 3>, 3>& weights() const noexcept { return weights_; }
  /// As Parse takes it, with all vectors.
  std::string ToText() const;

 private:
  static Result<StainSet> Create(std::vector<Stain> stains);
  std::array<Stain, 3> stains_;
  std::array<std::array<double, 3>, 3> weights_ = {};
};

/// The value of white; kUnsupported for element types in which colours have none.
Result<double> WhiteOf(DType dtype);

/// Fills `out_1yx` (float32) with the amounts of stain number `stain` in a plane of red, one of green and one of blue,
/// each (1, y, x) of the same element type. Threads: safe for different outputs.
void SeparateStain(const StainSet& set, std::size_t stain, double white, const std::array<ConstView, 3>& colours_1yx,
                   const View& out_1yx) noexcept;

}  // namespace tegula::image
