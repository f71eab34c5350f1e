#include "tegula/image/tissue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

// An image whose pixels are painted by a function of channel, y and x, with Gaussian noise of `noise`.
class Painting final : public Source {
 public:
  using Paint = std::function<double(std::int64_t c, double y, double x)>;

  Painting(std::int64_t height, std::int64_t width, std::int64_t channels, bool is_rgb, double noise,
           const Paint& paint, std::optional<double> pixel_um, DType dtype = DType::kU8) {
    info_.format = "painting";
    info_.dtype = dtype;
    info_.levels = {{.height = height, .width = width}};
    info_.channels = DefaultChannels(channels, is_rgb);
    info_.is_rgb = is_rgb;
    if (pixel_um) info_.pixel_size = {.y_um = *pixel_um, .x_um = *pixel_um};
    std::mt19937 random(5);
    std::normal_distribution<double> of(0, noise);
    Tensor exact = Tensor::Allocate(DType::kF64, {channels, height, width}).value();
    auto* pixel = exact.values<double>().data();
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
          *pixel++ = std::max(
              0.0, paint(c, static_cast<double>(y) + 0.5, static_cast<double>(x) + 0.5) + (noise > 0 ? of(random) : 0));
    pixels_ = Tensor::Allocate(dtype, exact.shape()).value();
    ConvertCopy(exact.view(), pixels_.view());
  }

  const ImageInfo& info() const noexcept override { return info_; }
  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    for (std::int64_t i = 0; i < request.planes(info_); ++i)
      ConvertCopy(pixels_.view()
                      .Slice(0, request.channel(i), 1)
                      .Slice(1, request.box.y.begin, request.box.height())
                      .Slice(2, request.box.x.begin, request.box.width()),
                  out_cyx.Slice(0, i, 1));
    return Ok();
  }

 private:
  ImageInfo info_;
  Tensor pixels_;
};

constexpr double kWhite[] = {243, 242, 240}, kPink[] = {225, 160, 200};

bool InEllipse(double y, double x) {
  return (y - 500) * (y - 500) / (300.0 * 300) + (x - 700) * (x - 700) / (400.0 * 400) <= 1;
}

TissueMask Find(const Source& source, const TissueRequest& request = {}, const Executor& executor = SerialExecutor()) {
  SilentProgress progress;
  Result<TissueMask> found = FindTissue({executor, progress}, source, request);
  EXPECT_TRUE(found.ok()) << (found.ok() ? "" : ToString(found.error()));
  return found.ok() ? std::move(found).value() : TissueMask{};
}

double Share(const TissueMask& found) {
  double sum = 0;
  for (const std::uint8_t pixel : found.mask_yx.values<std::uint8_t>()) sum += pixel;
  return sum / static_cast<double>(found.mask_yx.elements());
}

// Every pixel of the mask that is farther from the outline than smoothing reaches is right.
void ExpectEllipse(const TissueMask& found) {
  const auto mask = found.mask_yx.values<std::uint8_t>();
  const double step_y = found.grid.downsample.y, step_x = found.grid.downsample.x;
  for (std::int64_t i = 0; i < found.grid.height(); ++i)
    for (std::int64_t k = 0; k < found.grid.width(); ++k) {
      const double y = (static_cast<double>(i) + 0.5) * step_y, x = (static_cast<double>(k) + 0.5) * step_x;
      const bool inside = InEllipse(y, x);
      bool is_clear = true;
      for (double angle = 0; angle < 6.28; angle += 0.39)
        is_clear = is_clear && InEllipse(y + 4 * step_y * std::sin(angle), x + 4 * step_x * std::cos(angle)) == inside;
      if (!is_clear) continue;
      ASSERT_EQ(mask[static_cast<std::size_t>(i * found.grid.width() + k)], inside ? 1 : 0) << y << " " << x;
    }
}

TEST(FindTissue, OfASlideIsWhereItAbsorbs) {
  const Painting slide(
      1000, 1400, 3, true, 4, [](std::int64_t c, double y, double x) { return (InEllipse(y, x) ? kPink : kWhite)[c]; },
      4.0);
  const TissueMask found = Find(slide);
  EXPECT_TRUE(found.is_brightfield);
  EXPECT_EQ(found.grid.width(), 700);  // 8 µm
  EXPECT_NEAR(found.white, 243, 1);
  ASSERT_EQ(found.channels.size(), 1U);
  EXPECT_GE(found.channels[0].threshold, 0.04);
  EXPECT_LE(found.channels[0].threshold, 0.08);
  ExpectEllipse(found);
}

TEST(FindTissue, OfAPaleSlideAndOfSixteenBitsAsWell) {
  const Painting pale(
      1000, 1400, 3, true, 3,
      [](std::int64_t c, double y, double x) { return kWhite[c] - (InEllipse(y, x) && c == 1 ? 40 : 0); },
      std::nullopt);
  const TissueMask found = Find(pale);
  EXPECT_EQ(found.grid.width(), 1024);
  ExpectEllipse(found);
  const Painting deep(
      1000, 1400, 3, true, 500,
      [](std::int64_t c, double y, double x) { return 257 * (InEllipse(y, x) ? kPink : kWhite)[c]; }, 4.0, DType::kU16);
  ExpectEllipse(Find(deep));
}

TEST(FindTissue, AllWhiteIsNoneAndAllTissueIsAll) {
  const auto plain = [](const double* colour) {
    return [colour](std::int64_t c, double, double) { return colour[c]; };
  };
  EXPECT_EQ(Share(Find(Painting(600, 600, 3, true, 5, plain(kWhite), std::nullopt))), 0);
  EXPECT_EQ(Share(Find(Painting(600, 600, 3, true, 0, plain(kWhite), std::nullopt))), 0);
  EXPECT_EQ(Share(Find(Painting(600, 600, 3, true, 12, plain(kPink), std::nullopt))), 1);
}

TEST(FindTissue, WhatIsBlackHasNotBeenScanned) {
  const Painting slide(
      1000, 1400, 3, true, 1,
      [](std::int64_t c, double y, double x) {
        if (x > 1200) return 0.0;
        return (InEllipse(y, x) ? kPink : kWhite)[c];
      },
      8.0);
  const TissueMask found = Find(slide);
  EXPECT_NEAR(found.white, 243, 2);
  ExpectEllipse(found);
}

TEST(FindTissue, OfFluorescenceIsWhereAnyChannelSaysSo) {
  // The first channel shows a faint ellipse and a few bright spots, the second noise, the third is bright all over.
  const auto paint = [](std::int64_t c, double y, double x) {
    if (c == 1) return 100.0;
    if (c == 2) return x < 40 ? 150.0 : 600.0;
    const bool is_spot = std::fmod(y, 97) < 9 && std::fmod(x, 91) < 9 && InEllipse(y, x);
    return 300.0 + (InEllipse(y, x) ? 150 : 0) + (is_spot ? 9000 : 0);
  };
  const Painting image(1000, 1400, 3, false, 10, paint, 4.0, DType::kU16);
  const TissueMask found = Find(image);
  EXPECT_FALSE(found.is_brightfield);
  ASSERT_EQ(found.channels.size(), 3U);
  EXPECT_TRUE(found.channels[0].is_counted);
  EXPECT_FALSE(found.channels[1].is_counted);
  EXPECT_FALSE(found.channels[2].is_counted);
  ExpectEllipse(found);
}

TEST(FindTissue, ADarkImageOfColoursIsFluorescence) {
  const Painting image(
      1000, 1400, 3, true, 2,
      [](std::int64_t c, double y, double x) { return c == 1 && InEllipse(y, x) ? 120.0 : 20.0; }, 4.0);
  const TissueMask found = Find(image);
  EXPECT_FALSE(found.is_brightfield);
  ExpectEllipse(found);
}

TEST(FindTissue, AThresholdThatIsAskedForIsTaken) {
  const auto paint = [](std::int64_t c, double, double x) { return kWhite[c] - (c == 1 ? x / 8 : 0); };
  const Painting ramp(400, 800, 3, true, 0, paint, 8.0);
  const TissueMask found = Find(ramp, {.threshold = 0.1});
  // log10(243 / (242 - x / 8)) is 0.1 at x = 392.
  EXPECT_NEAR(Share(found), 1 - 392.0 / 800, 0.01);
  SilentProgress progress;
  const SerialExecutor executor;
  EXPECT_EQ(FindTissue({executor, progress}, ramp, {.threshold = 90}).error().code, Code::kInvalid);
  const Painting dark(
      400, 800, 1, false, 0, [](std::int64_t, double, double x) { return x; }, 8.0, DType::kU16);
  EXPECT_NEAR(Share(Find(dark, {.threshold = 200})), 0.75, 0.01);
}

TEST(FindTissue, DoesNotDependOnTheOrderOfTheWork) {
  const Painting slide(
      1000, 1400, 3, true, 4, [](std::int64_t c, double y, double x) { return (InEllipse(y, x) ? kPink : kWhite)[c]; },
      5.0);
  const TissueMask serial = Find(slide), shuffled = Find(slide, {}, testing::ShuffledExecutor(2, 4));
  const auto a = serial.mask_yx.values<std::uint8_t>(), b = shuffled.mask_yx.values<std::uint8_t>();
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  EXPECT_EQ(serial.channels[0].threshold, shuffled.channels[0].threshold);
}

TEST(FindTissue, AStopRequestEndsIt) {
  const Painting slide(
      100, 100, 1, false, 1, [](std::int64_t, double, double) { return 9.0; }, std::nullopt);
  std::stop_source stop;
  stop.request_stop();
  SilentProgress progress;
  const SerialExecutor executor;
  EXPECT_EQ(FindTissue({executor, progress, stop.get_token()}, slide, {}).error().code, Code::kCancelled);
}

}  // namespace
}  // namespace tegula::image
