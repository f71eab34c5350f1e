#include "tegula/image/binding.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tegula/core/text.h"
#include "tegula/image/block_view.h"
#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

std::unique_ptr<Source> Rgb100(const char* more = "") {
  return Open(std::string("synthetic:noise,height=100,width=90,channels=3") + more).value();
}

std::optional<PixelSize> Um(double size) { return PixelSize{size, size}; }

TEST(Bind, TakesAllChannelsIfTheModelWantsAsMany) {
  const std::unique_ptr<Source> source = Rgb100();
  const BoundImage bound = Bind(*source, {}, {.channels = 3}).value();
  EXPECT_EQ(bound.info().source_channels, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_TRUE(bound.info().is_rgb);
  EXPECT_EQ(bound.info().height(), 100);
  EXPECT_EQ(Bind(*source, {}, {.channels = 0}).value().info().channels, 3);
}

TEST(Bind, NeverGuessesChannels) {
  const std::unique_ptr<Source> source = Rgb100();
  const Error error = Bind(*source, {}, {.channels = 1, .channel_names = {"nuclei"}}).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  for (const char* word : {"red", "green", "blue", "nuclei", "--channels"})
    EXPECT_NE(error.what.find(word), std::string::npos) << word;
  EXPECT_EQ(Bind(*source, {.channels = {"red", "blue"}}, {.channels = 1}).error().code, Code::kInvalid);
  const Error unknown = Bind(*source, {.channels = {"DAPI"}}, {.channels = 1}).error();
  EXPECT_EQ(unknown.code, Code::kNotFound);
  for (const char* word : {"DAPI", "red", "green", "blue"})
    EXPECT_NE(unknown.what.find(word), std::string::npos) << word;
  EXPECT_EQ(Bind(*source, {.channels = {"3"}}, {.channels = 1}).error().code, Code::kNotFound);
}

TEST(Bind, ChannelsAreReadInTheOrderAskedFor) {
  const std::unique_ptr<Source> source = Rgb100();
  const BoundImage bound = Bind(*source, {.channels = {"blue", "0", "blue"}}, {.channels = 3}).value();
  EXPECT_FALSE(bound.info().is_rgb);
  EXPECT_EQ(bound.info().channel_list[0].name, "blue");
  const Tensor whole = testing::ReadAll(*source);
  Tensor out = Tensor::Allocate(DType::kU8, {3, 10, 20}).value();
  const Box box{{5, 15}, {60, 80}};
  ASSERT_TRUE(bound.Read(BlockOf(box), AsBlock(out.view())).ok());
  const std::int64_t channels[] = {2, 0, 2};
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(
        testing::Same(std::as_const(out).view().Slice(0, i, 1), testing::Crop(whole, box).Slice(0, channels[i], 1)));
}

TEST(Bind, AStackNeedsAPlane) {
  const std::unique_ptr<Source> source = Rgb100(",z=4,t=2");
  const Error error = Bind(*source, {.t = PlaneRange::One(0)}, {.channels = 3}).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.what.find("--z"), std::string::npos);
  EXPECT_EQ(Bind(*source, {.z = PlaneRange::One(4), .t = PlaneRange::One(0)}, {.channels = 3}).error().code,
            Code::kInvalid);
  const BoundImage bound = Bind(*source, {.z = PlaneRange::One(3), .t = PlaneRange::One(1)}, {.channels = 3}).value();
  Tensor out = Tensor::Allocate(DType::kU8, {3, 100, 90}).value();
  ASSERT_TRUE(bound.Read(BlockOf({{0, 100}, {0, 90}}), AsBlock(out.view())).ok());
  EXPECT_TRUE(testing::Same(std::as_const(out).view(), testing::ReadAll(*source, 0, 1, 3).view()));
}

PlaneRange Planes(const char* text) { return PlaneRange::Parse(text).value(); }

TEST(Bind, TakesTheWholeStackOrTheAskedPartOfItForAModelOfStacks) {
  const std::unique_ptr<Source> source = Rgb100(",z=6,t=3");
  const ModelInput stacks{.channels = 3, .has_z = true, .has_t = true};
  EXPECT_EQ(Bind(*source, {}, stacks).value().info().size, (PerAxis<std::int64_t>{{3, 6, 100, 90}}));
  const BoundImage bound = Bind(*source, {.z = Planes("2:5"), .t = Planes("1:")}, stacks).value();
  EXPECT_EQ(bound.info().size, (PerAxis<std::int64_t>{{2, 3, 100, 90}}));
  EXPECT_EQ(bound.info().first, (PerAxis<std::int64_t>{{1, 2, 0, 0}}));
  const Block block{{Interval{0, 2}, Interval{1, 3}, Interval{7, 20}, Interval{60, 90}}};
  Tensor out = Tensor::Allocate(DType::kU8, BlockShape(block, 3)).value();
  ASSERT_TRUE(bound.Read(block, out.view()).ok());
  for (std::int64_t t = 0; t < 2; ++t)
    for (std::int64_t z = 0; z < 2; ++z)
      EXPECT_TRUE(testing::Same(PlaneOf(out.view(), t, z),
                                testing::Crop(testing::ReadAll(*source, 0, 1 + t, 3 + z), PlaneBox(block))));
  EXPECT_NE(Join(bound.info().decisions, "\n").find("planes z=2 to 4 of 6"), std::string::npos);
}

TEST(PlaneRange, HasThreeForms) {
  EXPECT_EQ(Planes("5").Within(6).value(), (Interval{5, 6}));
  EXPECT_EQ(Planes("2:10").Within(10).value(), (Interval{2, 10}));
  EXPECT_EQ(Planes(":4").Within(10).value(), (Interval{0, 4}));
  for (const char* all : {":", "all", "0:"}) EXPECT_EQ(Planes(all).Within(7).value(), (Interval{0, 7})) << all;
  for (const char* none : {"", "-1", "x", "1:1", "3:2", "1:2:3", "1.5", "9223372036854775807", "99999999999999999999"})
    EXPECT_EQ(PlaneRange::Parse(none).error().code, Code::kInvalid) << none;
  for (const char* outside : {"6", "5:7", "6:"})
    EXPECT_EQ(Planes(outside).Within(6).error().code, Code::kInvalid) << outside;
}

TEST(Bind, ALevelNearTheModelsPixelSizeIsUsedAsItIs) {
  const std::unique_ptr<Source> source = Rgb100(",levels=3,pixel_size=0.251");
  const BoundInfo info = Bind(*source, {}, {.channels = 3, .pixel_size = Um(0.5)}).value().info();
  EXPECT_EQ(info.level, 1);
  EXPECT_FALSE(info.resampled);
  EXPECT_EQ(info.height(), 50);
  EXPECT_DOUBLE_EQ(info.downsample_x, 2);
  EXPECT_DOUBLE_EQ(info.pixel_size->x_um, 0.502);
  EXPECT_NE(info.decisions.back().find("within 5 %"), std::string::npos) << info.decisions.back();
}

TEST(Bind, OtherPixelSizesAreResampledFromTheBestLevel) {
  const std::unique_ptr<Source> source = Rgb100(",levels=3,pixel_size=0.25");
  const BoundInfo info = Bind(*source, {}, {.channels = 3, .pixel_size = Um(0.75)}).value().info();
  EXPECT_TRUE(info.resampled);
  EXPECT_EQ(info.level, 1);
  EXPECT_EQ(info.height(), 33);
  EXPECT_EQ(info.width(), 30);
  EXPECT_DOUBLE_EQ(info.downsample_y, 3);
  EXPECT_NE(info.decisions.back().find("resampled"), std::string::npos);
  const BoundInfo finer = Bind(*source, {}, {.channels = 3, .pixel_size = Um(0.1)}).value().info();
  EXPECT_EQ(finer.level, 0);
  EXPECT_EQ(finer.height(), 250);
}

TEST(Bind, UnknownSizesMeanLevelZero) {
  const BoundInfo unknown = Bind(*Rgb100(",levels=2"), {}, {.channels = 3, .pixel_size = Um(0.5)}).value().info();
  EXPECT_EQ(unknown.level, 0);
  EXPECT_FALSE(unknown.pixel_size);
  EXPECT_NE(unknown.decisions.back().find("unknown"), std::string::npos);
  const BoundInfo unstated = Bind(*Rgb100(",levels=2,pixel_size=2"), {}, {.channels = 3}).value().info();
  EXPECT_EQ(unstated.level, 0);
  EXPECT_NE(unstated.decisions.back().find("states no pixel size"), std::string::npos);
}

TEST(Bind, WhatIsAskedForGoesBeforeWhatTheModelStates) {
  const std::unique_ptr<Source> source = Rgb100(",levels=3,pixel_size=0.5");
  EXPECT_EQ(Bind(*source, {.level = 2}, {.channels = 3, .pixel_size = Um(0.5)}).value().info().level, 2);
  const BoundInfo forced =
      Bind(*source, {.pixel_size_um = 0.51}, {.channels = 3, .pixel_size = Um(0.5)}).value().info();
  EXPECT_TRUE(forced.resampled);
  EXPECT_DOUBLE_EQ(forced.pixel_size->y_um, 0.51);
  EXPECT_FALSE(Bind(*source, {.pixel_size_um = 1.0}, {.channels = 3}).value().info().resampled);
  EXPECT_EQ(Bind(*source, {.level = 3}, {.channels = 3}).error().code, Code::kInvalid);
  EXPECT_EQ(Bind(*source, {.level = 0, .pixel_size_um = 1.0}, {.channels = 3}).error().code, Code::kInvalid);
  EXPECT_EQ(Bind(*source, {.pixel_size_um = -1.0}, {.channels = 3}).error().code, Code::kInvalid);
  EXPECT_EQ(Bind(*Rgb100(), {.pixel_size_um = 1.0}, {.channels = 3}).error().code, Code::kInvalid);
}

// The definition: each pixel by itself.
void CheckPadded(const BoundImage& bound, const Tensor& whole, const Box& box, PadMode mode) {
  Tensor out = Tensor::Allocate(whole.dtype(), {whole.shape()[0], box.height(), box.width()}).value();
  ASSERT_TRUE(bound.ReadPadded(BlockOf(box), mode, 7.9, AsBlock(out.view())).ok());
  std::size_t i = 0;
  for (std::int64_t c = 0; c < whole.shape()[0]; ++c)
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
        const std::int64_t iy = PaddedIndex(y, whole.shape()[1], mode), ix = PaddedIndex(x, whole.shape()[2], mode);
        const int expected = iy < 0 || ix < 0 ? 7
                                              : whole.values<std::uint8_t>()[static_cast<std::size_t>(
                                                    (c * whole.shape()[1] + iy) * whole.shape()[2] + ix)];
        ASSERT_EQ(static_cast<int>(out.values<std::uint8_t>()[i++]), expected)
            << PadModeName(mode) << " y=" << y << " x=" << x;
      }
}

TEST(ReadPadded, IsThePaddedImageForAnyBox) {
  for (const char* size : {"height=1,width=1", "height=3,width=2", "height=20,width=31"}) {
    const std::unique_ptr<Source> source = Open(std::string("synthetic:noise,channels=2,") + size).value();
    const BoundImage bound = Bind(*source, {}, {.channels = 2}).value();
    const Tensor whole = testing::ReadAll(*source);
    for (const PadMode mode : {PadMode::kConstant, PadMode::kEdge, PadMode::kReflect, PadMode::kSymmetric})
      for (const Box& box :
           {Box{{0, 1}, {0, 1}}, Box{{-5, 8}, {-3, 40}}, Box{{-70, 90}, {-64, 100}}, Box{{-40, -20}, {2, 9}},
            Box{{50, 90}, {60, 61}}, Box{{-1, 21}, {-1, 32}}, Box{{19, 25}, {-1000, 3}}})
        CheckPadded(bound, whole, box, mode);
  }
}

TEST(ReadPadded, PadsAllAxesOfAStack) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,channels=2,height=9,width=8,z=3,t=2").value();
  const BoundImage bound = Bind(*source, {}, {.channels = 2, .has_z = true, .has_t = true}).value();
  const Block block{{Interval{-3, 4}, Interval{-7, 9}, Interval{-2, 10}, Interval{5, 12}}};
  Tensor out = Tensor::Allocate(DType::kU8, BlockShape(block, 2)).value();
  for (const PadMode mode : {PadMode::kConstant, PadMode::kEdge, PadMode::kReflect, PadMode::kSymmetric}) {
    ASSERT_TRUE(bound.ReadPadded(block, mode, 7.9, out.view()).ok());
    for (std::int64_t t = -3; t < 4; ++t)
      for (std::int64_t z = -7; z < 9; ++z) {
        const std::int64_t it = PaddedIndex(t, 2, mode), iz = PaddedIndex(z, 3, mode);
        const View plane = PlaneOf(out.view(), t + 3, z + 7);
        Tensor expected = Tensor::Allocate(DType::kU8, plane.shape()).value();
        std::fill(expected.values<std::uint8_t>().begin(), expected.values<std::uint8_t>().end(), std::uint8_t{7});
        if (it >= 0 && iz >= 0) {
          const BoundImage one =
              Bind(*source, {.z = PlaneRange::One(iz), .t = PlaneRange::One(it)}, {.channels = 2}).value();
          ASSERT_TRUE(one.ReadPadded(BlockOf(PlaneBox(block)), mode, 7.9, AsBlock(expected.view())).ok());
        }
        EXPECT_TRUE(testing::Same(plane, std::as_const(expected).view())) << PadModeName(mode) << " " << t << " " << z;
      }
  }
}

TEST(ReadPadded, ReadsOnlyWhatItNeeds) {
  // A source that remembers the largest box it was asked for.
  class Counting final : public Source {
   public:
    explicit Counting(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    const ImageInfo& info() const noexcept override { return source_->info(); }
    Status Read(const ReadRequest& request, const View& out) const override {
      ++reads;
      pixels += request.box.area();
      return source_->Read(request, out);
    }
    mutable int reads = 0;
    mutable std::int64_t pixels = 0;

   private:
    std::unique_ptr<Source> source_;
  };
  const Counting source(Open("synthetic:noise,height=5000,width=5000").value());
  const BoundImage bound = Bind(source, {}, {}).value();
  Tensor out = Tensor::Allocate(DType::kU8, {1, 100, 100}).value();
  ASSERT_TRUE(bound.ReadPadded(BlockOf({{-20, 80}, {4950, 5050}}), PadMode::kReflect, 0, AsBlock(out.view())).ok());
  EXPECT_EQ(source.reads, 1);
  EXPECT_LE(source.pixels, 100 * 100);
}

TEST(ReadPadded, WorksOnAResampledImageFromManyThreads) {
  const std::unique_ptr<Source> source = Open("synthetic:nuclei,height=300,width=310,pixel_size=0.25").value();
  const BoundImage bound = Bind(*source, {}, {.pixel_size = Um(0.4)}).value();
  ASSERT_TRUE(bound.info().resampled);
  Tensor whole = Tensor::Allocate(DType::kU8, {1, bound.info().height(), bound.info().width()}).value();
  ASSERT_TRUE(bound.Read(BlockOf({{0, bound.info().height()}, {0, bound.info().width()}}), AsBlock(whole.view())).ok());
  const std::unique_ptr<Executor> threads = NewThreadExecutor(4);
  threads->ForEach(20, [&](std::int64_t i, int) {
    CheckPadded(bound, whole, {{i * 10 - 20, i * 10 + 30}, {i * 9 - 15, i * 9 + 40}}, PadMode::kSymmetric);
  });
}

}  // namespace
}  // namespace tegula::image
