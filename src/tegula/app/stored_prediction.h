// app/stored_prediction.h — a prediction that an earlier run has left: its pixels, its classes, and where it lies on
// the slide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/objects/annotations/pixel_grid.h"
#include "tegula/outputs/run_record.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::app {

struct StoredPrediction {
  Path folder;  ///< of the run
  outputs::RunRecord record;
  outputs::PlacementRecord placement;
  outputs::ChunkStore store;
  objects::PixelGrid grid;  ///< of `store` on the slide

  /// Of a pixel of the prediction: in µm² where the slide's pixel size is known, else in slide pixels.
  double PixelArea() const noexcept;
  bool knows_um() const noexcept { return record.image.pixel_size_y_um > 0 && record.image.pixel_size_x_um > 0; }
};

/// `path` is the folder of a run of `tegula predict`, or the store in it; `output` an id of the model's outputs, empty
/// for the first. kNotFound if there is no run, no such output or no OME-Zarr of it; kUnsupported for values that are
/// neither the model's own (or these in other floats) nor numbers of classes, and for a region of which they do not
/// tell what lies outside; errors of both files.
Result<StoredPrediction> OpenStoredPrediction(const Path& path, const std::string& output, const Limits& limits);

/// "FOLDER.geojson": what belongs to a prediction is called like its folder.
std::string NameOfAnnotations(const Path& prediction);
/// kInvalid if two predictions have one such name, so that the results of one would replace those of the other.
Status CheckNamesDiffer(const std::vector<Path>& predictions);
/// The file of annotations that belongs to a prediction: `annotations`, or the one in that folder. kInvalid for a
/// single file if there are several predictions, as annotations belong to one image.
Result<Path> AnnotationsFor(const Path& annotations, const Path& prediction, std::size_t predictions);

/// A folder of `tegula predict` for several images stands for the runs in it, in the order of their names; any other
/// path for itself. Looks at the folder's entries only.
std::vector<Path> RunsIn(const Path& path);

/// Whether the prediction is one plane; `what` begins the sentence. kUnsupported.
Status CheckSinglePlane(const StoredPrediction& prediction, std::string_view what);

}  // namespace tegula::app
