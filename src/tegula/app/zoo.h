// app/zoo.h — finding, getting and keeping models: what `tegula zoo` does.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/zoo/cache_care.h"
#include "tegula/zoo/catalogue.h"

namespace tegula::app {

struct ZooSearchRequest {
  zoo::Query query;
  bool runnable = false;  ///< only models that `test` can run here
  std::string image;      ///< only models that can be applied to this image; empty: all
};

struct ZooHit {
  zoo::CatalogueEntry entry;
  double score = 0;
  std::vector<std::string> fit;  ///< what the model would get of the image, sentences without a full stop
};

struct ZooSearchResponse {
  std::string timestamp;         ///< when the collection made its index
  std::int64_t age_seconds = 0;  ///< since `zoo update`
  std::size_t models = 0;        ///< in the catalogue
  std::vector<ZooHit> hits;      ///< the best first
};

/// Searches the cached catalogue; never touches the network. Whether a model runs is decided as `inspect` does, whether
/// it fits an image as `predict` does, by the pixel size too: a model whose pixel size is the image's comes first.
/// kNotFound without a catalogue; errors of the image.
Result<ZooSearchResponse> SearchZoo(const ZooSearchRequest& request, engines::Registry& registry,
                                    const RunContext& context);

struct ZooGetRequest {
  std::string model;
  std::vector<std::string> weights;  ///< formats; empty: those that run here; "all": all
};

struct ZooGetResponse {
  zoo::CachedModel model;
  Path folder;  ///< a package that other programs read too
};

/// Fetches a model for later use without a network: description, tensors, documentation, covers and weights. The
/// network is asked whether there is something newer. kInvalid for weights that the model has not; kUnsupported if none
/// of its weights runs here and none were named.
Result<ZooGetResponse> GetModel(const ZooGetRequest& request, engines::Registry& registry, const RunContext& context);

/// The model of the cache that a name means: an id with or without version, or any other name it was fetched by.
/// kNotFound.
Result<zoo::CachedModel> FindCached(const std::string& name, const RunContext& context);

struct ZooVerifyResponse {
  std::int64_t files = 0;
  std::vector<std::string> repaired;  ///< names of files that were damaged and are whole again
};
/// Compares every file of a cached model with the sum it came with, and fetches again what is damaged. kNotFound for a
/// model that is not in the cache; errors of the network.
Result<ZooVerifyResponse> VerifyModel(const std::string& name, const RunContext& context);

}  // namespace tegula::app
