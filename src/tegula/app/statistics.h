// app/statistics.h — the numbers that a model wants to know of images, without predicting anything: for a dataset whose
// images are predicted one by one, on several machines, or by bioimageio.core.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/ops/statistics.h"

namespace tegula::app {

struct StatisticsRequest {
  Path model;
  std::vector<std::string> images;
  std::string from = "image";  ///< as Normalisation::Open takes it
  image::BindingRequest binding;
};

/// Of one image all that the model's input needs; of several what it needs of all together. kInvalid if that is
/// nothing; errors of package and images.
Result<ops::Statistics> TakeStatistics(const StatisticsRequest& request, const RunContext& context);

}  // namespace tegula::app
