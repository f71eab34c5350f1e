#include "tegula/image/channels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"

namespace tegula::image {
namespace {

ImageInfo Fluorescence() {
  ImageInfo info;
  info.dtype = DType::kU16;
  for (const char* name : {"DAPI", "FITC", "mean", "CD3 (far red)"}) info.channels.push_back({name, std::nullopt});
  return info;
}

Result<ChannelMix> Mix(const ImageInfo& info, const std::vector<std::string>& words) {
  return ChannelMix::Of(info, words, StainSet::Hed(), info.dtype);
}

// One pixel per channel.
std::vector<double> Made(const ChannelMix& mix, DType dtype, const std::vector<double>& pixel) {
  std::vector<double> values;
  for (const std::int64_t c : mix.sources()) values.push_back(pixel[static_cast<std::size_t>(c)]);
  const auto n = static_cast<std::int64_t>(values.size());
  Tensor in = Tensor::Allocate(dtype, {n, 1, 1}).value();
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(values.data()), DType::kF64, {n, 1, 1}), in.view());
  Tensor out = Tensor::Allocate(mix.dtype(), {mix.count(), 1, 1}).value();
  EXPECT_TRUE(mix.Make(in.view(), out.view()).ok());
  Tensor doubles = Tensor::Allocate(DType::kF64, out.shape()).value();
  ConvertCopy(out.view(), doubles.view());
  return {doubles.values<double>().begin(), doubles.values<double>().end()};
}

TEST(ChannelMix, ANameOfTheImageGoesBeforeAWordAndAWordBeforeAnIndex) {
  const ImageInfo info = Fluorescence();
  const ChannelMix plain = Mix(info, {"mean", "CD3 (far red)", "0", "mean"}).value();
  EXPECT_TRUE(plain.is_plain());
  EXPECT_EQ(plain.sources(), (std::vector<std::int64_t>{2, 3, 0, 2}));
  EXPECT_EQ(plain.dtype(), DType::kU16);
  EXPECT_FALSE(Mix(info, {"max"}).value().is_plain());
}

TEST(ChannelMix, MakesChannelsOfAllOrSome) {
  const ImageInfo info = Fluorescence();
  const std::vector<double> pixel = {7, 60000, 65535, 8};
  const ChannelMix mix = Mix(info, {"max(DAPI, 3)", "FITC", "mean(DAPI,CD3 (far red))", "min", "max"}).value();
  EXPECT_EQ(mix.dtype(), DType::kF32);
  EXPECT_EQ(mix.sources(), (std::vector<std::int64_t>{0, 3, 1, 2}));
  EXPECT_EQ(Made(mix, info.dtype, pixel), (std::vector<double>{8, 60000, 7.5, 7, 65535}));
  EXPECT_EQ(NamesOf(mix.list())[2], "mean(DAPI,CD3 (far red))");
  const ChannelMix largest = Mix(info, {"max(0,1)", "3"}).value();
  EXPECT_EQ(largest.dtype(), DType::kU16);
  EXPECT_EQ(Made(largest, info.dtype, pixel), (std::vector<double>{60000, 8}));
}

TEST(ChannelMix, ComputesInTheTypesThatItStates) {
  ImageInfo info = Fluorescence();
  info.dtype = DType::kI32;
  const ChannelMix mix = Mix(info, {"mean(0,1)", "2"}).value();
  EXPECT_EQ(mix.dtype(), DType::kF64) << "float32 does not hold every int32";
  EXPECT_EQ(Made(mix, info.dtype, {2147483647, -2147483646, 2147483645, 0}), (std::vector<double>{0.5, 2147483645}));
  EXPECT_EQ(Mix(info, {"mean(0,1)"}).value().dtype(), DType::kF32);
  info.dtype = DType::kF32;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* word : {"max(0,1,3)", "min(0,1,3)", "mean(0,1,3)"})
    for (const std::vector<double>& pixel : {std::vector<double>{nan, 1, 0, 2}, {1, nan, 0, 2}, {1, 2, 0, nan}})
      EXPECT_TRUE(std::isnan(Made(Mix(info, {word}).value(), info.dtype, pixel)[0])) << word;
}

TEST(ChannelMix, SaysWhatThereIs) {
  const ImageInfo info = Fluorescence();
  for (const char* word : {"DAPi", "4", "max(DAPI,TRITC)", "max()", "median", "mean(0"}) {
    const Error error = Mix(info, {word}).error();
    EXPECT_EQ(error.code, Code::kNotFound) << word;
    EXPECT_NE(error.what.find("DAPI, FITC, mean, CD3 (far red)"), std::string::npos) << error.what;
  }
  EXPECT_EQ(Mix(info, {"dab"}).error().code, Code::kUnsupported);
  const std::unique_ptr<Source> rgb = Open("synthetic:noise,channels=3").value();
  EXPECT_EQ(Mix(rgb->info(), {"dab"}).value().dtype(), DType::kF32);
  const Error residual = Mix(rgb->info(), {"residual"}).error();
  EXPECT_EQ(residual.code, Code::kNotFound);
  EXPECT_NE(residual.what.find("--stains"), std::string::npos) << residual.what;
}

}  // namespace
}  // namespace tegula::image
