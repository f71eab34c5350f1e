// The pixels of bound images against their definitions, and that they do not depend on how they are read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tegula/image/binding.h"
#include "tegula/image/block_view.h"
#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

Block WholeOf(const BoundInfo& info) {
  Block whole;
  for (const GridAxis axis : kGridAxes) whole[axis] = {0, info.size[axis]};
  return whole;
}

Tensor Read(const BoundImage& image, const Block& block) {
  Tensor out = Tensor::Allocate(image.info().dtype, BlockShape(block, image.info().channels)).value();
  EXPECT_TRUE(image.Read(block, out.view()).ok());
  return out;
}

ConstView Crop(const Tensor& whole, const Block& block) {
  ConstView part = whole.view();
  for (const GridAxis axis : kGridAxes) part = part.Slice(BlockViewAxis(axis), block[axis].begin, block[axis].size());
  return part;
}

std::vector<Block> BlocksOf(const BoundInfo& info, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Block> blocks(12);
  for (Block& block : blocks)
    for (const GridAxis axis : kGridAxes) {
      const std::int64_t begin = std::uniform_int_distribution<std::int64_t>(0, info.size[axis] - 1)(random);
      block[axis] = {begin, std::uniform_int_distribution<std::int64_t>(begin + 1, info.size[axis])(random)};
    }
  return blocks;
}

struct Case {
  const char* image;
  BindingRequest request;
};

std::vector<Case> Cases() {
  const char* const rgb = "synthetic:noise,height=67,width=91,channels=3,levels=3,pixel_size=0.25";
  const char* const stack = "synthetic:noise,height=53,width=61,channels=4,levels=2,z=5,t=3,dtype=uint16";
  const PlaneRange some{1, 4};
  return {{rgb, {}},
          {rgb, {.pixel_size_um = 0.61}},
          {rgb, {.pixel_size_um = 0.11}},
          {rgb, {.downsample = 2}},
          {rgb, {.downsample = 2.7}},
          {rgb, {.downsample = 0.4}},
          {rgb, {.channels = {"hematoxylin", "dab", "1"}}},
          {rgb, {.channels = {"eosin", "residual"}, .stains = StainSet::Parse("he").value(), .downsample = 3.3}},
          {rgb, {.channels = {"mean", "max(red,blue)"}, .pixel_size_um = 0.4}},
          {stack, {.channels = {"3", "min(0,1)"}, .z = some}},
          {stack, {.z = some, .z_projection = Projection::kMax}},
          {stack, {.z_projection = Projection::kMean, .downsample = 1.9}},
          {stack,
           {.channels = {"mean(1,2)", "0"},
            .z = some,
            .t = PlaneRange{1, 3},
            .z_projection = Projection::kMin,
            .level = 1}}};
}

TEST(BoundImage, EveryBlockIsACropOfTheWhole) {
  std::uint32_t seed = 0;
  for (const Case& one : Cases()) {
    const std::unique_ptr<Source> source = Open(one.image).value();
    const BoundImage image = Bind(*source, one.request, {.channels = 0, .has_z = true, .has_t = true}).value();
    SCOPED_TRACE(image.info().decisions.front() + "; " + image.info().decisions.back());
    const Tensor whole = Read(image, WholeOf(image.info()));
    for (const Block& block : BlocksOf(image.info(), ++seed))
      EXPECT_TRUE(testing::Same(Read(image, block).view(), Crop(whole, block)));
  }
}

// The mean of level 0 over the square that a pixel covers, of fractional pixels too; the definition of `--downsample`.
TEST(BoundImage, ADownsampledPixelIsTheMeanOfWhatItCovers) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,height=37,width=29,dtype=float32").value();
  const Tensor full = testing::ReadAll(*source);
  const double factor = 2.7;
  const BoundImage image = Bind(*source, {.downsample = factor}, {}).value();
  EXPECT_EQ(image.info().height(), 13);
  EXPECT_EQ(image.info().width(), 10);
  EXPECT_DOUBLE_EQ(image.info().downsample_x, factor);
  const Tensor small = Read(image, WholeOf(image.info()));
  const auto share = [&](std::int64_t i, std::int64_t pixel) {  // of the old pixel that lies in the new
    const auto at = static_cast<double>(pixel);
    const double begin = static_cast<double>(i) * factor;
    return std::max(0.0, std::min(begin + factor, at + 1) - std::max(begin, at));
  };
  for (std::int64_t y = 0; y < 13; ++y)
    for (std::int64_t x = 0; x < 10; ++x) {
      double sum = 0;
      for (std::int64_t v = 0; v < 37; ++v)
        for (std::int64_t u = 0; u < 29; ++u)
          sum += share(y, v) * share(x, u) * full.values<float>()[static_cast<std::size_t>(v * 29 + u)];
      EXPECT_NEAR(small.values<float>()[static_cast<std::size_t>(y * 10 + x)], sum / (factor * factor), 1e-3);
    }
}

TEST(BoundImage, DownsampleTakesTheBestLevel) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,height=1000,width=903,levels=4,pixel_size=0.5").value();
  const BoundInfo exact = Bind(*source, {.downsample = 4}, {.pixel_size = PixelSize{0.5, 0.5}}).value().info();
  EXPECT_EQ(exact.level, 2);
  EXPECT_FALSE(exact.resampled);
  EXPECT_NEAR(exact.pixel_size->y_um, 2, 1e-9);
  const BoundInfo between = Bind(*source, {.downsample = 6}, {}).value().info();
  EXPECT_EQ(between.level, 2);
  EXPECT_TRUE(between.resampled);
  EXPECT_EQ(between.height(), 166);
  EXPECT_NEAR(between.pixel_size->x_um, 3, 1e-9);
  EXPECT_EQ(Bind(*source, {.downsample = 0.5}, {}).value().info().height(), 2000);
  for (const double bad : {0.0, -1.0, std::nan("")})
    EXPECT_EQ(Bind(*source, {.downsample = bad}, {}).error().code, Code::kInvalid);
  EXPECT_EQ(Bind(*source, {.downsample = 1e-300}, {}).error().code, Code::kUnsupported);
  EXPECT_EQ(Bind(*source, {.pixel_size_um = 1e-300}, {}).error().code, Code::kUnsupported);
  EXPECT_EQ(Bind(*source, {.level = 0, .downsample = 2}, {}).error().code, Code::kInvalid);
  EXPECT_EQ(Bind(*source, {.pixel_size_um = 1, .downsample = 2}, {}).error().code, Code::kInvalid);
}

TEST(BoundImage, AProjectionIsThatOfItsPlanes) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,height=20,width=17,channels=2,z=6,t=2").value();
  for (const Projection projection : {Projection::kMax, Projection::kMean, Projection::kMin}) {
    const BoundImage image =
        Bind(*source, {.z = PlaneRange{1, 5}, .t = PlaneRange::One(1), .z_projection = projection}, {.channels = 2})
            .value();
    EXPECT_EQ(image.info().size, (PerAxis<std::int64_t>{{1, 1, 20, 17}}));
    EXPECT_EQ(image.info().first, (PerAxis<std::int64_t>{{1, 1, 0, 0}}));
    EXPECT_EQ(image.info().dtype, projection == Projection::kMean ? DType::kF32 : DType::kU8);
    const Tensor out = Read(image, WholeOf(image.info()));
    Tensor values = Tensor::Allocate(DType::kF32, out.shape()).value();
    ConvertCopy(out.view(), values.view());
    std::vector<Tensor> planes;
    for (std::int64_t z = 1; z < 5; ++z) planes.push_back(testing::ReadAll(*source, 0, 1, z));
    for (std::size_t i = 0; i < values.values<float>().size(); ++i) {
      int largest = 0, least = 255, sum = 0;
      for (const Tensor& plane : planes) {
        const int value = plane.values<std::uint8_t>()[i];
        largest = std::max(largest, value), least = std::min(least, value), sum += value;
      }
      const float expected = projection == Projection::kMax    ? static_cast<float>(largest)
                             : projection == Projection::kMean ? static_cast<float>(sum) / 4
                                                               : static_cast<float>(least);
      ASSERT_EQ(values.values<float>()[i], expected) << ProjectionName(projection) << " " << i;
    }
    EXPECT_NE(image.info().decisions[1].find(ProjectionName(projection)), std::string::npos);
    EXPECT_NE(image.info().decisions[1].find("z=1 to 4 of 6"), std::string::npos) << image.info().decisions[1];
  }
}

TEST(BoundImage, AProjectionHoldsOnePlaneHoweverManyThereAre) {
  // A source that remembers how many planes it was asked for at once.
  class Planes final : public Source {
   public:
    explicit Planes(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    const ImageInfo& info() const noexcept override { return source_->info(); }
    Status Read(const ReadRequest& request, const View& out) const override {
      ++reads;
      largest = std::max(largest, out.elements());
      return source_->Read(request, out);
    }
    mutable int reads = 0;
    mutable std::int64_t largest = 0;

   private:
    std::unique_ptr<Source> source_;
  };
  const Planes source(Open("synthetic:gradient,height=40,width=40,z=100").value());
  const BoundImage image = Bind(source, {.z_projection = Projection::kMean}, {}).value();
  Read(image, WholeOf(image.info()));
  EXPECT_EQ(source.reads, 100);
  EXPECT_EQ(source.largest, 1600);
}

TEST(BoundImage, APixelAndAPictureOfItAreMadeOfTheSameChannels) {
  const std::unique_ptr<Source> source = Open("synthetic:nuclei,height=900,width=600,channels=3,levels=3").value();
  const BoundImage image = Bind(*source, {.channels = {"hematoxylin"}}, {}).value();
  const BoundImage small = image.Shrunk(100);
  EXPECT_EQ(small.info().size, (PerAxis<std::int64_t>{{1, 1, 100, 67}}));
  EXPECT_EQ(small.info().dtype, DType::kF32);
  EXPECT_NEAR(small.info().downsample_y, 9, 0.1);
  EXPECT_EQ(image.Shrunk(100000).info().height(), 900);
  const Tensor pixels = Read(small, WholeOf(small.info()));
  const Tensor full = Read(image, WholeOf(image.info()));
  const auto mean = [](const Tensor& tensor) {
    double sum = 0;
    for (const float value : tensor.values<float>()) sum += value;
    return sum / static_cast<double>(tensor.elements());
  };
  EXPECT_NEAR(mean(pixels), mean(full), 0.1 * mean(full));
}

TEST(Bind, DecisionsSayWhatTheChannelsAreMadeOf) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,channels=3").value();
  const BoundInfo info = Bind(*source, {.channels = {"hematoxylin"}}, {}).value().info();
  EXPECT_EQ(info.source_channels, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_FALSE(info.is_rgb);
  EXPECT_EQ(info.decisions[0], "channels as asked for: hematoxylin");
  EXPECT_EQ(info.decisions[1],
            "stains by colour deconvolution with white at 255: hematoxylin=0.65,0.7,0.29; eosin=0.07,0.99,0.11; "
            "dab=0.27,0.57,0.78");
  for (const std::vector<std::string>& channels : {std::vector<std::string>{}, {"red", "mean"}})
    EXPECT_EQ(Bind(*source, {.channels = channels, .stains = StainSet::Hed()}, {.channels = 0}).error().code,
              Code::kInvalid);
}

}  // namespace
}  // namespace tegula::image
