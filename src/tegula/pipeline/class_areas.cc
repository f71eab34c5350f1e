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

Blocks SortIntoBlocks(const PlacedPlane& plane, std::span<const CountedArea> areas) {
  const std::int64_t height = plane.shape_cyx[1], width = plane.shape_cyx[2];
  Blocks blocks;
  blocks.height = plane.block_y, blocks.width = plane.block_x;
  blocks.across = CeilDiv(width, blocks.width);
  blocks.areas.resize(static_cast<std::size_t>(CeilDiv(height, blocks.height) * blocks.across));
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const Box bounds = Intersect(areas[i].bounds, {{0, height}, {0, width}});
    if (bounds.empty()) continue;
    for (std::int64_t y = bounds.y.begin / blocks.height; y <= (bounds.y.end - 1) / blocks.height; ++y)
      for (std::int64_t x = bounds.x.begin / blocks.width; x <= (bounds.x.end - 1) / blocks.width; ++x) {
        const std::int64_t block = y * blocks.across + x;
        const Box part = Intersect(blocks.BoxOf(block), bounds);
        if (areas[i].mask && !areas[i].mask->Intersects(plane.grid, part)) continue;
        blocks.areas[static_cast<std::size_t>(block)].push_back(static_cast<std::uint32_t>(i));
      }
  }
  return blocks;
}

// The part of a block around its areas.
Box Needed(const Box& block, std::span<const CountedArea> areas, std::span<const std::uint32_t> here) {
  Box needed = Intersect(block, areas[here.front()].bounds);
  for (const std::uint32_t number : here) {
    const Box part = Intersect(block, areas[number].bounds);
    needed = {{std::min(needed.y.begin, part.y.begin), std::max(needed.y.end, part.y.end)},
              {std::min(needed.x.begin, part.x.begin), std::max(needed.x.end, part.x.end)}};
  }
  return needed;
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

PlacedPlane PlacedPlane::Of(const outputs::ChunkStore& store, std::int64_t t, std::int64_t z, objects::PixelGrid grid) {
  const PerAxis<std::int64_t> chunk = outputs::StorePart(store).chunk();
  const auto whole_chunks = [](std::int64_t size) { return CeilDiv(kBlock, size) * size; };
  const auto read = [&store, t, z](const Box& box, const View& out_cyx) {
    return outputs::ReadPlane(store, 0, t, z, box, out_cyx);
  };
  return {outputs::PlaneShape(store, 0), whole_chunks(chunk[GridAxis::kY]), whole_chunks(chunk[GridAxis::kX]), read,
          grid};
}

std::int64_t ClassesOf(const objects::ClassRule& rule, std::int64_t channels) {
  if (const auto* numbers = std::get_if<objects::ClassNumbers>(&rule)) return numbers->classes;
  return std::holds_alternative<objects::Threshold>(rule) ? 1 : channels;
}

Result<ClassAreas> CountClasses(const RunContext& context, const PlacedPlane& plane,
                                std::span<const objects::ClassRule> rules, std::span<const CountedArea> areas) {
  const Shape& level = plane.shape_cyx;
  ClassAreas counts;
  std::vector<BoundRule> bound;
  for (const objects::ClassRule& rule : rules) {
    TEGULA_ASSIGN_OR_RETURN(objects::Classifier classifier, objects::Classifier::Bind(rule, level[0]));
    bound.push_back({std::move(classifier), counts.columns});
    counts.columns += ClassesOf(rule, level[0]);
  }
  const std::int64_t pixels_column = counts.columns++;
  counts.values.resize(areas.size() * static_cast<std::size_t>(counts.columns));

  const Blocks blocks = SortIntoBlocks(plane, areas);
  std::vector<std::int64_t> open;
  for (std::size_t block = 0; block < blocks.areas.size(); ++block)
    if (!blocks.areas[block].empty()) open.push_back(static_cast<std::int64_t>(block));
  std::mutex mutex;  // of `counts.values`
  std::int64_t done = 0;
  const auto count_block = [&](std::int64_t item, int) -> Status {
    const std::int64_t block = open[static_cast<std::size_t>(item)];
    const std::vector<std::uint32_t>& here = blocks.areas[static_cast<std::size_t>(block)];
    const Box box = Needed(Intersect(blocks.BoxOf(block), {{0, level[1]}, {0, level[2]}}), areas, here);
    TEGULA_ASSIGN_OR_RETURN(Tensor values,
                            Tensor::Allocate(DType::kF32, {level[0], box.height(), box.width()}, context.limits));
    TEGULA_ASSIGN_OR_RETURN(Tensor classes, Tensor::Allocate(DType::kU8, {box.height(), box.width()}, context.limits));
    TEGULA_TRY(plane.read(box, values.view()));
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
