#include "tegula/outputs/output_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::outputs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string_view> Names(const std::vector<std::string>& wanted) {
  std::vector<std::string_view> found;
  const std::vector<ChosenFormat> formats = ChooseFormats({wanted, {}, 0}).value();
  for (const ChosenFormat& chosen : formats) found.push_back(chosen.format->name);
  return found;
}

std::string Refused(const FormatRequest& request) { return ToString(ChooseFormats(request).error()); }

StoreOptions Options(DType dtype = DType::kF32) {
  StoreOptions options;
  options.dtype = dtype;
  options.axes = {{.name = 'c', .size = 2, .chunk = 1},
                  {.name = 'y', .size = 5000, .chunk = 496},
                  {.name = 'x', .size = 700, .chunk = 512}};
  return options;
}

TEST(OutputFormats, AreFoundByNameOnceAndInTheTablesOrder) {
  EXPECT_THAT(Names({}), ElementsAre("ome-zarr"));
  EXPECT_THAT(Names({"ome-tiff"}), ElementsAre("ome-tiff"));
  EXPECT_THAT(Names({"ome-tiff", "ome-zarr", "ome-tiff"}), ElementsAre("ome-zarr", "ome-tiff"));
  EXPECT_THAT(Refused({{"ome-zarr", "png"}, {}, 0}), HasSubstr("there is no output format 'png'; there are ome-zarr"));
}

TEST(OutputFormats, TwoOfTheSameFileNameAreRefused) {
  EXPECT_THAT(Refused({{"ome-zarr", "ome-zarr-0.4"}, {}, 0}), HasSubstr("same name"));
}

TEST(OutputFormats, ACompressionIsForThoseThatHaveIt) {
  const std::vector<ChosenFormat> chosen = ChooseFormats({{"ome-zarr", "ome-tiff"}, {{"", "gzip", 3}}, 0}).value();
  EXPECT_EQ(NameOf(chosen[0]), "gzip:3");
  EXPECT_EQ(NameOf(chosen[1]), "deflate:1");
  const std::vector<ChosenFormat> usual = ChooseFormats({}).value();
  EXPECT_EQ(NameOf(usual[0]), "blosc");
  const std::vector<ChosenFormat> none = ChooseFormats({{}, {{"ome-zarr", "none", {}}}, 0}).value();
  EXPECT_EQ(NameOf(none[0]), "none");
  EXPECT_THAT(Refused({{}, {{"", "lzma", {}}}, 0}), HasSubstr("ome-zarr has blosc, "));
  EXPECT_THAT(Refused({{}, {{"ome-tiff", "deflate", {}}}, 0}), HasSubstr("not asked for"));
  EXPECT_THAT(Refused({{}, {{"", "zstd", 40}}, 0}), HasSubstr("1 to 19, not 40"));
  EXPECT_THAT(Refused({{}, {{"", "none", 1}}, 0}), HasSubstr("no levels"));
  EXPECT_THAT(Refused({{"npy"}, {{"", "zstd", {}}}, 0}), HasSubstr("npy is never compressed"));
  EXPECT_EQ(NameOf(ChooseFormats({{"npy"}, {}, 0}).value()[0]), "none");
}

TEST(WorkingStore, IsTheFirstFormatThatIsAStore) {
  StoreOptions options = Options(DType::kU8);
  const std::vector<ChosenFormat> zarr = ChooseFormats({{"ome-zarr-0.4", "ome-tiff"}, {}, 0}).value();
  const WorkingStore kept = SetWorkingStore(zarr, 0, options);
  EXPECT_TRUE(kept.is_kept);
  EXPECT_EQ(kept.format->name, "ome-zarr-0.4");
  EXPECT_EQ(options.format, ZarrFormat::k2);
  EXPECT_EQ(options.coding.encoding.compressor, zarr::Compressor::kBloscZstd);
  options = Options();
  const std::vector<ChosenFormat> tiff = ChooseFormats({{"ome-tiff"}, {}, 0}).value();
  EXPECT_FALSE(SetWorkingStore(tiff, 0, options).is_kept);
}

TEST(WorkingStore, OfATiffAloneHasChunksThatAreCodedAsItsTiles) {
  StoreOptions options = Options(DType::kU16);
  const std::vector<ChosenFormat> tiff = ChooseFormats({{"ome-tiff"}, {{"", "zstd", 3}}, 0}).value();
  SetWorkingStore(tiff, 0, options);
  EXPECT_EQ(options.coding, (ChunkCoding{{zarr::Compressor::kZstd, 3}, Filter::kDifferences}));
  options = Options(DType::kF64);
  SetWorkingStore(ChooseFormats({{"ome-tiff", "npy"}, {{"", "zstd-float", {}}}, 0}).value(), 0, options);
  EXPECT_EQ(options.coding, (ChunkCoding{{zarr::Compressor::kZstd, 3}, Filter::kFloatPlanes}));
  options = Options(DType::kU8);  // JPEG loses something, which other readers of the store do not expect
  SetWorkingStore(ChooseFormats({{"ome-tiff"}, {{"", "jpeg", {}}}, 0}).value(), 0, options);
  EXPECT_EQ(options.coding, ChunkCoding{});
  EXPECT_TRUE(IsLossy(ChooseFormats({{"ome-tiff"}, {{"", "jpeg", {}}}, 0}).value()[0]));
  EXPECT_FALSE(IsLossy(tiff[0]));
}

TEST(WorkingStore, ShardsAreWholeChunksAndOfYAndX) {
  StoreOptions options = Options();
  const std::vector<ChosenFormat> zarr = ChooseFormats({{}, {}, 2048}).value();
  SetWorkingStore(zarr, 2048, options);
  EXPECT_EQ(options.axes[0].shard, 1);
  EXPECT_EQ(options.axes[1].shard, 5);
  EXPECT_EQ(options.axes[2].shard, 2);  // the image is no longer
  EXPECT_THAT(Refused({{"ome-tiff"}, {}, 2048}), HasSubstr("--format ome-zarr"));
}

}  // namespace
}  // namespace tegula::outputs
