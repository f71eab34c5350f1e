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
  std::int64_t number = 0;  ///< from 1, in the order of first pixels; of a label map its own
  objects::MeasuredRegion object;
  std::string geojson = {}, csv = {};  ///< what `prepare` made of it
};

/// Found and measured objects. Immutable and thread-safe.
class FoundObjects {
 public:
  /// Takes a finished spool; neighbours are found if the plan asks for them. If `has_numbers`, labels are the objects'
  /// numbers, and all are of class 0. kCancelled.
  static Result<FoundObjects> Create(const RunContext& context, objects::RegionSpool spool,
                                     const objects::MeasurementPlan& plan, bool has_numbers = false);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(spool_.entries().size()); }
  std::span<const objects::RegionSpool::Entry> entries() const noexcept { return spool_.entries(); }
  /// The object's number.
  std::int64_t Number(std::size_t index) const noexcept {
    return has_numbers_ ? entries()[index].label : static_cast<std::int64_t>(index) + 1;
  }
  /// An object with all measurements. kIo.
  Result<objects::MeasuredRegion> Read(std::size_t index) const;

  /// Works on every object in parallel.
  using Prepare = FunctionRef<Status(StreamedObject& object)>;
  /// Takes it, one by one in order.
  using Take = FunctionRef<Status(StreamedObject object)>;
  /// Reads all objects. Memory: a few hundred of them. Errors of reading and of the two; kCancelled.
  Status Stream(const RunContext& context, Prepare prepare, Take take) const;

 private:
  FoundObjects(objects::RegionSpool spool, const objects::MeasurementPlan& plan, bool has_numbers)
      : spool_(std::move(spool)), plan_(plan), has_numbers_(has_numbers) {}
  objects::RegionSpool spool_;
  objects::MeasurementPlan plan_;
  bool has_numbers_;
  std::vector<objects::NeighbourFacts> neighbours_;
};

}  // namespace tegula::pipeline
