// outputs/model_page.h — a model on one page: what it does, who made it, what goes in and comes out, where it runs.
//
// Like the report a single HTML file without scripts and without anything from elsewhere; all text is escaped.
#pragma once

#include <string>
#include <vector>

#include "tegula/spec/model_description.h"

namespace tegula::outputs {

struct WeightsRow {
  std::string format, file;
  std::string engine;  ///< empty: none runs it
  std::string reason;  ///< why not
};
struct SizesRow {
  std::string axis, sizes;
};

/// Borrows the model.
struct ModelPage {
  const spec::ModelDescription& model;
  std::string package;
  std::vector<WeightsRow> weights;
  std::vector<SizesRow> tile_sizes;
  std::vector<std::string> covers;  ///< data addresses of images
  std::string reason;               ///< why it does not run or apply
  bool runs = false, applies = false;
};

std::string RenderModelPage(const ModelPage& page);

}  // namespace tegula::outputs
