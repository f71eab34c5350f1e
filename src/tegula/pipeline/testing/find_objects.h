// pipeline/testing/find_objects.h — objects of maps in memory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline::testing {

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

struct Found {
  std::vector<objects::MeasuredRegion> objects;
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

inline Found Find(const Path& folder, const Tensor& map, const Tensor* image, std::int64_t chunk, int workers,
                  const ObjectsOptions& options,
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
  const auto result =
      FindObjects(context, {planes[0], image != nullptr ? &planes[1] : nullptr}, options, found.plan, folder / "spool");
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
inline void ExpectSame(const Found& a, const Found& b) {
  ASSERT_EQ(a.objects.size(), b.objects.size());
  EXPECT_EQ(a.numbers, b.numbers);
  EXPECT_EQ(a.summary.at_edge, b.summary.at_edge);
  EXPECT_EQ(a.summary.split, b.summary.split);
  for (std::size_t i = 0; i < a.objects.size(); ++i) {
    const objects::Region &x = a.objects[i].region, &y = b.objects[i].region;
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

}  // namespace tegula::pipeline::testing
