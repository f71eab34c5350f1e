#include "tegula/app/statistics.h"

#include <fmt/format.h>

#include "tegula/app/feeds.h"
#include "tegula/app/image_access.h"
#include "tegula/app/model_source.h"
#include "tegula/app/normalisation.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/package.h"

namespace tegula::app {

Result<ops::Statistics> TakeStatistics(const StatisticsRequest& request, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, {}, context));
  const spec::ModelDescription& model = package.description();
  TEGULA_TRY(pipeline::CheckOps(model).Context(request.model.string()));
  TEGULA_ASSIGN_OR_RETURN(Normalisation normalisation, Normalisation::Open(request.from, model, request.images.size()));
  ops::Statistics statistics;
  if (request.images.size() == 1) {
    TEGULA_ASSIGN_OR_RETURN(const Feeds feeds,
                            Feeds::Open(model, request.images[0], request.binding, {}, AccessTo(context)));
    if (feeds.frames() != PerAxis<std::int64_t>{{1, 1, 1, 1}})
      return InvalidError(
          "the model takes single planes, each with statistics of its own; choose one with --z and --t");
    TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds.FrameAt(0, 0));
    TEGULA_ASSIGN_OR_RETURN(statistics, normalisation.Of(context, frame.feeds));
  } else {
    TEGULA_TRY(normalisation.TakeDataset(context, model.inputs.front(), request.images, request.binding));
    statistics = normalisation.known();
  }
  if (statistics.all().empty())
    return InvalidError(fmt::format("{} wants no statistics of {}", request.model.string(),
                                    request.images.size() == 1 ? "its input" : "several images together"));
  return statistics;
}

}  // namespace tegula::app
