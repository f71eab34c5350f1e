#include "tegula/pipeline/found_objects.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/objects/measure/neighbours.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kBatch = 1024;  // objects in memory
constexpr std::int64_t kPiece = 32;    // that a worker prepares at a time

}  // namespace

Result<FoundObjects> FoundObjects::Create(const RunContext& context, objects::RegionSpool spool,
                                          const objects::MeasurementPlan& plan) {
  FoundObjects found(std::move(spool), plan);
  if (!plan.options().neighbours) return found;
  std::vector<objects::Point> centroids;
  centroids.reserve(found.entries().size());
  for (const objects::RegionSpool::Entry& entry : found.entries())
    centroids.push_back({entry.centroid.y * plan.frame().step_y(), entry.centroid.x * plan.frame().step_x()});
  TEGULA_ASSIGN_OR_RETURN(found.neighbours_, objects::NeighboursOf(centroids, plan.options().neighbour_radius,
                                                                   context.executor, context.stop));
  return found;
}

Result<objects::MeasuredRegion> FoundObjects::Read(std::size_t index) const {
  TEGULA_ASSIGN_OR_RETURN(objects::MeasuredRegion object, spool_.Read(index));
  if (!neighbours_.empty()) plan_.FillNeighbours(neighbours_[index], object.values);
  return object;
}

std::int64_t FoundObjects::largest_number() const noexcept {
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < entries().size(); ++i) largest = std::max(largest, NumberOf(i));
  return largest;
}

Status FoundObjects::Stream(const RunContext& context, Prepare prepare, Take take) const {
  std::vector<StreamedObject> batch;
  for (std::int64_t begin = 0; begin < size(); begin += kBatch) {
    const std::int64_t count = std::min(kBatch, size() - begin);
    batch.clear();
    batch.resize(static_cast<std::size_t>(count));
    const auto piece = [&](std::int64_t number, int) -> Status {
      for (std::int64_t i = number * kPiece; i < std::min(count, (number + 1) * kPiece); ++i) {
        StreamedObject& object = batch[static_cast<std::size_t>(i)];
        object.number = NumberOf(static_cast<std::size_t>(begin + i));
        TEGULA_ASSIGN_OR_RETURN(object.object, Read(static_cast<std::size_t>(begin + i)));
        TEGULA_TRY(prepare(object));
      }
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, CeilDiv(count, kPiece), context.stop, piece));
    for (StreamedObject& object : batch) TEGULA_TRY(take(std::move(object)));
    context.progress.Update("writing objects", begin + count, size(), "objects");
  }
  return Ok();
}

}  // namespace tegula::pipeline
