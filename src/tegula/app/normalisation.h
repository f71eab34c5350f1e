// app/normalisation.h — whose mean, deviation and percentiles normalise what goes into a network.
//
// The format says: those of the whole image, or of the whole dataset. Users may have reasons for others: an image that
// is mostly empty, a control slide, the numbers that bioimageio.core took. One place reads what they ask for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/ops/statistics.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// Borrows the model. Immutable and thread-safe after TakeDataset.
class Normalisation {
 public:
  /// `from` is one of
  ///   image                      all pixels of the image
  ///   padded                     the same with the model's halo around it, as bioimageio.core 0.11 takes them
  ///   roi=X,Y,WIDTH,HEIGHT       a rectangle, in pixels of level 0
  ///   FILE.geojson               the pixels inside the areas of a GeoJSON file, in pixels of level 0
  ///   any other FILE             statistics that --save-statistics or `bioimageio predict --stats` wrote
  /// kInvalid for a rectangle that is none; errors of the files, which must answer all that the model's inputs need.
  /// kInvalid also for outlines with several images: they belong to one.
  static Result<Normalisation> Open(const std::string& from, const spec::ModelDescription& model, std::size_t images);

  /// Takes the statistics that belong to all images of `input` together, if there are several and the model wants such.
  /// Call once. Errors of opening, binding and reading.
  Status TakeDataset(const RunContext& context, const spec::TensorDescription& input,
                     const std::vector<std::string>& images, const image::BindingRequest& binding);
  /// All that the model's inputs need, and what is known of its outputs: the dataset's, and those of what feeds it.
  /// Regions and outlines are of the first image; kUnsupported for a constant where statistics of an image are wanted.
  /// With `of_patches` what belongs to a sample is left out if nothing else was asked for: each patch is one.
  Result<ops::Statistics> Of(const RunContext& context, std::span<const pipeline::InputFeed> feeds,
                             bool of_patches = false) const;

  /// The same from what StatisticsToJson wrote of them. Errors of StatisticsFromJson.
  Result<ops::Statistics> FromJson(std::string_view text) const;

  /// What is known without looking at a further image: from a file, or of the dataset.
  const ops::Statistics& known() const noexcept { return known_; }
  /// For the run record: what is out of the ordinary, or nothing.
  const std::string& note() const noexcept { return note_; }

 private:
  explicit Normalisation(const spec::ModelDescription& model) : model_(&model) {}
  Status ReadStatistics(const std::string& file);

  const spec::ModelDescription* model_;
  std::vector<ops::StatisticRequest> wanted_;  // of all inputs
  bool padded_ = false;
  bool from_file_ = false;
  std::optional<objects::PolygonMask> mask_;
  ops::Statistics known_;  // from a file, or of the dataset
  std::string note_;
};

}  // namespace tegula::app
