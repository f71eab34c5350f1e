// pipeline/region_measuring.h — from finished regions to measured objects on disk, while the rows of a map stream by.
//
// Regions are worked on with the rows at hand by all workers; those that are taller wait, as outlines, and are measured
// together (tall_regions.h). Whoever traces gives rows and regions.
#pragma once

#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/region_worker.h"
#include "tegula/pipeline/row_window.h"
#include "tegula/pipeline/tall_regions.h"

namespace tegula::pipeline {

/// A window for `channels` of a map of this shape, whose bands are whole chunks of it if memory allows, so that each is
/// decoded once, else equal parts of them; with `more_rows` at hand than objects need. kExhausted.
Result<RowWindow> WindowFor(const PlaneReader& map, std::int64_t channels, std::int64_t more_rows,
                            const Limits& limits);

/// Borrows all but window and spool. One thread at a time.
class RegionMeasuring {
 public:
  /// The window has the channels of `planes`, or none if nothing of them is measured.
  RegionMeasuring(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                  const objects::MeasurementPlan& plan, RowWindow window, objects::RegionSpool spool)
      : context_(context),
        planes_(planes),
        plan_(plan),
        window_(std::move(window)),
        spool_(std::move(spool)),
        worker_(planes, options, plan, window_) {}
  RegionMeasuring(const RegionMeasuring&) = delete;
  RegionMeasuring& operator=(const RegionMeasuring&) = delete;

  /// Whoever traces fills it.
  RowWindow& window() noexcept { return window_; }

  /// One that ends within the rows at hand.
  void Add(objects::Region region) { found_.push_back(std::move(region)); }
  /// Works on what was added since: to be called before the window goes on. Errors of the planes and the spool;
  /// kCancelled.
  Status MeasureFound();
  /// There are no more. To be called once.
  Result<FindResult> Finish();

 private:
  Status Take(WorkedRegions worked);
  Status MeasureWaiting();

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const objects::MeasurementPlan& plan_;
  RowWindow window_;
  objects::RegionSpool spool_;
  RegionWorker worker_;
  std::vector<objects::Region> found_, waiting_;
  std::int64_t waiting_corners_ = 0;
  ObjectsSummary summary_;
};

}  // namespace tegula::pipeline
