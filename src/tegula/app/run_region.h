// app/run_region.h — the part of an image that a run is asked for: rectangles, areas that were drawn, tissue.
//
// It says what is skipped and nothing else: windows, their grid and the statistics that normalise the image are those
// of a run without it, so a pixel inside has the value that it has in such a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/feeds.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/region_of_interest.h"
#include "tegula/tiling/plan.h"

namespace tegula::app {

inline constexpr const char* kTissueFile = "tissue.geojson";

/// What a call asks for, the same for all its images. Immutable and thread-safe.
class RegionRequest {
 public:
  /// Each of `words` is one of
  ///   X,Y,WIDTH,HEIGHT   a rectangle, in pixels of level 0
  ///   FILE.geojson       the areas of a GeoJSON file, in pixels of level 0
  ///   tissue             where there is tissue, see image/tissue.h; tissue=T with that threshold
  /// and together they add up; no word asks for all of the image. kInvalid for what is none of these, and for outlines
  /// with several images: they belong to one. Errors of the files.
  static Result<RegionRequest> Parse(const std::vector<std::string>& words, std::size_t images);

  bool is_all() const noexcept { return words_.empty(); }
  bool wants_tissue() const noexcept { return wants_tissue_; }
  const std::optional<double>& tissue_threshold() const noexcept { return tissue_threshold_; }
  const std::vector<std::string>& words() const noexcept { return words_; }
  const std::vector<objects::PointPolygon>& areas() const noexcept { return areas_; }
  /// The words and a hash of each file.
  const std::string& key() const noexcept { return key_; }
  /// Whether `file` is one of those that were read.
  bool Reads(const Path& file) const;

 private:
  std::vector<std::string> words_;
  std::vector<objects::PointPolygon> areas_;
  std::vector<Path> files_;
  bool wants_tissue_ = false;
  std::optional<double> tissue_threshold_;
  std::string key_ = "all of the image";
};

/// On one image and its outputs. Immutable and thread-safe.
class RunRegion {
 public:
  /// All of the image.
  RunRegion() = default;
  /// For the prediction of `feeds` by `plan`, which makes these outputs of the model. Tissue is looked for and written
  /// into `folder` under kTissueFile. kInvalid if no output has a pixel in the region; errors of FindTissueAreas.
  static Result<RunRegion> Create(const RegionRequest& request, const std::string& image, const Feeds& feeds,
                                  const spec::ModelDescription& model, const std::vector<std::size_t>& outputs,
                                  const image::BindingRequest& planes, const tiling::TilePlan& plan, const Path& folder,
                                  const RunContext& context);

  /// Of an output, by its number among those that are made; null: all of it.
  const pipeline::RegionOfInterest* On(std::size_t output) const noexcept {
    return on_.empty() ? nullptr : &on_[output];
  }
  bool is_all() const noexcept { return on_.empty(); }
  /// Pixels of an output that are asked for in each plane.
  std::int64_t Area(std::size_t output) const noexcept { return areas_[output]; }
  /// Its outlines for pictures, in pixels of level 0; corners that no picture can show are left out.
  const std::vector<objects::PointRing>& outlines() const noexcept { return outlines_; }
  const std::optional<outputs::RegionRecord>& record() const noexcept { return record_; }

 private:
  std::vector<pipeline::RegionOfInterest> on_;
  std::vector<std::int64_t> areas_;
  std::vector<objects::PointRing> outlines_;
  std::optional<outputs::RegionRecord> record_;
};

/// Whether outputs can be made in part: kUnsupported for one whose postprocessing wants statistics of all of it that
/// are not `known`.
Status CheckRegionApplies(const spec::ModelDescription& model, const std::vector<std::size_t>& outputs,
                          const ops::Statistics& known);

}  // namespace tegula::app
