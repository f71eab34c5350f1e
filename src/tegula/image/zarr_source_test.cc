#include <gtest/gtest.h>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"
#include "tegula/image/testing/zarr_writer.h"

namespace tegula::image::testing {
namespace {

Tensor Numbered(const Shape& shape) {
  Tensor tensor = Tensor::Allocate(DType::kU16, shape).value();
  const auto values = tensor.values<std::uint16_t>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
  return tensor;
}

class ZarrSources : public ::testing::Test {
 protected:
  Path at(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(ZarrSources, FindEveryPlaneOfFiveAxes) {
  const Tensor pixels = Numbered({2, 3, 4, 20, 17});
  const std::string name = WriteZarr(at("a.zarr"), "tczyx", {{.pixels = &pixels, .chunk = {1, 2, 3, 8, 5}}});
  const std::unique_ptr<Source> source = Open(name).value();
  EXPECT_EQ(source->info().size_t, 2);
  EXPECT_EQ(source->info().size_z, 4);
  for (std::int64_t t = 0; t < 2; ++t)
    for (std::int64_t z = 0; z < 4; ++z) {
      const ConstView plane = pixels.view().Slice(0, t, 1).Slice(2, z, 1);
      const ConstView cyx(plane.data(), DType::kU16, {3, 20, 17}, {4 * 20 * 17, 17, 1});
      const Tensor read = ReadAll(*source, 0, t, z);
      EXPECT_TRUE(Same(read.view(), cyx)) << t << " " << z;
    }
}

TEST_F(ZarrSources, MissingChunksAreTheFillValue) {
  const Tensor pixels = Numbered({20, 17});
  const std::string name = WriteZarr(at("a.zarr"), "yx", {{.pixels = &pixels, .chunk = {8, 5}}});
  ASSERT_TRUE(std::filesystem::remove(at("a.zarr") / "0/c/1/2"));
  const Tensor read = ReadAll(*Open(name).value());
  for (std::int64_t y = 0; y < 20; ++y)
    for (std::int64_t x = 0; x < 17; ++x)
      EXPECT_EQ(read.values<std::uint16_t>()[static_cast<std::size_t>(y * 17 + x)],
                y / 8 == 1 && x / 5 == 2 ? 9 : y * 17 + x);
}

TEST_F(ZarrSources, ScalesThatContradictTheSizesAreRefused) {
  const Tensor large = Numbered({64, 64}), small = Numbered({32, 32});
  const Shape chunk{16, 16};
  const auto open = [&](double scale) {
    return Open(WriteZarr(at("a.zarr"), "yx", {{&large, chunk, 1}, {&small, chunk, scale}}));
  };
  EXPECT_EQ(open(2).value()->info().levels[1].downsample_x, 2);
  EXPECT_EQ(open(1).error().code, Code::kCorrupt);
  EXPECT_EQ(open(4).error().code, Code::kCorrupt);
}

TEST_F(ZarrSources, LevelsWithFewerPlanesAreNotUsedAndThatIsSaid) {
  const Tensor large = Numbered({4, 64, 64}), small = Numbered({2, 32, 32});
  const std::unique_ptr<Source> source =
      Open(WriteZarr(at("a.zarr"), "zyx", {{&large, {1, 16, 16}, 1}, {&small, {1, 16, 16}, 2}})).value();
  EXPECT_EQ(source->info().levels.size(), 1U);
  EXPECT_NE(source->info().notes.at(0).find("2 planes"), std::string::npos);
}

TEST_F(ZarrSources, AShortChunkIsNamed) {
  const Tensor pixels = Numbered({20, 17});
  const std::string name = WriteZarr(at("a.zarr"), "yx", {{.pixels = &pixels, .chunk = {8, 5}}});
  for (const std::size_t size : {0U, 79U, 81U, 100000U}) {
    ASSERT_TRUE(WriteFileWhole(at("a.zarr") / "0/c/0/1", std::string(size, 'a')).ok());
    Tensor out = Tensor::Allocate(DType::kU16, {1, 20, 17}).value();
    const Status read = Open(name).value()->Read({.box = {{0, 20}, {0, 17}}}, out.view());
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::kCorrupt);
    EXPECT_NE(ToString(read.error()).find("a.zarr/0/c/0/1"), std::string::npos);
  }
}

}  // namespace
}  // namespace tegula::image::testing
