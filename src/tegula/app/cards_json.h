// app/cards_json.h — cards of models and images and results of searches as JSON, the same for the command line and for
// programs that talk to the viewer.
#pragma once

#include <cstddef>
#include <string>

#include "tegula/app/inspect.h"
#include "tegula/app/zoo.h"

namespace tegula::app {

std::string CardToJson(const ModelCard& card);
std::string CardToJson(const ImageCard& card);
/// The best `most` hits.
std::string SearchToJson(const ZooSearchResponse& found, std::size_t most);

}  // namespace tegula::app
