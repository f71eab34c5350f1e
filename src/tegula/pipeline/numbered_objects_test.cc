// Measurements of numbered objects, beside sums over their pixels.

#include "tegula/pipeline/numbered_objects.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/random.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kHeight = 130, kWidth = 90;

const std::vector<float> kScores = {0.9F, 0.8F, 0.75F};  // of 1, 2 and 3

class MemoryImage final : public PlaneReader {
 public:
  explicit MemoryImage(const Tensor& pixels_cyx) : pixels_(pixels_cyx) {}
  const Shape& shape() const noexcept override { return pixels_.shape(); }
  DType dtype() const noexcept override { return pixels_.dtype(); }
  std::int64_t chunk_rows() const noexcept override { return 7; }
  std::int64_t chunk_columns() const noexcept override { return 7; }
  Status Read(const Box& box, const View& out) const override {
    ConvertCopy(pixels_.view().Slice(1, box.y.begin, box.height()).Slice(2, box.x.begin, box.width()), out);
    return Ok();
  }

 private:
  const Tensor& pixels_;
};

// Squares of several numbers, some of which are there twice or cut in two, and a line through all rows.
Tensor Numbers() {
  Tensor numbers = Tensor::Allocate(DType::kI32, {kHeight, kWidth}).value();
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const std::int64_t cell = y / 9 * 10 + x / 9;
      std::int64_t number = cell % 3 == 0 ? 7 + cell / 4 : 100'001 + cell;
      if (y % 9 == 0 || x % 9 == 4) number = 0;
      if (x == 50) number = 3;
      numbers.values<std::int32_t>()[static_cast<std::size_t>(y * kWidth + x)] = static_cast<std::int32_t>(number);
    }
  return numbers;
}

Tensor Image() {
  Tensor image = Tensor::Allocate(DType::kF32, {2, kHeight, kWidth}).value();
  std::int64_t i = 0;
  for (float& value : image.values<float>()) value = static_cast<float>(UniformAt(3, ++i, 0, 0));
  return image;
}

class FindNumberedTest : public ::testing::Test {
 protected:
  // By number, the values by their names.
  using Measured = std::map<std::int64_t, std::map<std::string, double>>;

  Measured Find(const Tensor& numbers, const PlaneReader* image, std::int64_t chunk, int workers) {
    outputs::StoreOptions options;
    options.dtype = DType::kI32;
    options.axes = {{'y', kHeight, chunk}, {'x', kWidth, chunk}};
    options.levels = 1;
    const outputs::ChunkStore store =
        outputs::ChunkStore::Create(folder_.path() / std::to_string(++stores_), options).value();
    for (std::int64_t y = 0; y < kHeight; y += chunk)
      for (std::int64_t x = 0; x < kWidth; x += chunk) {
        const ConstView part =
            numbers.view().Slice(0, y, std::min(chunk, kHeight - y)).Slice(1, x, std::min(chunk, kWidth - x));
        EXPECT_TRUE(store.WriteBox(0, {y, x}, part).ok());
      }
    objects::MeasuredChannels channels{.has_numbers = true, .has_scores = true};
    if (image != nullptr) channels.image = {"a", "b"};
    const objects::MeasureOptions wanted{
        .shape = true, .intensity = image != nullptr, .neighbours = true, .percentiles = {10}, .neighbour_radius = 25};
    const auto plan = objects::MeasurementPlan::Create(wanted, channels, {}).value();
    const std::unique_ptr<Executor> executor = NewThreadExecutor(workers);
    SilentProgress progress;
    const RunContext context{*executor, progress};
    const auto found = FindNumbered(context, store, image, kScores, {}, plan, folder_.path() / "spool");
    EXPECT_TRUE(found.ok());
    Measured measured;
    for (std::size_t i = 0; i < static_cast<std::size_t>(found->objects.size()); ++i) {
      const objects::MeasuredRegion object = found->objects.Read(i).value();
      std::map<std::string, double> values;
      for (std::size_t column = 0; column < plan.columns(); ++column) values[plan.Name(column)] = object.values[column];
      measured[static_cast<std::int64_t>(values.at("Label"))] = values;
    }
    return measured;
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("numbered").value();
  int stores_ = 0;
};

TEST_F(FindNumberedTest, MeasuresAllPixelsOfANumber) {
  const Tensor numbers = Numbers(), pixels = Image();
  const MemoryImage image(pixels);
  const Measured measured = Find(numbers, &image, 16, 2);
  std::map<std::int64_t, std::vector<std::int64_t>> expected;
  for (std::int64_t i = 0; i < kHeight * kWidth; ++i)
    if (const std::int32_t number = numbers.values<std::int32_t>()[static_cast<std::size_t>(i)]; number != 0)
      expected[number].push_back(i);
  ASSERT_EQ(measured.size(), expected.size());
  ASSERT_GT(expected.size(), 60U);
  for (const auto& [number, places] : expected) {
    const auto& values = measured.at(number);
    EXPECT_EQ(values.at("Area px^2"), static_cast<double>(places.size()));
    EXPECT_FALSE(values.contains("Class probability"));
    double x = 0;
    for (const std::int64_t place : places) x += static_cast<double>(place % kWidth) + 0.5;
    EXPECT_NEAR(values.at("Centroid X px"), x / static_cast<double>(places.size()), 1e-9);
    for (const std::int64_t c : {0, 1}) {
      const auto of = pixels.values<float>().subspan(static_cast<std::size_t>(c * kHeight * kWidth));
      double sum = 0, squares = 0;
      float most = 0;
      for (const std::int64_t place : places) {
        const float value = of[static_cast<std::size_t>(place)];
        sum += value, most = std::max(most, value);
      }
      const double mean = sum / static_cast<double>(places.size());
      for (const std::int64_t place : places) squares += std::pow(of[static_cast<std::size_t>(place)] - mean, 2);
      const std::string name = c == 0 ? "a: " : "b: ";
      EXPECT_NEAR(values.at(name + "Mean"), mean, 1e-9);
      EXPECT_NEAR(values.at(name + "Sum"), sum, 1e-6);
      EXPECT_NEAR(values.at(name + "Std.Dev."), std::sqrt(squares / static_cast<double>(places.size())), 1e-9);
      EXPECT_EQ(values.at(name + "Max"), static_cast<double>(most));
    }
    double nearest = INFINITY;
    for (const auto& [other, theirs] : measured)
      if (other != number)
        nearest = std::min(nearest, std::hypot(theirs.at("Centroid X px") - values.at("Centroid X px"),
                                               theirs.at("Centroid Y px") - values.at("Centroid Y px")));
    EXPECT_NEAR(values.at("Nearest neighbour distance px"), nearest, 1e-9);
  }
}

TEST_F(FindNumberedTest, DoesNotDependOnChunksOrWorkers) {
  const Tensor numbers = Numbers(), pixels = Image();
  const MemoryImage image(pixels);
  const Measured expected = Find(numbers, &image, 130, 1);
  for (const std::int64_t chunk : {5, 33}) {
    const Measured found = Find(numbers, &image, chunk, 4);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [number, values] : expected)
      for (const auto& [name, value] : values)
        EXPECT_EQ(std::bit_cast<std::uint64_t>(found.at(number).at(name)), std::bit_cast<std::uint64_t>(value))
            << number << " " << name;
  }
}

TEST_F(FindNumberedTest, NeedsNoImage) {
  const Measured measured = Find(Numbers(), nullptr, 16, 2);
  ASSERT_TRUE(measured.contains(3));
  EXPECT_EQ(measured.at(3).at("Area px^2"), kHeight);
  EXPECT_EQ(measured.at(3).at("Detection probability"), 0.75);
  EXPECT_FALSE(measured.at(3).contains("a: Mean"));
}

}  // namespace
}  // namespace tegula::pipeline
