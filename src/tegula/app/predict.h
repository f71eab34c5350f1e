// app/predict.h — the main job: a model applied to images, with pyramid, objects, run record and report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/convert/convert.h"
#include "tegula/app/feeds.h"
#include "tegula/app/network_identity.h"
#include "tegula/app/object_request.h"
#include "tegula/app/prove.h"
#include "tegula/app/run_values.h"
#include "tegula/app/verification_plan.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/image/binding.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/run_record.h"
#include "tegula/tiling/plan.h"

namespace tegula::app {

struct PredictRequest {
  Path model;
  std::vector<std::string> images;    ///< for the main input, see MainInput; none if all inputs are named
  std::vector<InputRequest> inputs;   ///< the other inputs, the same for all images
  std::vector<std::string> outputs;   ///< ids of the outputs to make; empty: all
  Path output;                        ///< with several images, one folder for each below it
  outputs::FormatRequest format;      ///< of the prediction
  std::vector<ValuesRequest> values;  ///< in which form values are stored; empty: as the model gives them
  bool overwrite = false;             ///< replace results that are there; what is not made again is removed
  image::BindingRequest binding;
  std::vector<std::string> region;        ///< as RegionRequest::Parse takes it; empty: all of the image
  std::string statistics_from = "image";  ///< as Normalisation::Open takes it
  bool save_statistics = false;           ///< leave statistics.json, which other runs and bioimageio.core can use
  tiling::TileRequest tiling;
  std::int64_t memory_bytes = 0;    ///< that the process may take; 0: a quarter of the machine's
  bool border_as_reference = true;  ///< decides tiling.border by what bioimageio.core does: see spec::PadsByHalo
  EngineRequest engine;
  ClassRequest classes;  ///< what the first output's channels are called and shown in wherever they are named
  ObjectRequest objects;
  std::optional<NetworkIdentity> network;  ///< that this must be, or it is refused with what differs
  std::string classifier;                  ///< who wants that: "classifier nuclei"
  bool qupath = false;                     ///< leave a folder with the objects for QuPath as well
  std::optional<VerifyRequest> verify;  ///< hold the result against other windows; a complete run is verified as it is
  std::optional<ConvertRequest> convert;  ///< if none of the weights runs: how to make some that do
  std::string command_line;               ///< for the run record
};

/// What was made of one image.
struct ImagePrediction {
  std::string image;
  Path folder;
  std::string report;  ///< path of the report
  std::int64_t objects = 0;
  double seconds = 0;
  double megapixels = 0;                                       ///< of output
  bool was_done = false;                                       ///< by an earlier call, so nothing was to do
  std::vector<outputs::VerificationRecord> verification = {};  ///< one per output, if it was asked for
  std::vector<outputs::ObjectsRecord> classes = {};            ///< of its objects
  bool knows_um = false;                                       ///< the pixel size of the image
  std::string error = {};                                      ///< why there is none
};

/// Everything that can be refused is refused before anything is written. Each image's folder is written under a
/// temporary name and renamed when it is complete: prediction.ome.zarr (or in the formats asked for; of several outputs
/// each under its id), the files of objects (if asked for), run.json, report.html; and of several images summary.csv
/// beside the folders. A run that was cut off leaves its work there, and the same call goes on with it. Of several
/// images the failure of one does not stop the others: it is in its row; the call itself fails if it was cancelled, or
/// if there is only one image. The prediction is made as OME-Zarr in any case; other formats are made from it at the
/// end, so for a while there must be space for both.
Result<std::vector<ImagePrediction>> Predict(const PredictRequest& request, engines::Registry& registry,
                                             const RunContext& context);

}  // namespace tegula::app
