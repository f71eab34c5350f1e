// app/inspect.h — what a model or an image is, what it needs, and whether it can run here.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/image/source.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// One weights entry and whether an engine of this installation takes it.
struct WeightsSupport {
  spec::WeightsFormat format = spec::WeightsFormat::kOnnx;
  std::string file;
  std::string engine;  ///< empty if none does
  std::string reason;  ///< why not
};

/// Valid edges of a tile along one axis.
struct TileSizes {
  std::string axis;
  std::int64_t min = 0;
  std::int64_t step = 0;  ///< 0: only `min`
  std::int64_t declared_halo = 0;
};

/// Of a description of another type only what all resources have is filled.
struct ModelCard {
  std::string package;
  std::string description_file;
  spec::ModelDescription model;
  std::vector<WeightsSupport> weights;
  std::vector<WeightsCheck> checks;  ///< of every way to run it, if `test --all-engines` or `predict` tried them here
  std::vector<TileSizes> tile_sizes;
  std::vector<std::string> covers;  ///< pictures of the package that a page can show, as data addresses
  std::size_t errors = 0;           ///< places where the description breaks the format
  bool runs = false;                ///< `test` can run it: an engine takes a weights entry and all ops are known
  bool applies = false;             ///< and `predict` can apply it to images
  std::string reason;               ///< why not, one sentence
};

struct ImageCard {
  std::string name;
  image::ImageInfo info;
};

/// Which engine of this installation takes a weights entry.
WeightsSupport SupportOf(const spec::WeightsEntry& weights, engines::Registry& registry);
/// Ok if `test` can run the model: an engine takes a weights entry and all ops are known; else why not.
Status RunsHere(const spec::ModelDescription& model, engines::Registry& registry);

/// Whatever is wrong with a description, what can be shown of it is shown; errors are those of Package::Read.
/// `model` is what OpenModel takes; `request` decides whose checks are shown; covers are read only if they are wanted.
Result<ModelCard> InspectModel(const Path& model, const EngineRequest& request, engines::Registry& registry,
                               const RunContext& context, bool with_covers = true);
Result<ImageCard> InspectImage(const std::string& name, const RunContext& context);

/// Whether a name is to be read as a model: a folder, a yaml file, a zip, or the name of a model that is elsewhere.
bool LooksLikeModel(const std::string& name);

}  // namespace tegula::app
