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
  std::vector<std::int64_t> numbers = {};
  ObjectsSummary summary = {};
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
    const bool is_values = options.kind == MapKind::kValues;
    objects::MeasuredChannels channels{.labels_are_channels = is_values};
    for (std::int64_t c = 0; is_values && c < map.shape()[0]; ++c) channels.map.push_back("map" + std::to_string(c));
    if (image != nullptr) channels.image = {"image"};
    Found found{{}, objects::MeasurementPlan::Create(measure, channels, {}).value()};
    const std::unique_ptr<Executor> executor = NewThreadExecutor(workers);
    SilentProgress progress;
    const RunContext context{*executor, progress};
    const auto result = FindObjects(context, {planes[0], image != nullptr ? &planes[1] : nullptr, is_values}, options,
                                    found.plan, folder_->path() / "spool");
    EXPECT_TRUE(result.ok()) << ToString(result.error());
    found.summary = result->summary;
    const FoundObjects* const all = &result->objects;
    const auto prepare = [](StreamedObject& object) {
      object.csv = std::to_string(object.number);
      return Ok();
    };
    const auto take = [&](StreamedObject object) {
      found.numbers.push_back(object.number);
      EXPECT_EQ(object.csv, std::to_string(object.number));
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
  EXPECT_EQ(a.numbers, b.numbers);
  EXPECT_EQ(a.summary.at_edge, b.summary.at_edge);
  EXPECT_EQ(a.summary.split, b.summary.split);
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
    if (ways[i].split.method != objects::SplitMethod::kNone) EXPECT_GT(whole.summary.split, 0);
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
  ObjectsOptions options{.passes = {{objects::Argmax{}, {1}}}};
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

Tensor Numbers(const std::vector<std::vector<int>>& rows, DType dtype) {
  const auto height = static_cast<std::int64_t>(rows.size()), width = static_cast<std::int64_t>(rows[0].size());
  Tensor numbers = Tensor::Allocate(dtype, {1, height, width}).value();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t number = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
      ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(&number), DType::kI64, {1, 1, 1}),
                  numbers.view().Slice(1, y, 1).Slice(2, x, 1));
    }
  return numbers;
}

TEST_F(FindObjectsTest, MakesOneObjectOfAllPixelsOfANumber) {
  const Tensor map = Numbers({{0, 0, 0, 0, 0, 0, 0},
                              {0, 70000, 70000, 0, 5, 0, 0},
                              {0, 0, 0, 0, 0, 0, 3},
                              {0, 5, 5, 70000, 0, 0, 0},
                              {0, 0, 0, 0, 5, 0, 0},
                              {0, 0, 0, 0, 0, 0, 0}},
                             DType::kI32);
  const Tensor image = SmoothChannels(1, 6, 7);
  const ObjectsOptions options{.kind = MapKind::kLabels};
  const Found found = Find(map, &image, 2, 2, options);
  EXPECT_EQ(found.numbers, (std::vector<std::int64_t>{70000, 5, 3})) << "in the order of first pixels";
  EXPECT_EQ(found.objects[0].region.polygons.size(), 2U);
  EXPECT_EQ(found.objects[1].region.polygons.size(), 3U);
  EXPECT_EQ(found.Value(1, "Area px^2"), 4);
  EXPECT_EQ(found.objects[1].region.label, 0) << "all are of one class";
  const std::vector<double> values = ValuesOf(found.objects[1].region, image, 0);
  EXPECT_NEAR(found.Value(1, "image: Sum"), std::accumulate(values.begin(), values.end(), 0.0), 1e-12);
  EXPECT_NEAR(found.Value(1, "image: Median"), Quantile(values, 50), 1e-12);
  for (const std::int64_t chunk : {1, 6}) ExpectSame(found, Find(map, &image, chunk, 2, options));

  ObjectsOptions strict = options;
  strict.filter.min_area_px = 3;
  EXPECT_EQ(Find(map, &image, 2, 2, strict).numbers, (std::vector<std::int64_t>{70000, 5})) << "of all parts together";
  strict.filter.min_area_px = 0, strict.drops_border = true;
  EXPECT_EQ(Find(map, &image, 2, 2, strict).numbers, (std::vector<std::int64_t>{70000, 5}));
}

TEST_F(FindObjectsTest, MakesObjectsOfConnectedPixelsOfAClass) {
  const Tensor map = Numbers({{0, 2, 2, 0, 1}, {0, 0, 0, 0, 1}, {3, 0, 2, 0, 0}}, DType::kU8);
  ObjectsOptions options{.kind = MapKind::kClasses};
  const Found all = Find(map, nullptr, 2, 2, options, {});
  ASSERT_EQ(all.objects.size(), 4U);
  EXPECT_EQ(all.objects[0].region.label, 2);
  EXPECT_EQ(all.numbers, (std::vector<std::int64_t>{1, 2, 3, 4}));
  options.labels = {2};
  EXPECT_EQ(Find(map, nullptr, 2, 2, options, {}).objects.size(), 2U);
}

TEST_F(FindObjectsTest, RefusesWhatDoesNotGoTogether) {
  const Tensor map = SmoothChannels(1, 8, 8), negative = Numbers({{1, -1}}, DType::kI32);
  const MemoryPlane plane(map, 8), numbers(negative, 8);
  SilentProgress progress;
  const SerialExecutor executor;
  const RunContext context{executor, progress};
  const auto plan = objects::MeasurementPlan::Create({}, {}, {}).value();
  const auto error = [&](const ObjectsOptions& options, const PlaneReader& of) {
    return FindObjects(context, {of, nullptr, false}, options, plan, folder_->path() / "a").error().what;
  };
  ObjectsOptions options{.kind = MapKind::kLabels};
  EXPECT_THAT(error(options, numbers), ::testing::HasSubstr("the number 4294967295 at y=0 x=1"));
  options.smooth_x = 1;
  EXPECT_THAT(error(options, plane), ::testing::HasSubstr("cannot be smoothed"));
  options.smooth_x = 0, options.split.method = objects::SplitMethod::kDistance;
  EXPECT_THAT(error(options, plane), ::testing::HasSubstr("are not split"));
  options.kind = MapKind::kClasses, options.split.method = objects::SplitMethod::kValues;
  EXPECT_THAT(error(options, plane), ::testing::HasSubstr("split them by distance"));
  options = {.passes = {}, .smooth_y = 1e6};
  EXPECT_THAT(error(options, plane), ::testing::HasSubstr("smoothed by 1000000 pixels"));
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
