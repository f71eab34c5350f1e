// server/classifier_routes.h — the routes of classifiers: those that are kept, and making one.
#pragma once

#include <vector>

#include "tegula/server/http.h"
#include "tegula/server/view_routes.h"

namespace tegula::server {

/// The classifier that is kept under a name, and how the viewer calls its model. kNotFound also for a model that the
/// viewer may not show.
struct ShownClassifier {
  app::Classifier classifier;
  std::string model;
};
Result<ShownClassifier> ClassifierOf(const ViewState& state, const std::string& name);

std::vector<Route> ClassifierRoutes(const ViewState& state);

}  // namespace tegula::server
