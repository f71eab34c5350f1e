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
  std::int64_t number = 0;  ///< FoundObjects::NumberOf
  objects::MeasuredRegion object;
  objects::Region cell = {};           ///< that `prepare` found to be around it
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
  /// The number that people see of object number `index` + 1: that of an image of numbered objects, else its own.
  std::int64_t NumberOf(std::size_t index) const noexcept {
    const std::int32_t given = entries()[index].number;
    return given > 0 ? given : static_cast<std::int64_t>(index) + 1;
  }
  /// The largest of them; 0 without objects.
  std::int64_t largest_number() const noexcept;
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
