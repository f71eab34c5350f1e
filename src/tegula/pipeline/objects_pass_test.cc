#include "tegula/pipeline/objects_pass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "tegula/core/random.h"
#include "tegula/objects/testing/class_maps.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

using objects::MeasuredRegion;
using objects::Region;

// Channels in memory that pretend to be stored in chunks.
class MemoryPlane final : public PlaneReader {
 public:
  MemoryPlane(const Tensor& pixels_cyx, std::int64_t chunk) : pixels_(pixels_cyx), chunk_(chunk) {}
  const Shape& shape() const noexcept override { return pixels_.shape(); }
  DType dtype() const noexcept override { return pixels_.dtype(); }
  std::int64_t chunk_rows() const noexcept override { return chunk_; }
  std::int64_t chunk_columns() const noexcept override { return chunk_; }
  Status Read(const Box& box, const View& out) const override {
    ConvertCopy(pixels_.view().Slice(1, box.y.begin, box.height()).Slice(2, box.x.begin, box.width()), out);
    return Ok();
  }

 private:
  const Tensor& pixels_;
  std::int64_t chunk_;
};

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

struct Found {
  std::vector<MeasuredRegion> objects;
  objects::MeasurementPlan plan;
  double Value(std::size_t object, std::string_view name) const {
    for (std::size_t i = 0; i < plan.columns(); ++i)
      if (plan.Name(i) == name) return objects[object].values[i];
    ADD_FAILURE() << "there is no " << name;
    return 0;
  }
};

class FindObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create("tegula-objects");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }

  Found Find(const Tensor& map, const Tensor* image, std::int64_t chunk, int workers, const ObjectsOptions& options,
             objects::MeasureOptions measure = {.shape = true, .intensity = true, .neighbours = true}) {
    measure.percentiles = {5, 99};
    measure.neighbour_radius = 30;
    const MemoryPlane planes[] = {{map, chunk}, {image != nullptr ? *image : map, chunk}};
    objects::MeasuredChannels channels{.labels_are_channels = true};
    for (std::int64_t c = 0; c < map.shape()[0]; ++c) channels.map.push_back("map" + std::to_string(c));
    if (image != nullptr) channels.image = {"image"};
    Found found{{}, objects::MeasurementPlan::Create(measure, channels, {}).value()};
    const std::unique_ptr<Executor> executor = NewThreadExecutor(workers);
    SilentProgress progress;
    const RunContext context{*executor, progress};
    const auto all = FindObjects(context, {planes[0], image != nullptr ? &planes[1] : nullptr}, options, found.plan,
                                 folder_->path() / "spool");
    EXPECT_TRUE(all.ok());
    std::int64_t number = 0;
    const auto prepare = [](StreamedObject& object) {
      object.csv = std::to_string(object.number);
      return Ok();
    };
    const auto take = [&](StreamedObject object) {
      EXPECT_EQ(object.number, ++number);
      EXPECT_EQ(object.csv, std::to_string(number));
      found.objects.push_back(std::move(object.object));
      return Ok();
    };
    EXPECT_TRUE(all->Stream(context, prepare, take).ok());
    return found;
  }
  std::optional<TemporaryFolder> folder_;
};

void ExpectSame(const Found& a, const Found& b) {
  ASSERT_EQ(a.objects.size(), b.objects.size());
  for (std::size_t i = 0; i < a.objects.size(); ++i) {
    const Region &x = a.objects[i].region, &y = b.objects[i].region;
    EXPECT_EQ(x.first, y.first);
    EXPECT_EQ(x.label, y.label);
    EXPECT_EQ(x.pixels, y.pixels);
    ASSERT_EQ(x.polygons.size(), y.polygons.size());
    for (std::size_t p = 0; p < x.polygons.size(); ++p) {
      EXPECT_EQ(x.polygons[p].outer, y.polygons[p].outer);
      EXPECT_EQ(x.polygons[p].holes, y.polygons[p].holes);
    }
    for (std::size_t v = 0; v < a.plan.columns(); ++v)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(a.objects[i].values[v]),
                std::bit_cast<std::uint64_t>(b.objects[i].values[v]))
          << a.plan.Name(v) << " of object " << i + 1;
  }
}

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
  const Found found = Find(map, &image, 32, 2, {.passes = {{objects::Argmax{}, {}}}, .filter = {}});
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

TEST_F(FindObjectsTest, NumbersObjectsByFirstPixelsAcrossPasses) {
  const Tensor map = SmoothChannels(2, 60, 60);
  const Found found =
      Find(map, nullptr, 8, 2,
           {.passes = {{objects::Threshold{0, 0.5}, {}, 0}, {objects::Threshold{1, 0.5}, {}, 1}}, .filter = {}}, {});
  EXPECT_TRUE(std::ranges::is_sorted(found.objects, {}, [](const MeasuredRegion& object) {
    return std::tuple(object.region.first.y, object.region.first.x, object.region.label);
  }));
}

TEST_F(FindObjectsTest, PassesOnErrorsAndStops) {
  const Tensor map = SmoothChannels(1, 20, 20);
  const MemoryPlane plane(map, 8);
  SilentProgress progress;
  std::stop_source stop;
  const SerialExecutor executor;
  const auto plan = objects::MeasurementPlan::Create({}, {.map = {"a"}, .labels_are_channels = true}, {}).value();
  const RunContext context{executor, progress, stop.get_token()};
  EXPECT_EQ(FindObjects(context, {plane}, {.passes = {{objects::Threshold{3, 0.5}, {}, 0}}, .filter = {}}, plan,
                        folder_->path() / "a")
                .error()
                .code,
            Code::kNotFound);
  stop.request_stop();
  EXPECT_EQ(FindObjects(context, {plane}, {.passes = {{objects::Threshold{0, 0.5}, {}, 0}}, .filter = {}}, plan,
                        folder_->path() / "b")
                .error()
                .code,
            Code::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_->path()));
}

}  // namespace
}  // namespace tegula::pipeline
