#include "tegula/image/stains.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace tegula::image {
namespace {

// Amounts of all stains of a set in one colour.
std::array<float, 3> Amounts(const StainSet& set, std::array<std::uint8_t, 3> colour) {
  Tensor pixel = Tensor::Allocate(DType::kU8, {3, 1, 1}).value();
  std::copy(colour.begin(), colour.end(), pixel.values<std::uint8_t>().begin());
  std::array<float, 3> amounts{};
  const ConstView rgb = std::as_const(pixel).view();
  for (std::size_t s = 0; s < 3; ++s) {
    Tensor amount = Tensor::Allocate(DType::kF32, {1, 1, 1}).value();
    SeparateStain(set, s, WhiteOf(DType::kU8).value(), {rgb.Slice(0, 0, 1), rgb.Slice(0, 1, 1), rgb.Slice(0, 2, 1)},
                  amount.view());
    amounts[s] = amount.values<float>()[0];
  }
  return amounts;
}

// The colour that so much of each stain lets through, by the law of Beer and Lambert.
std::array<double, 3> ColourOf(const StainSet& set, const std::array<double, 3>& amounts) {
  std::array<double, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    double density = 0;
    for (std::size_t s = 0; s < 3; ++s) density += amounts[s] * set.stains()[s].density[c];
    colour[c] = std::pow(1e-6, density);
  }
  return colour;
}

// Computed with scikit-image 0.26: separate_stains(pixel, hed_from_rgb).
TEST(SeparateStain, GivesTheValuesOfScikitImage) {
  const StainSet hed = StainSet::Hed();
  const struct {
    std::array<std::uint8_t, 3> colour;
    std::array<double, 3> amounts;
  } rows[] = {
      {{255, 255, 255}, {0, 0, 0}},
      {{120, 80, 160}, {0.07662580162286758, 0.024027012288570404, 0.011374675668776035}},
      {{200, 140, 180}, {0.014988986775279045, 0.01941767893731594, 0.024010933935642242}},
      {{90, 60, 30}, {0.041427869349718094, 0, 0.18763871490955353}},
      {{0, 0, 0}, {1.2101672887802124, 0, 0.8819504380226135}},
      {{1, 254, 17}, {0.6352384090423584, 0, 0.08535613864660263}},
      {{230, 10, 250}, {0, 0.2577926218509674, 0}},
  };
  for (const auto& row : rows) {
    const std::array<float, 3> amounts = Amounts(hed, row.colour);
    for (std::size_t s = 0; s < 3; ++s) EXPECT_FLOAT_EQ(amounts[s], static_cast<float>(row.amounts[s]));
  }
}

TEST(SeparateStain, FindsTheAmountsThatMadeAColour) {
  for (const char* name : {"hed", "he", "hdab", "a=0.2,0.5,0.9;b=0.8,0.1,0.1;c=0.3,0.9,0.2", "a=1,2,3;b=3,2,1"}) {
    const StainSet set = StainSet::Parse(name).value();
    const std::array<double, 3> amounts{0.11, 0.02, 0.05};
    const std::array<double, 3> colour = ColourOf(set, amounts);
    Tensor pixel = Tensor::Allocate(DType::kF64, {3, 1, 1}).value();
    std::copy(colour.begin(), colour.end(), pixel.values<double>().begin());
    const ConstView rgb = std::as_const(pixel).view();
    for (std::size_t s = 0; s < 3; ++s) {
      Tensor out = Tensor::Allocate(DType::kF32, {1, 1, 1}).value();
      SeparateStain(set, s, WhiteOf(DType::kF64).value(), {rgb.Slice(0, 0, 1), rgb.Slice(0, 1, 1), rgb.Slice(0, 2, 1)},
                    out.view());
      EXPECT_NEAR(out.values<float>()[0], amounts[s], 1e-6) << name << " " << set.stains()[s].name;
    }
  }
}

TEST(StainSet, TwoStainsLeaveAResidualAtRightAnglesToBoth) {
  const StainSet set = StainSet::Parse("he").value();
  const auto& [h, e, r] = set.stains();
  EXPECT_EQ(r.name, "residual");
  double length = 0, with_h = 0, with_e = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    length += r.density[c] * r.density[c];
    with_h += r.density[c] * h.density[c];
    with_e += r.density[c] * e.density[c];
  }
  EXPECT_NEAR(length, 1, 1e-12);
  EXPECT_NEAR(with_h, 0, 1e-12);
  EXPECT_NEAR(with_e, 0, 1e-12);
}

TEST(StainSet, WritesWhatItReads) {
  const StainSet set = StainSet::Parse(" haem = 0.65, 0.7,0.29 ; dab=0.27,0.57,0.78;pink=0.1,1,0.1").value();
  EXPECT_EQ(set.ToText(), "haem=0.65,0.7,0.29; dab=0.27,0.57,0.78; pink=0.1,1,0.1");
  EXPECT_EQ(StainSet::Parse(set.ToText()).value().ToText(), set.ToText());
}

TEST(StainSet, RefusesWhatCannotBeToldApart) {
  for (const char* text :
       {"", "ihc", "a=1,0,0", "a=1,0,0;b=2,0,0", "a=0,0,0;b=0,1,0", "a=1,0,0;a=0,1,0", "a=1,0;b=0,1,0",
        "a=1,0,x;b=0,1,0", "=1,0,0;b=0,1,0", "a=1,0,0;b=0,1,0;c=0,0,1;d=1,1,1", "a=1,0,0;b=0,1,0;c=1,1,0",
        "a=nan,0,0;b=0,1,0", "a=1e300,0,0;b=0,1,0", "residual=1,0,0;b=0,1,0"})
    EXPECT_EQ(StainSet::Parse(text).error().code, Code::kInvalid) << text;
}

TEST(WhiteOf, IsKnownOfColoursOnly) {
  EXPECT_EQ(WhiteOf(DType::kU16).value(), 65535);
  EXPECT_EQ(WhiteOf(DType::kI16).error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace tegula::image
