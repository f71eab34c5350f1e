#include "tegula/image/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

TEST(ParseSynthetic, NamesWhatItDoesNotUnderstand) {
  const auto what = [](const char* name) {
    const Result<SyntheticSpec> spec = ParseSynthetic(name);
    EXPECT_EQ(spec.error().code, Code::kInvalid) << name;
    return spec.error().what;
  };
  EXPECT_NE(what("synthetic:cells").find("nuclei"), std::string::npos);
  EXPECT_NE(what("synthetic:").find("gradient"), std::string::npos);
  EXPECT_NE(what("synthetic:noise,hight=3").find("height"), std::string::npos);
  EXPECT_NE(what("synthetic:noise,height=-3").find("-3"), std::string::npos);
  EXPECT_NE(what("synthetic:noise,height").find("key=value"), std::string::npos);
  what("synthetic:noise,dtype=uint7");
  what("synthetic:noise,pixel_size=0");
  what("synthetic:nuclei,density=nan");
  what("synthetic:nuclei,background=green");
  what("synthetic:noise,levels=99");
  what("synthetic:noise,width=99999999999999");
}

TEST(Synthetic, TheSameSeedGivesTheSamePixelsAndAnotherOthers) {
  const auto pixels = [](const char* name) { return testing::ReadAll(*Open(name).value()); };
  const Tensor a = pixels("synthetic:noise,height=20,width=30,seed=1");
  EXPECT_TRUE(testing::Same(a.view(), pixels("synthetic:noise,height=20,width=30,seed=1").view()));
  EXPECT_FALSE(testing::Same(a.view(), pixels("synthetic:noise,height=20,width=30,seed=2").view()));
}

TEST(Synthetic, AnImageOfAnySizeNeedsNoMemory) {
  const std::unique_ptr<Source> source = Open("synthetic:nuclei,height=2000000000,width=2000000000,levels=3").value();
  Tensor out = Tensor::Allocate(DType::kU8, {1, 50, 60}).value();
  const Level& level = source->info().levels[2];
  EXPECT_TRUE(
      source
          ->Read({.level = 2, .box = {{level.height - 50, level.height}, {level.width - 60, level.width}}}, out.view())
          .ok());
}

TEST(Synthetic, NucleiAreBrightInsideAndDarkOutsideTheirOutline) {
  const char* name = "synthetic:nuclei,height=400,width=600,seed=5";
  const SyntheticSpec spec = ParseSynthetic(name).value();
  const Tensor pixels = testing::ReadAll(*Open(name).value());
  const auto at = [&](double y, double x) {
    return static_cast<int>(pixels.values<std::uint8_t>()[static_cast<std::size_t>(std::floor(y)) * 600 +
                                                          static_cast<std::size_t>(std::floor(x))]);
  };
  const std::vector<Nucleus> nuclei = SyntheticNuclei(spec, {{0, 400}, {0, 600}});
  ASSERT_GT(nuclei.size(), 80u);
  for (const Nucleus& n : nuclei) {
    EXPECT_GT(at(n.y, n.x), 120);
    for (int k = 0; k < 12; ++k) {
      const double phase = k * 0.5236;
      const auto on = [&](double factor, double extra) {
        const double u = (n.long_radius * factor + extra) * std::cos(phase),
                     v = (n.short_radius * factor + extra) * std::sin(phase);
        return at(n.y + u * std::sin(n.angle) + v * std::cos(n.angle),
                  n.x + u * std::cos(n.angle) - v * std::sin(n.angle));
      };
      EXPECT_GT(on(0.6, 0), 120);
    }
    EXPECT_GE(n.long_radius, n.short_radius);
  }
}

TEST(SyntheticNuclei, DoNotTouchAndLieInsideTheImage) {
  const SyntheticSpec spec = ParseSynthetic("synthetic:nuclei,height=410,width=610,seed=5,density=1").value();
  const std::vector<Nucleus> nuclei = SyntheticNuclei(spec, {{0, 410}, {0, 610}});
  EXPECT_EQ(nuclei.size(), 10u * 15u);
  for (std::size_t i = 0; i < nuclei.size(); ++i) {
    EXPECT_GE(nuclei[i].y - nuclei[i].long_radius, 0);
    EXPECT_LE(nuclei[i].x + nuclei[i].long_radius, 610);
    for (std::size_t k = 0; k < i; ++k)
      EXPECT_GT(std::hypot(nuclei[i].y - nuclei[k].y, nuclei[i].x - nuclei[k].x),
                nuclei[i].short_radius + nuclei[k].short_radius);
  }
}

TEST(SyntheticNuclei, OfPartsTogetherAreThoseOfTheWhole) {
  const SyntheticSpec spec = ParseSynthetic("synthetic:nuclei,height=400,width=600").value();
  const std::size_t whole = SyntheticNuclei(spec, {{0, 400}, {0, 600}}).size();
  std::size_t parts = 0;
  for (std::int64_t y = 0; y < 400; y += 77)
    for (std::int64_t x = 0; x < 600; x += 91) parts += SyntheticNuclei(spec, {{y, y + 77}, {x, x + 91}}).size();
  EXPECT_EQ(parts, whole);
}

TEST(Synthetic, ABrightSectionHasDarkNucleiInColour) {
  const char* name = "synthetic:nuclei,height=400,width=400,channels=3,background=bright";
  const std::unique_ptr<Source> source = Open(name).value();
  EXPECT_TRUE(source->info().is_rgb);
  const Tensor pixels = testing::ReadAll(*source);
  const Nucleus n = SyntheticNuclei(ParseSynthetic(name).value(), {{0, 400}, {0, 400}}).front();
  const std::size_t at = static_cast<std::size_t>(n.y) * 400 + static_cast<std::size_t>(n.x);
  EXPECT_LT(pixels.values<std::uint8_t>()[at], 130);
  EXPECT_GT(pixels.values<std::uint8_t>()[2 * 160000 + at], pixels.values<std::uint8_t>()[160000 + at]);
}

}  // namespace
}  // namespace tegula::image
