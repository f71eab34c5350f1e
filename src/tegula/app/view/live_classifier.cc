#include "tegula/app/view/live_classifier.h"

#include <fmt/format.h>

#include <algorithm>

namespace tegula::app {

Status Apply(const Classifier& classifier, LiveRequest& request) {
  const bool has_windows = std::ranges::any_of(
      classifier.axes, [](const ClassifierAxis& axis) { return axis.context > 0 || axis.stride > 0; });
  const bool has_planes = !classifier.z.empty() || !classifier.t.empty() || !classifier.z_projection.empty();
  if (has_windows || has_planes || classifier.border != "auto" || classifier.statistics_from != "image")
    return UnsupportedError(
        fmt::format("{} decides planes, context, stride, border or statistics, which is not shown where one looks; run "
                    "`tegula predict --classifier` on the image",
                    TitleOf(classifier)));
  PredictRequest predict;
  predict.engine = request.engine;
  TEGULA_TRY(Apply(classifier, predict));
  request.model = predict.model.string();
  request.binding = std::move(predict.binding);
  request.output = predict.outputs.front();
  request.tile = predict.tiling.tile;
  request.engine = std::move(predict.engine);
  request.classifier = classifier;
  return Ok();
}

}  // namespace tegula::app
