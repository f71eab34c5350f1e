#include "tegula/pipeline/objects_pass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "tegula/core/random.h"
#include "tegula/objects/gaussian.h"
#include "tegula/objects/testing/class_maps.h"
#include "tegula/pipeline/testing/find_objects.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

using objects::MeasuredRegion;
using objects::Region;
using testing::ExpectSame;
using testing::Found;
using testing::MemoryPlane;

float Noise(std::int64_t c, std::int64_t y, std::int64_t x) {
  double sum = 0, weight = 0;
  for (int dy = -3; dy <= 3; ++dy)
    for (int dx = -3; dx <= 3; ++dx) {
      const double w = std::exp(-0.2 * (dy * dy + dx * dx));
      sum += w * UniformAt(5, c, y + dy, x + dx), weight += w;
    }
  return static_cast<float>(sum / weight);
}

// Blobs, and in channel 0 a ring around everything and a line through all rows.
Tensor SmoothChannels(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Tensor pixels = Tensor::Allocate(DType::kF32, {channels, height, width}).value();
  float* out = pixels.values<float>().data();
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        *out = Noise(c, y, x);
        const bool is_drawn = y == 0 || y == height - 1 || x == 0 || x == width - 1 || x == width / 2;
        if (c == 0 && is_drawn) *out = 0.9F;
        if (UniformAt(6, c, y, x) < 0.002) *out = std::nanf("");
        ++out;
      }
  return pixels;
}

class FindObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create("tegula-objects");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }

  Found Find(const Tensor& map, const Tensor* image, std::int64_t chunk, int workers, const ObjectsOptions& options,
             const objects::MeasureOptions& measure = {.shape = true, .intensity = true, .neighbours = true}) {
    return testing::Find(folder_->path(), map, image, chunk, workers, options, measure);
  }
  std::optional<TemporaryFolder> folder_;
};

std::vector<double> ValuesOf(const Region& region, const Tensor& pixels, std::int64_t channel) {
  std::vector<double> values;
  const Shape& shape = pixels.shape();
  for (const objects::Corner p : objects::testing::Rasterise(region)) {
    const float value = pixels.values<float>()[static_cast<std::size_t>((channel * shape[1] + p.y) * shape[2] + p.x)];
    if (value == value) values.push_back(value);
  }
  return values;
}

double Quantile(std::vector<double> values, double percent) {
  std::ranges::sort(values);
  const double at = percent / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at), high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (at - static_cast<double>(low));
}

TEST_F(FindObjectsTest, MeasuresThePixelsOfEachObject) {
  const Tensor map = SmoothChannels(2, 90, 110), image = SmoothChannels(1, 90, 110);
  const Found found = Find(map, &image, 32, 2, {.passes = {{objects::Argmax{}, {}}}});
  ASSERT_GT(found.objects.size(), 20U);
  for (std::size_t i = 0; i < found.objects.size(); ++i) {
    const Region& region = found.objects[i].region;
    for (const auto& [name, pixels, channel] :
         {std::tuple("map0", &map, 0), std::tuple("map1", &map, 1), std::tuple("image", &image, 0)}) {
      const std::vector<double> values = ValuesOf(region, *pixels, channel);
      if (values.empty()) {
        EXPECT_TRUE(std::isnan(found.Value(i, std::string(name) + ": Mean")));
        continue;
      }
      const auto n = static_cast<double>(values.size());
      const double sum = std::accumulate(values.begin(), values.end(), 0.0), mean = sum / n;
      double squares = 0;
      for (const double v : values) squares += (v - mean) * (v - mean);
      const auto expect = [&](const char* what, double expected) {
        EXPECT_NEAR(found.Value(i, std::string(name) + ": " + what), expected, 1e-12) << what;
      };
      expect("Mean", mean);
      expect("Std.Dev.", std::sqrt(squares / n));
      expect("Min", *std::ranges::min_element(values));
      expect("Max", *std::ranges::max_element(values));
      EXPECT_NEAR(found.Value(i, std::string(name) + ": Sum"), sum, 1e-9);
      expect("Median", Quantile(values, 50));
      expect("Percentile 5", Quantile(values, 5));
      expect("Percentile 99", Quantile(values, 99));
    }
    const double own = found.Value(i, "Class probability");
    const double mean = found.Value(i, "map" + std::to_string(region.label) + ": Mean");
    EXPECT_EQ(std::bit_cast<std::uint64_t>(own), std::bit_cast<std::uint64_t>(mean));
  }
}

TEST_F(FindObjectsTest, DoesNotDependOnChunksBandsOrWorkers) {
  const Tensor map = SmoothChannels(2, 130, 101), image = SmoothChannels(1, 130, 101);
  for (const std::vector<ObjectPass>& passes :
       {std::vector<ObjectPass>{{objects::Argmax{}, {}}},
        std::vector<ObjectPass>{{objects::Threshold{0, 0.55}, {}, 0}, {objects::Threshold{1, 0.5}, {}, 1}}}) {
    const ObjectsOptions options{.passes = passes, .filter = {.min_area_px = 3, .fill_holes_below_px = 6}};
    const Found whole = Find(map, &image, 130, 1, options);
    ASSERT_GT(whole.objects.size(), 20U);
    EXPECT_TRUE(std::ranges::any_of(whole.objects, [](const MeasuredRegion& object) {
      return object.region.bounds.height() == 130;
    })) << "one is taller than any band";
    for (const std::int64_t chunk : {3, 32, 100})
      for (const int workers : {1, 2, 8}) ExpectSame(whole, Find(map, &image, chunk, workers, options));
    const Found means = Find(map, nullptr, 16, 2, options, {});
    for (std::size_t i = 0; i < means.objects.size(); ++i)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(means.Value(i, "map1: Mean")),
                std::bit_cast<std::uint64_t>(whole.Value(i, "map1: Mean")));
  }
}

// Every way to make objects, each on bands of all sizes.
TEST_F(FindObjectsTest, NoWayToMakeObjectsDependsOnBands) {
  const Tensor map = SmoothChannels(2, 97, 83), image = SmoothChannels(1, 97, 83);
  const ObjectsOptions largest{.passes = {{objects::Argmax{}, {}}}},
      first{.passes = {{objects::Threshold{0, 0.52}, {}, 0}}};
  std::vector<ObjectsOptions> ways(6, largest);
  ways[0].smooth_y = 1.2, ways[0].smooth_x = 0.7;
  ways[1].connectivity = ways[1].split.connectivity = objects::Connectivity::kCorners;
  ways[1].split.method = objects::SplitMethod::kValues, ways[1].split.depth = 0.05;
  ways[2] = first, ways[2].split.method = objects::SplitMethod::kDistance, ways[2].filter.fill_holes_below_px = 8;
  ways[3] = first, ways[3].split.method = objects::SplitMethod::kSeeds, ways[3].split.seed_threshold = 0.55;
  ways[3].split_channel = 1, ways[3].filter.min_area_px = 4;
  ways[4] = first, ways[4].drops_border = true, ways[4].smooth_y = ways[4].smooth_x = 2;
  ways[5].passes = {{objects::Argmax{{0.6, 0.4}}, {1}}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    SCOPED_TRACE(i);
    const Found whole = Find(map, &image, 97, 1, ways[i]);
    EXPECT_GT(whole.objects.size(), 3U);
    EXPECT_EQ(whole.summary.split > 0, ways[i].split.method != objects::SplitMethod::kNone);
    for (const std::int64_t chunk : {2, 33}) ExpectSame(whole, Find(map, &image, chunk, 2, ways[i]));
  }
}

TEST_F(FindObjectsTest, SmoothsBeforeItClassifies) {
  const Tensor map = SmoothChannels(1, 60, 70);
  Tensor smooth = Tensor::Allocate(DType::kF32, map.shape()).value();
  const auto row = [&](std::int64_t y) { return map.values<float>().subspan(static_cast<std::size_t>(y * 70), 70); };
  objects::SmoothBox(row, 60, {{0, 60}, {0, 70}}, objects::GaussianWeights(1.5), objects::GaussianWeights(1.5),
                     {smooth.view().data(), DType::kF32, {60, 70}});
  ObjectsOptions options{.passes = {{objects::Threshold{0, 0.5}, {}, 0}}};
  const Found expected = Find(smooth, nullptr, 16, 2, options, {.shape = true});
  options.smooth_y = options.smooth_x = 1.5;
  const Found found = Find(map, nullptr, 16, 2, options, {.shape = true});
  ASSERT_EQ(found.objects.size(), expected.objects.size());
  for (std::size_t i = 0; i < found.objects.size(); ++i)
    EXPECT_EQ(found.Value(i, "Perimeter px"), expected.Value(i, "Perimeter px"));
  EXPECT_NE(found.Value(0, "map0: Mean"), expected.Value(0, "map0: Mean")) << "measured on the map as it is";
}

TEST_F(FindObjectsTest, LeavesOutWhatTouchesTheEdge) {
  const Tensor map = SmoothChannels(2, 60, 70);
  ObjectsOptions options{.passes = {{objects::Threshold{1, 0.5}, {}, 1}}};
  const Found all = Find(map, nullptr, 16, 2, options, {});
  options.drops_border = true;
  const Found inner = Find(map, nullptr, 16, 2, options, {});
  std::int64_t at_edge = 0;
  for (const MeasuredRegion& object : all.objects) {
    const Box& box = object.region.bounds;
    at_edge += box.y.begin == 0 || box.x.begin == 0 || box.y.end == 60 || box.x.end == 70 ? 1 : 0;
  }
  EXPECT_GT(at_edge, 0);
  EXPECT_EQ(all.summary.at_edge, at_edge);
  EXPECT_EQ(inner.summary.at_edge, at_edge);
  EXPECT_EQ(inner.objects.size() + static_cast<std::size_t>(at_edge), all.objects.size());
}

TEST_F(FindObjectsTest, RefusesWhatDoesNotGoTogether) {
  const Tensor map = SmoothChannels(1, 8, 8);
  const MemoryPlane plane(map, 8);
  SilentProgress progress;
  const SerialExecutor executor;
  const RunContext context{executor, progress};
  const auto plan = objects::MeasurementPlan::Create({}, {}, {}).value();
  const auto error = [&](const ObjectsOptions& options) {
    return FindObjects(context, {plane}, options, plan, folder_->path() / "a").error().what;
  };
  EXPECT_THAT(error({.smooth_y = 1e6}), ::testing::HasSubstr("smoothed by 1000000 pixels"));
  ObjectsOptions options;
  options.split.method = objects::SplitMethod::kDistance, options.split.depth = 0;
  EXPECT_THAT(error(options), ::testing::HasSubstr("positive depth"));
  options.split.depth = 1, options.split_channel = 1;
  EXPECT_THAT(error(options), ::testing::HasSubstr("no channel 1 to split"));
}

TEST_F(FindObjectsTest, NumbersObjectsByFirstPixelsAcrossPasses) {
  const Tensor map = SmoothChannels(2, 60, 60);
  const Found found = Find(map, nullptr, 8, 2,
                           {.passes = {{objects::Threshold{0, 0.5}, {}, 0}, {objects::Threshold{1, 0.5}, {}, 1}}}, {});
  EXPECT_TRUE(std::ranges::is_sorted(found.objects, {}, [](const MeasuredRegion& object) {
    return std::tuple(object.region.first.y, object.region.first.x, object.region.label);
  }));
  for (std::size_t i = 0; i < found.numbers.size(); ++i) EXPECT_EQ(found.numbers[i], static_cast<std::int64_t>(i) + 1);
}

TEST_F(FindObjectsTest, PassesOnErrorsAndStops) {
  const Tensor map = SmoothChannels(1, 20, 20);
  const MemoryPlane plane(map, 8);
  SilentProgress progress;
  std::stop_source stop;
  const SerialExecutor executor;
  const auto plan = objects::MeasurementPlan::Create({}, {.map = {"a"}, .labels_are_channels = true}, {}).value();
  const RunContext context{executor, progress, stop.get_token()};
  EXPECT_EQ(
      FindObjects(context, {plane}, {.passes = {{objects::Threshold{3, 0.5}, {}, 0}}}, plan, folder_->path() / "a")
          .error()
          .code,
      Code::kNotFound);
  stop.request_stop();
  EXPECT_EQ(
      FindObjects(context, {plane}, {.passes = {{objects::Threshold{0, 0.5}, {}, 0}}}, plan, folder_->path() / "b")
          .error()
          .code,
      Code::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_->path()));
}

}  // namespace
}  // namespace tegula::pipeline
