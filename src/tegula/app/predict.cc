#include "tegula/app/predict.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/convert/made_weights.h"
#include "tegula/app/image_access.h"
#include "tegula/app/image_run.h"
#include "tegula/app/model_source.h"
#include "tegula/app/normalisation.h"
#include "tegula/app/run_qupath.h"
#include "tegula/app/run_region.h"
#include "tegula/app/select.h"
#include "tegula/app/stopwatch.h"
#include "tegula/app/summary.h"
#include "tegula/spec/object_output.h"
#include "tegula/spec/sizes.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kCacheShare = 8;  // of the memory, for the decoded tiles of one image: 1 / kCacheShare

// The same by what the user calls the channels; those of one class belong together, and the model's names are known.
Result<std::vector<std::int32_t>> NamedLabels(const std::vector<std::string>& classes,
                                              const std::vector<ClassReading::Class>& named) {
  std::vector<std::string> names;
  for (const ClassReading::Class& each : named) names.push_back(each.name);
  std::vector<std::int32_t> labels;
  for (const std::string& wanted : classes) {
    const auto before = labels.size();
    for (std::size_t i = 0; i < named.size(); ++i)
      if (named[i].name == wanted) labels.push_back(static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < named.size() && labels.size() == before; ++i)
      if (named[i].channel == wanted) labels.push_back(static_cast<std::int32_t>(i));
    if (labels.size() > before) continue;
    TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int32_t> others, LabelsOf({wanted}, names));
    labels.insert(labels.end(), others.begin(), others.end());
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

// Which channels of an output become objects. One channel alone may be called by the output's id as well.
Result<std::vector<std::int32_t>> ChosenLabels(std::vector<std::string> classes, const spec::TensorDescription& output,
                                               const std::vector<ClassReading::Class>& named) {
  if (!named.empty()) return NamedLabels(classes, named);
  const spec::Axis* channel = output.FindAxis(spec::AxisType::kChannel);
  const bool has_names = channel != nullptr && !channel->channel_names.empty();
  const std::vector<std::string> names = has_names ? channel->channel_names : std::vector<std::string>{output.id};
  if (names.size() == 1) std::replace(classes.begin(), classes.end(), output.id, names.front());
  return LabelsOf(classes, names);
}

// One folder per image, named after it; equal names are numbered.
std::vector<Path> FoldersFor(const PredictRequest& request) {
  if (request.images.size() == 1) return {request.output};
  std::vector<Path> folders;
  for (const std::string& image : request.images) {
    const std::string stem = Path(ShortName(image)).stem().string();
    Path folder = request.output / stem;
    for (int n = 2; std::find(folders.begin(), folders.end(), folder) != folders.end(); ++n)
      folder = request.output / fmt::format("{}-{}", stem, n);
    folders.push_back(std::move(folder));
  }
  return folders;
}

// Images feed the main input; a call that names all inputs has one, whose name is that of the first image.
Result<std::optional<std::size_t>> CheckImages(const spec::ModelDescription& model, PredictRequest& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::size_t> main, MainInput(model, request.inputs));
  if (main && request.images.empty())
    return InvalidError(fmt::format("no image is given for input {} of the model", model.inputs[*main].id));
  if (!main && !request.images.empty())
    return InvalidError(fmt::format("every input is given by --input, so nothing is left that {} could be for",
                                    ShownName(request.images.front())));
  if (!main) request.images = {request.inputs.front().value};
  return main;
}

SummarizedImage Summarized(const ImagePrediction& row) {
  if (!row.error.empty()) return {.image = row.image, .folder = {}, .result = "failed", .reason = row.error};
  SummarizedImage summarized{row.image, row.folder.string(), row.was_done ? "done before" : "done"};
  if (!row.was_done) summarized.megapixels = row.megapixels;
  summarized.seconds = row.seconds;
  summarized.classes = row.classes;
  summarized.knows_um = row.knows_um;
  return summarized;
}

}  // namespace

Result<std::vector<ImagePrediction>> Predict(const PredictRequest& wanted, engines::Registry& registry,
                                             const RunContext& context) {
  PredictRequest request = wanted;
  Stopwatch watch;
  TEGULA_ASSIGN_OR_RETURN(std::vector<outputs::ChosenFormat> formats, outputs::ChooseFormats(request.format));
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, OpenModel(request.model, request.engine.cache, context));
  const spec::ModelDescription& model = package.description();
  if (request.network) TEGULA_TRY(CheckPackage(request.classifier, *request.network, package));
  if (request.border_as_reference)
    request.tiling.border = spec::PadsByHalo(model) ? tiling::Border::kPad : tiling::Border::kNetwork;
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::size_t> main, CheckImages(model, request));
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::size_t> outputs, pipeline::FindOutputs(model, request.outputs));
  TEGULA_TRY(pipeline::CheckApplicable(model, outputs).Context(request.model.string()));
  TEGULA_TRY(CheckValues(request.values, model, outputs));
  ClassReading reading;
  if (request.classes.says_names()) {
    TEGULA_ASSIGN_OR_RETURN(reading, ReadClassesOf(model.outputs[outputs.front()], request.classes));
  }
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::int32_t> labels,
                          ChosenLabels(request.objects.classes, model.outputs[outputs.front()], reading.classes));
  if (spec::FindObjectOps(model.outputs[outputs.front()])) TEGULA_TRY(CheckKind(request.objects, MapKind::kNumbers));
  if (request.qupath && labels.empty())
    return InvalidError("--qupath is for objects, and none are made: name their channels with --objects");
  if (request.qupath) TEGULA_TRY(CheckQuPath(request.objects));
  const MemoryBudget memory = MemoryBudget::Of(request.memory_bytes);
  image::Access access = AccessTo(context);
  if (memory.bytes > 0) access.cache_bytes = memory.bytes / kCacheShare;
  SourceStamps sources(access);
  for (const std::string& image : request.images)
    for (const std::string& source : SourcesOf(request, image)) sources.Add(source);
  TEGULA_ASSIGN_OR_RETURN(Normalisation normalisation,
                          Normalisation::Open(request.statistics_from, model, request.images.size()));
  TEGULA_ASSIGN_OR_RETURN(const RegionRequest region, RegionRequest::Parse(request.region, request.images.size()));
  // An image that is missing or does not fit is told before the network is loaded.
  std::vector<ImagePrediction> rows;
  bool any = false;
  for (const std::string& image : request.images) {
    const Result<Feeds> fits =
        Feeds::Open(model, image, request.binding, request.inputs, access).Context(ShownName(image));
    if (!fits.ok() && request.images.size() == 1) return fits.error();
    rows.push_back({.image = ShownName(image), .error = fits.ok() ? "" : ToString(fits.error())});
    any = any || fits.ok();
  }
  if (!any) return rows;
  if (request.convert && !HasWeightsThatRun(model)) {
    TEGULA_TRY(Convert(*request.convert, registry, context));
    AddMadeWeights(package, request.engine.cache);
  }
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork proven, SelectNetwork(package, request.engine, registry, context));
  if (request.network)
    TEGULA_TRY(
        CheckSame(request.classifier,
                  DifferencesTo(*request.network, NetworkOf(proven, package.description_sha256(), request.engine))));
  context.progress.Note(ProofOf(proven.check));

  if (main) TEGULA_TRY(normalisation.TakeDataset(context, model.inputs[*main], request.images, request.binding));
  ContextDecision decision;
  std::optional<pipeline::WindowCosts> costs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].error.empty() || (decision.source == kMeasured && costs)) continue;
    TEGULA_ASSIGN_OR_RETURN(const Feeds feeds,
                            Feeds::Open(model, request.images[i], request.binding, request.inputs, access));
    TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds.FrameAt(0, 0));
    TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan,
                            pipeline::PlanFor(model, frame.feeds, {outputs, request.tiling}));
    if (!costs && NeedsCosts(plan, memory)) {
      TEGULA_ASSIGN_OR_RETURN(const tiling::ModelGrid grid, tiling::GridOf(model, outputs, request.tiling));
      TEGULA_ASSIGN_OR_RETURN(costs, MeasuredCosts(package, proven, grid, request.engine, memory, context));
    }
    if (decision.source == kMeasured) continue;
    TEGULA_ASSIGN_OR_RETURN(decision, DecideContext(package, proven, feeds, outputs, request.engine,
                                                    costs ? &*costs : nullptr, memory, context, request.tiling));
  }
  const PredictJob job{request,
                       package,
                       proven,
                       normalisation,
                       region,
                       sources,
                       std::move(decision),
                       memory,
                       costs ? &*costs : nullptr,
                       std::move(outputs),
                       std::move(labels),
                       std::move(reading.classes),
                       std::move(formats),
                       watch.Lap("start"),
                       access};
  const std::vector<Path> folders = FoldersFor(request);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].error.empty()) continue;
    Result<ImagePrediction> prediction = PredictImage(job, request.images[i], folders[i], context);
    if (prediction.ok()) {
      rows[i] = std::move(*prediction);
      continue;
    }
    if (rows.size() == 1 || prediction.error().code == Code::kCancelled)
      return Result<ImagePrediction>(std::move(prediction)).Context(rows[i].image).error();
    context.progress.Note(fmt::format("{}: {}", rows[i].image, ToString(prediction.error())));
    rows[i].error = ToString(prediction.error());
  }
  if (rows.size() > 1) {
    TEGULA_TRY(MakeFolders(request.output));
    std::vector<SummarizedImage> summary;
    for (const ImagePrediction& row : rows) summary.push_back(Summarized(row));
    TEGULA_TRY(WriteSummary(summary, request.output / kSummaryFile));
  }
  return rows;
}

}  // namespace tegula::app
