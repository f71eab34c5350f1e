// app/image_run.h — one image on its way from source to folder: what `predict` does for each of its images.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tegula/app/context.h"
#include "tegula/app/normalisation.h"
#include "tegula/app/predict.h"
#include "tegula/app/prove.h"
#include "tegula/app/run_region.h"
#include "tegula/app/source_stamps.h"
#include "tegula/app/tile_size.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/run_record.h"
#include "tegula/spec/package.h"

namespace tegula::app {

/// What is the same for all images of a call. Borrows.
struct PredictJob {
  const PredictRequest& request;
  const spec::Package& package;
  const ProvenNetwork& proven;
  const Normalisation& normalisation;
  const RegionRequest& region;
  const SourceStamps& sources;  ///< of SourcesOf for every image, from before any was opened
  ContextDecision context;
  MemoryBudget memory;
  const pipeline::WindowCosts* costs = nullptr;  ///< null where they do not matter
  std::vector<std::size_t> outputs;              ///< of the description, those that are made
  std::vector<std::int32_t> labels;              ///< channels of the first of them that become objects
  std::vector<ClassReading::Class> classes;      ///< what its channels are called; empty: as the model calls them
  std::vector<outputs::ChosenFormat> formats;
  outputs::StageRecord start;  ///< until the network was ready
  const image::Access& access;
};

/// "torchscript with openvino 2026.4: largest difference to the model's test outputs 1e-6".
std::string ProofOf(const WeightsCheck& check);

/// Names of what the pixels of an image's prediction are read from.
std::vector<std::string> SourcesOf(const PredictRequest& request, const std::string& image);

/// Predicts `image` into `folder`. A run of the same that was cut off goes on; one that is complete is not done again.
/// Errors of everything; after one the work that is done stays in the folder and the same call goes on.
Result<ImagePrediction> PredictImage(const PredictJob& job, const std::string& image, const Path& folder,
                                     const RunContext& context);

}  // namespace tegula::app
