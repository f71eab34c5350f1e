// pipeline/region_measuring.h — from finished regions to measured objects on disk, while the rows of a map stream by.
//
// Regions are measured on the rows at hand by all workers; those that are taller wait, as outlines, and are measured
// together (tall_regions.h). Whoever traces gives rows and regions.
#pragma once

#include <span>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/found_objects.h"
#include "tegula/pipeline/row_window.h"
#include "tegula/pipeline/tall_regions.h"

namespace tegula::pipeline {

/// A window for `channels` of a map of this shape, whose bands are whole chunks of it if memory allows, so that each is
/// decoded once, else equal parts of them. kExhausted.
Result<RowWindow> WindowFor(const PlaneReader& map, std::int64_t channels, const Limits& limits);

/// Borrows context, planes and plan. One thread at a time.
class RegionMeasuring {
 public:
  /// The window has the channels of `planes`, or none if nothing of them is measured.
  RegionMeasuring(const RunContext& context, const MeasuredPlanes& planes, const objects::MeasurementPlan& plan,
                  RowWindow window, objects::RegionSpool spool)
      : context_(context), planes_(planes), plan_(plan), window_(std::move(window)), spool_(std::move(spool)) {}

  /// Whoever traces fills it.
  RowWindow& window() noexcept { return window_; }
  const RowWindow& window() const noexcept { return window_; }

  /// One that ends within the rows at hand.
  void Add(objects::Region region) { found_.push_back(std::move(region)); }
  /// Measures what was added since: to be called before the window goes on. Errors of the planes and the spool;
  /// kCancelled.
  Status MeasureFound();
  /// There are no more.
  Result<FoundObjects> Finish() &&;

 private:
  void Measure(const objects::Region& region, std::span<double> values) const;
  Status MeasureWaiting();

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const objects::MeasurementPlan& plan_;
  RowWindow window_;
  objects::RegionSpool spool_;
  std::vector<objects::Region> found_, waiting_;
  std::int64_t waiting_corners_ = 0;
};

}  // namespace tegula::pipeline
