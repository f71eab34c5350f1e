#include "tegula/pipeline/class_areas.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>
#include <variant>

#include "tegula/outputs/store_part.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kBlock = 1024;

// The areas that touch each block of whole chunks.
struct Blocks {
  std::int64_t height = 1, width = 1, across = 1;
  std::vector<std::vector<std::uint32_t>> areas;

  Box BoxOf(std::int64_t block) const noexcept {
    const std::int64_t y = block / across * height, x = block % across * width;
    return {{y, y + height}, {x, x + width}};
  }
};

Blocks SortIntoBlocks(const Shape& plane_cyx, const PerAxis<std::int64_t>& chunk, std::span<const CountedArea> areas) {
  Blocks blocks;
  blocks.height = CeilDiv(kBlock, chunk[GridAxis::kY]) * chunk[GridAxis::kY];
  blocks.width = CeilDiv(kBlock, chunk[GridAxis::kX]) * chunk[GridAxis::kX];
  blocks.across = CeilDiv(plane_cyx[2], blocks.width);
  const std::int64_t down = CeilDiv(plane_cyx[1], blocks.height);
  blocks.areas.resize(static_cast<std::size_t>(down * blocks.across));
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const Box bounds = Intersect(areas[i].bounds, {{0, plane_cyx[1]}, {0, plane_cyx[2]}});
    if (bounds.empty()) continue;
    for (std::int64_t y = bounds.y.begin / blocks.height; y <= (bounds.y.end - 1) / blocks.height; ++y)
      for (std::int64_t x = bounds.x.begin / blocks.width; x <= (bounds.x.end - 1) / blocks.width; ++x)
        blocks.areas[static_cast<std::size_t>(y * blocks.across + x)].push_back(static_cast<std::uint32_t>(i));
  }
  return blocks;
}

// Calls `sink` for the runs of pixels of an area in a box.
void ForEachRun(const CountedArea& area, const objects::PixelGrid& grid, const Box& box,
                objects::PolygonMask::RunSink sink) {
  const Box inside = Intersect(box, area.bounds);
  if (area.mask) return area.mask->ForEachRun(grid, inside, sink);
  for (std::int64_t y = inside.y.begin; y < inside.y.end; ++y) sink(y, inside.x);
}

// A rule bound to a store, and where its classes stand in a row.
struct BoundRule {
  objects::Classifier classifier;
  std::int64_t column = 0;
};

}  // namespace

std::int64_t ClassesOf(const objects::ClassRule& rule, std::int64_t channels) {
  if (const auto* numbers = std::get_if<objects::ClassNumbers>(&rule)) return numbers->classes;
  return std::holds_alternative<objects::Threshold>(rule) ? 1 : channels;
}

Result<ClassAreas> CountClasses(const RunContext& context, const PlacedPlane& plane,
                                std::span<const objects::ClassRule> rules, std::span<const CountedArea> areas) {
  const Shape level = outputs::PlaneShape(*plane.store, 0);
  ClassAreas counts;
  std::vector<BoundRule> bound;
  for (const objects::ClassRule& rule : rules) {
    TEGULA_ASSIGN_OR_RETURN(objects::Classifier classifier, objects::Classifier::Bind(rule, level[0]));
    bound.push_back({std::move(classifier), counts.columns});
    counts.columns += ClassesOf(rule, level[0]);
  }
  const std::int64_t pixels_column = counts.columns++;
  counts.values.resize(areas.size() * static_cast<std::size_t>(counts.columns));

  const Blocks blocks = SortIntoBlocks(level, outputs::StorePart(*plane.store).chunk(), areas);
  std::vector<std::int64_t> open;
  for (std::size_t block = 0; block < blocks.areas.size(); ++block)
    if (!blocks.areas[block].empty()) open.push_back(static_cast<std::int64_t>(block));
  std::mutex mutex;  // of `counts.values`
  std::int64_t done = 0;
  const auto count_block = [&](std::int64_t item, int) -> Status {
    const std::int64_t block = open[static_cast<std::size_t>(item)];
    const Box box = Intersect(blocks.BoxOf(block), {{0, level[1]}, {0, level[2]}});
    TEGULA_ASSIGN_OR_RETURN(Tensor values,
                            Tensor::Allocate(DType::kF32, {level[0], box.height(), box.width()}, context.limits));
    TEGULA_ASSIGN_OR_RETURN(Tensor classes, Tensor::Allocate(DType::kU8, {box.height(), box.width()}, context.limits));
    TEGULA_TRY(outputs::ReadPlane(*plane.store, 0, plane.t, plane.z, box, values.view()));
    const std::vector<std::uint32_t>& here = blocks.areas[static_cast<std::size_t>(block)];
    std::vector<std::int64_t> found(here.size() * static_cast<std::size_t>(counts.columns));
    for (const BoundRule& rule : bound) {
      rule.classifier.Classify(values.view(), classes.view());
      for (std::size_t i = 0; i < here.size(); ++i) {
        std::array<std::int64_t, 256> of_class{};
        ForEachRun(areas[here[i]], plane.grid, box, [&](std::int64_t y, Interval x) {
          const std::uint8_t* row = classes.view().as<std::uint8_t>() + (y - box.y.begin) * box.width() - box.x.begin;
          for (std::int64_t at = x.begin; at < x.end; ++at) ++of_class[row[at]];
        });
        std::int64_t* out = found.data() + static_cast<std::int64_t>(i) * counts.columns;
        out[pixels_column] = std::accumulate(of_class.begin(), of_class.end(), std::int64_t{0});
        const std::int64_t classes_of_rule = ClassesOf(rules[static_cast<std::size_t>(&rule - bound.data())], level[0]);
        std::copy_n(of_class.begin(), classes_of_rule, out + rule.column);
      }
    }
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < found.size(); ++i)
      counts.values[here[i / static_cast<std::size_t>(counts.columns)] * static_cast<std::size_t>(counts.columns) +
                    i % static_cast<std::size_t>(counts.columns)] += found[i];
    context.progress.Update("counting classes", ++done, static_cast<std::int64_t>(open.size()), "blocks");
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, static_cast<std::int64_t>(open.size()), context.stop, count_block));
  return counts;
}

}  // namespace tegula::pipeline
