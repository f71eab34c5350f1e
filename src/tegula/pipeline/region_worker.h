// pipeline/region_worker.h — what is done with a finished region: split, filtered, measured.
#pragma once

#include <span>
#include <vector>

#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/row_window.h"

namespace tegula::pipeline {

/// What became of some regions.
struct WorkedRegions {
  struct Object {
    objects::Region region;
    std::vector<double> values = {};  ///< none if it is taller than the rows at hand
    bool is_measured = false;
  };
  std::vector<Object> objects;
  ObjectsSummary summary;
};

/// Whether an object is left out because it touches the edge of the map, `whole`, or of what is `asked` for (null:
/// all); the summary is told. kExhausted.
Result<bool> IsDropped(const objects::Region& region, const Box& whole, const RegionOfInterest* asked,
                       bool drops_border, ObjectsSummary& summary);

/// Borrows. Immutable and thread-safe, while the window stays as it is.
class RegionWorker {
 public:
  RegionWorker(const MeasuredPlanes& planes, const ObjectsOptions& options, const objects::MeasurementPlan& plan,
               const RowWindow& window)
      : planes_(planes), options_(options), plan_(plan), window_(window) {}

  /// Whether a region takes so much memory to split that no other may be split beside it.
  bool IsLarge(const objects::Region& region) const noexcept;
  /// Appends what a region becomes. Errors of the planes.
  Status Work(objects::Region region, WorkedRegions& out) const;

 private:
  Result<std::vector<objects::Region>> Parts(const objects::Region& region, ObjectsSummary& summary) const;
  Status ReadChannel(std::int64_t channel, const Box& box, std::span<float> values) const;
  Status Add(objects::Region region, WorkedRegions& out) const;
  std::vector<double> Measure(const objects::Region& region) const;

  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  const objects::MeasurementPlan& plan_;
  const RowWindow& window_;
};

}  // namespace tegula::pipeline
