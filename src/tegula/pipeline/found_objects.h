// pipeline/found_objects.h — all objects of a map, in the order of their numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_spool.h"

namespace tegula::pipeline {

/// One object as it passes to the writers.
struct StreamedObject {
  std::int64_t number = 0;  ///< from 1, in the order of first pixels
  objects::MeasuredRegion object;
  std::string geojson = {}, csv = {};  ///< what `prepare` made of it
};

/// Found and measured objects. Immutable and thread-safe.
class FoundObjects {
 public:
  /// Takes a finished spool; neighbours are found if the plan asks for them. kCancelled.
  static Result<FoundObjects> Create(const RunContext& context, objects::RegionSpool spool,
                                     const objects::MeasurementPlan& plan);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(spool_.entries().size()); }
  std::span<const objects::RegionSpool::Entry> entries() const noexcept { return spool_.entries(); }
  /// Object number `index` + 1 with all measurements. kIo.
  Result<objects::MeasuredRegion> Read(std::size_t index) const;

  /// Works on every object in parallel.
  using Prepare = FunctionRef<Status(StreamedObject& object)>;
  /// Takes it, one by one in order.
  using Take = FunctionRef<Status(StreamedObject object)>;
  /// Reads all objects. Memory: a few hundred of them. Errors of reading and of the two; kCancelled.
  Status Stream(const RunContext& context, Prepare prepare, Take take) const;

 private:
  FoundObjects(objects::RegionSpool spool, const objects::MeasurementPlan& plan)
      : spool_(std::move(spool)), plan_(plan) {}
  objects::RegionSpool spool_;
  objects::MeasurementPlan plan_;
  std::vector<objects::NeighbourFacts> neighbours_;
};

}  // namespace tegula::pipeline
