#include "tegula/app/run_facts.h"

#include <fmt/format.h>

#include "tegula/app/image_access.h"
#include "tegula/app/run_values.h"
#include "tegula/app/version.h"
#include "tegula/ops/statistics_file.h"

namespace tegula::app {
namespace {

// The format in which chunks lie on disk while they are made.
std::string NameOfStore(const PredictJob& job) {
  for (const outputs::ChosenFormat& chosen : job.formats)
    if (chosen.format->is_store())
      return fmt::format("{} ({}) in shards of {}", chosen.format->name, outputs::NameOf(chosen),
                         job.request.format.shard_pixels);
  // For the way; coded as the first of the others wants it.
  return fmt::format("for {} ({})", job.formats.front().format->name, outputs::NameOf(job.formats.front()));
}

}  // namespace

std::string WindowFact(GridAxis axis) { return fmt::format("size of windows along {}", GridAxisName(axis)); }

Result<RunKey> KeyOf(const PredictJob& job, const std::string& image, const image::BoundInfo& bound,
                     const tiling::TilePlan& plan) {
  const PredictRequest& request = job.request;
  const WeightsCheck& check = job.proven.check;
  RunKey key;
  key.Add("version of Tegula", std::string(Version()));
  key.Add("model description", job.package.description_sha256());
  key.Add("weights", check.weights_sha256);
  key.Add("engine", fmt::format("{} {}, {}, {} threads, {}", Title(check), check.engine_version,
                                engines::PrecisionName(check.precision), request.engine.threads,
                                check.is_converted ? "converted" : "as it is"));
  key.Add("image", ShownName(image));
  TEGULA_ASSIGN_OR_RETURN(std::string stamp, job.sources.Of(image));
  key.Add("content of the image", std::move(stamp));
  key.Add("binding", fmt::format("{}", fmt::join(bound.decisions, "; ")));
  for (const InputRequest& input : request.inputs) {
    TEGULA_ASSIGN_OR_RETURN(stamp, job.sources.Of(input.value));
    key.Add("input " + input.id, fmt::format("{} ({})", ShownName(input.value), stamp));
  }
  key.Add("region", job.region.key());
  TEGULA_ASSIGN_OR_RETURN(stamp, job.sources.Of(request.statistics_from));
  key.Add("source of statistics", fmt::format("{} ({})", request.statistics_from, stamp));
  // Those of several images together are no statistics of this one.
  key.Add("statistics of the dataset", Sha256OfBytes(ops::StatisticsToJson(job.normalisation.known())));
  for (const GridAxis axis : kGridAxes) {
    const tiling::AxisPlan& along = plan.axes[axis];
    std::string outputs;
    for (const tiling::OutputAxis& output : along.outputs)
      outputs += fmt::format("; output of {} in chunks of {}", output.size, output.chunk);
    std::string starts;
    for (const tiling::Window& window : along.windows) starts += fmt::format(" {}", window.input.begin);
    key.Add(WindowFact(axis), std::to_string(along.window));
    key.Add(fmt::format("windows along {}", GridAxisName(axis)),
            fmt::format("{} windows of {} pixels in {}, padded by {}{}; starts {}", along.windows.size(), along.window,
                        along.padded, along.pad_before, outputs, Sha256OfBytes(starts).substr(0, 16)));
  }
  std::vector<std::string> ids;
  for (const std::size_t output : job.outputs) ids.push_back(job.package.description().outputs[output].id);
  key.Add("outputs", fmt::format("{}", fmt::join(ids, ", ")));
  for (const std::string& id : ids) {
    const outputs::ValueRequest values = ValuesFor(request.values, id);
    key.Add("values of " + id, values.range ? fmt::format("{} of {} to {}", outputs::NameOf(values.values),
                                                          values.range->low, values.range->high)
                                            : std::string(outputs::NameOf(values.values)));
  }
  for (const ClassReading::Class& each : job.classes)
    key.Add("class of channel " + each.channel, fmt::format("{} {}", each.name, outputs::TextOf(each.colour)));
  key.Add("store", NameOfStore(job));
  return key;
}

RunKey CompleteKey(const PredictJob& job, RunKey key) {
  const ObjectRequest& objects = job.request.objects;
  std::vector<std::string> formats;
  for (const outputs::ChosenFormat& chosen : job.formats)
    formats.push_back(fmt::format("{} ({})", chosen.format->name, outputs::NameOf(chosen)));
  key.Add("formats", fmt::format("{}", fmt::join(formats, ", ")));
  key.Add("objects", fmt::format("{}: {}", fmt::join(job.labels, ","), ToText(objects)));
  key.Add("folder for QuPath", job.request.qupath ? "yes" : "no");
  key.Add("saved statistics", job.request.save_statistics ? "yes" : "no");
  return key;
}

}  // namespace tegula::app
