// app/object_report.h — what a report shows of objects, gathered while they pass by.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/app/object_density.h"
#include "tegula/app/object_gallery.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/seam_edges.h"
#include "tegula/outputs/run_record.h"
#include "tegula/tiling/plan.h"

namespace tegula::app {

/// Seams of an output's finished pixels along an axis, of which there are `size`.
std::vector<std::int64_t> SeamsOnMap(const tiling::AxisPlan& plan, std::size_t output, std::int64_t size);

/// Memory: eight bytes per object and measurement that is shown, and some outlines. One thread at a time.
class ObjectReport {
 public:
  /// Of objects of the plan's output number 0, which is `output`.
  ObjectReport(const pipeline::OutputInfo& output, const tiling::TilePlan& plan);

  /// What will be measured of them, of which part of theirs if they have some; `seed` decides which are shown.
  void Begin(const objects::MeasurementPlan& measured, std::string_view part, std::uint64_t seed);
  /// An object that the edge of what was asked for may cut says nothing about seams.
  void Add(const objects::Region& region, std::span<const double> values, bool may_be_cut);

  std::optional<objects::SeamEdgeFinding> seams() const { return seams_.Finding(); }
  /// `slide` is a picture of all of the image. Errors of reading the image.
  Result<outputs::ObjectFigures> Figures(const image::BoundImage& image, const Tensor& slide_yxc,
                                         const objects::MapFrame& frame, const pipeline::RegionOfInterest* asked) const;

 private:
  pipeline::OutputInfo output_;
  ObjectDensity density_;
  ObjectGallery gallery_{0};
  objects::SeamEdges seams_;
  std::vector<std::size_t> columns_;               // that are shown
  std::vector<outputs::MeasuredValues> measured_;  // of these
};

/// What is said of them in a record: a note, and a warning if there are any.
void DescribeSeams(const std::optional<objects::SeamEdgeFinding>& finding, outputs::RunRecord& record);

/// A sentence on the straight edges along seams; empty where nothing can be said.
std::string SeamSentence(const std::optional<objects::SeamEdgeFinding>& finding);

}  // namespace tegula::app
