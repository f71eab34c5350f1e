// app/normalisation.h — whose mean, deviation and percentiles normalise what goes into a network.
//
// The format says: those of the whole image, or of the whole dataset. Users may have reasons for others: an image that
// is mostly empty, a control slide, the numbers that bioimageio.core took. One place reads what they ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/ops/statistics.h"
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
  /// kInvalid for a rectangle that is none; errors of the files, which must answer all that the model's input needs.
  /// kInvalid also for outlines with several images: they belong to one.
  static Result<Normalisation> Open(const std::string& from, const spec::ModelDescription& model, std::size_t images);

  /// Takes the statistics that belong to all images together, if there are several and the model wants such. Call
  /// once. Errors of opening, binding and reading.
  Status TakeDataset(const RunContext& context, const std::vector<std::string>& images,
                     const image::BindingRequest& binding);
  /// All that the model's input needs, and what is known of its output: the dataset's and those of `image`.
  Result<ops::Statistics> Of(const RunContext& context, const image::BoundImage& image) const;

  /// What is known without looking at a further image: from a file, or of the dataset.
  const ops::Statistics& known() const noexcept { return known_; }
  /// For the run record: what is out of the ordinary, or nothing.
  const std::string& note() const noexcept { return note_; }

 private:
  explicit Normalisation(const spec::ModelDescription& model) : model_(&model) {}
  Status ReadStatistics(const std::string& file);

  const spec::ModelDescription* model_;
  std::vector<ops::StatisticRequest> wanted_;  // of the input
  bool padded_ = false;
  bool from_file_ = false;
  std::optional<objects::PolygonMask> mask_;
  ops::Statistics known_;  // from a file, or of the dataset
  std::string note_;
};

}  // namespace tegula::app
