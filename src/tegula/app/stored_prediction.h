// app/stored_prediction.h — a prediction that an earlier run has left: its pixels, its classes, and where it lies on
// the slide.
#pragma once

#include <string>
#include <string_view>

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
/// for the first. kNotFound if there is no run, no such output or no OME-Zarr of it; errors of both files.
Result<StoredPrediction> OpenStoredPrediction(const Path& path, const std::string& output, const Limits& limits);

/// Whether the prediction is one plane; `what` begins the sentence. kUnsupported.
Status CheckSinglePlane(const StoredPrediction& prediction, std::string_view what);

}  // namespace tegula::app
