#include "tegula/app/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/model_input.h"
#include "tegula/app/model_source.h"
#include "tegula/app/normalisation.h"
#include "tegula/app/pictures.h"
#include "tegula/app/select.h"
#include "tegula/app/staging.h"
#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/image/open.h"
#include "tegula/ops/statistics_file.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/outputs/report.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/second_pass.h"
#include "tegula/spec/sizes.h"

namespace tegula::app {
namespace {

constexpr const char* kPrediction = "prediction";  // and the suffix of its format
constexpr const char* kObjects = "objects.geojson";
constexpr const char* kRecord = "run.json";
constexpr const char* kStatistics = "statistics.json";
constexpr const char* kReport = "report.html";

// What is the same for all images of a call.
struct Job {
  const PredictRequest& request;
  const spec::Package& package;
  const ProvenNetwork& proven;
  const Normalisation& normalisation;
  std::vector<std::int32_t> labels;  ///< output channels that become objects
  std::vector<const outputs::OutputFormat*> formats;
  outputs::StageRecord start;  ///< until the network was ready
};

std::string FileOf(const outputs::OutputFormat& format) { return kPrediction + std::string(format.suffix); }

// Names or 0-based indices of output channels, or "all".
Result<std::vector<std::int32_t>> LabelsOf(const std::vector<std::string>& classes,
                                           const spec::TensorDescription& output) {
  const spec::Axis* channel = output.FindAxis(spec::AxisType::kChannel);
  const std::vector<std::string> names = channel != nullptr && !channel->channel_names.empty()
                                             ? channel->channel_names
                                             : std::vector<std::string>{output.id};
  std::vector<std::int32_t> labels;
  for (const std::string& wanted : classes) {
    if (wanted == "all") {
      for (std::size_t i = 0; i < names.size(); ++i) labels.push_back(static_cast<std::int32_t>(i));
      continue;
    }
    auto found = std::find(names.begin(), names.end(), wanted);
    const std::optional<std::int64_t> index = ParseInt(wanted);
    if (found == names.end() && index && *index >= 0 && *index < static_cast<std::int64_t>(names.size()))
      found = names.begin() + *index;
    if (found == names.end())
      return InvalidError(fmt::format("the model has no output channel {} to make objects of; it has {}", wanted,
                                      fmt::join(names, ", ")));
    labels.push_back(static_cast<std::int32_t>(found - names.begin()));
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

// Takes wall and CPU time between its calls.
class Stopwatch {
 public:
  outputs::StageRecord Lap(std::string name) {
    const double wall = MonotonicSeconds(), cpu = CpuSeconds();
    outputs::StageRecord lap{std::move(name), wall - wall_, cpu - cpu_};
    wall_ = wall, cpu_ = cpu;
    return lap;
  }

 private:
  double wall_ = MonotonicSeconds(), cpu_ = CpuSeconds();
};

std::string ProofOf(const WeightsCheck& check) {
  double largest = 0;
  for (const OutputCheck& output : check.outputs) largest = std::max(largest, output.comparison.max_abs);
  return fmt::format("{} {}: {}", Title(check), check.engine_version,
                     check.outputs.empty()
                         ? "not proven, as the model's description states no test tensors"
                         : fmt::format("largest difference to the model's test outputs {:.2g}{}", largest,
                                       check.status == CheckStatus::kFailed ? ", which is out of tolerance" : ""));
}

// One image on its way from source to folder.
class ImageRun {
 public:
  ImageRun(const Job& job, std::string name, Path folder, const RunContext& context)
      : job_(job), name_(std::move(name)), folder_(std::move(folder)), context_(context) {}

  Result<ImagePrediction> Run() {
    const double began = MonotonicSeconds(), cpu_began = CpuSeconds();
    record_.started = UtcNow();
    const spec::ModelDescription& model = job_.package.description();
    const PredictRequest& request = job_.request;
    TEGULA_ASSIGN_OR_RETURN(const OpenImage image, OpenFor(model, name_, request.binding, context_.limits));
    const image::BoundImage& bound = image.bound;
    for (const std::string& decision : bound.info().decisions) context_.progress.Note(decision);
    // Sizes and channels are refused before the image is read for its statistics.
    TEGULA_TRY(pipeline::PlanFor(model, bound, request.tiling));
    TEGULA_ASSIGN_OR_RETURN(Staging staging, Staging::Create(folder_, Names(), request.overwrite));

    Stopwatch watch;
    TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, job_.normalisation.Of(context_, bound));
    record_.stages.push_back(job_.start);
    if (!job_.normalisation.note().empty()) record_.notes.push_back(job_.normalisation.note());
    if (!statistics.all().empty()) record_.stages.push_back(watch.Lap("whole-image statistics"));
    TEGULA_ASSIGN_OR_RETURN(const pipeline::Prediction prediction,
                            pipeline::Prediction::Bind(model, *job_.proven.network, bound, statistics, request.tiling));
    const outputs::StoreOptions options = StoreOptionsOf(prediction, bound);
    for (const outputs::OutputFormat* format : job_.formats) TEGULA_TRY(format->check(options));
    // The working form of the prediction, whatever formats are asked for.
    TEGULA_ASSIGN_OR_RETURN(const outputs::ChunkStore store,
                            outputs::ChunkStore::Create(staging.folder() / FileOf(outputs::OutputFormats().front()),
                                                        options, context_.limits));
    TEGULA_TRY(MakePrediction(prediction, store, staging.scratch(), statistics, watch));
    if (request.save_statistics)
      TEGULA_TRY(WriteFileWhole(staging.folder() / kStatistics, ops::StatisticsToJson(statistics)));
    TEGULA_TRY(outputs::BuildPyramid(context_, store));
    record_.stages.push_back(watch.Lap("pyramid"));

    TEGULA_ASSIGN_OR_RETURN(Pictures pictures, Pictures::Create(*image.source, bound, prediction.output()));
    if (!job_.labels.empty()) {
      TEGULA_TRY(MakeObjects(staging.folder() / kObjects, store, prediction.output(), bound, *image.source, pictures));
      record_.stages.push_back(watch.Lap("objects"));
    }
    Describe(*image.source, bound, prediction, statistics);
    TEGULA_ASSIGN_OR_RETURN(const Tensor overlay, pictures.Overlay(store));
    TEGULA_ASSIGN_OR_RETURN(const Tensor outlines, pictures.Outlines());
    TEGULA_ASSIGN_OR_RETURN(const Tensor detail, pictures.Detail(bound, store, Passes(prediction.output())));
    record_.stages.push_back(watch.Lap("pictures"));
    TEGULA_TRY(WriteFormats(staging.folder(), store, watch));
    record_.finished = UtcNow();
    record_.wall_s = MonotonicSeconds() - began;
    record_.cpu_s = CpuSeconds() - cpu_began;
    record_.peak_memory_bytes = PeakMemoryBytes();
    TEGULA_TRY(WriteFileWhole(staging.folder() / kRecord, outputs::ToJson(record_)));
    TEGULA_TRY(Report(staging.folder() / kReport, pictures.slide(), overlay, outlines, detail));
    TEGULA_TRY(staging.Commit(request.overwrite ? AllNames() : std::vector<std::string>()));
    return ImagePrediction{name_,
                           folder_,
                           (folder_ / kReport).string(),
                           static_cast<std::int64_t>(areas_.size()),
                           record_.wall_s,
                           static_cast<double>(prediction.output().height * prediction.output().width) * 1e-6};
  }

 private:
  std::vector<std::string> Names() const {
    std::vector<std::string> names = {kRecord, kReport};
    for (const outputs::OutputFormat* format : job_.formats) names.push_back(FileOf(*format));
    if (!job_.labels.empty()) names.emplace_back(kObjects);
    if (job_.request.save_statistics) names.emplace_back(kStatistics);
    return names;
  }

  // What any run could have left.
  static std::vector<std::string> AllNames() {
    std::vector<std::string> names = {kObjects, kRecord, kReport, kStatistics};
    for (const outputs::OutputFormat& format : outputs::OutputFormats()) names.push_back(FileOf(format));
    return names;
  }

  // All tiles into the store; by way of a scratch store if postprocessing wants statistics of the whole output.
  Status MakePrediction(const pipeline::Prediction& prediction, const outputs::ChunkStore& store, const Path& scratch,
                        ops::Statistics& statistics, Stopwatch& watch) {
    std::optional<outputs::ChunkStore> raw;
    if (prediction.needs_second_pass()) {
      TEGULA_ASSIGN_OR_RETURN(
          raw,
          outputs::ChunkStore::Create(scratch, pipeline::ScratchOptions(prediction, store.options()), context_.limits));
    }
    const outputs::ChunkStore& first = raw ? *raw : store;
    const auto write_tile = [&](const Box& write, const ConstView& use) {
      return first.WriteBox(0, {0, write.y.begin, write.x.begin}, use);
    };
    TEGULA_ASSIGN_OR_RETURN(const pipeline::StageSeconds seconds, prediction.Run(context_, write_tile));
    record_.stages.push_back(watch.Lap("prediction"));
    NoteWorkers(seconds);
    if (!raw) return Ok();
    TEGULA_TRY(pipeline::FinishOutput(context_, prediction, *raw, store, statistics));
    record_.stages.push_back(watch.Lap("postprocessing of the whole output"));
    return Ok();
  }

  outputs::StoreOptions StoreOptionsOf(const pipeline::Prediction& prediction, const image::BoundImage& bound) const {
    const pipeline::OutputInfo& output = prediction.output();
    const std::optional<image::PixelSize>& pixel = bound.info().pixel_size;
    outputs::StoreOptions options;
    options.name = output.id;
    options.dtype = output.dtype;
    const auto centre = [](double origin, double scale, double step) {
      return (origin + 0.5 / scale - 0.5) * (step > 0 ? step : 1.0);
    };
    const double y_um = pixel ? pixel->y_um : 0, x_um = pixel ? pixel->x_um : 0;
    options.axes = {{'c', output.channels, 1, 0, 0},
                    {'y', output.height, prediction.plan().y.chunk, y_um / output.scale_y,
                     centre(output.origin_y, output.scale_y, y_um)},
                    {'x', output.width, prediction.plan().x.chunk, x_um / output.scale_x,
                     centre(output.origin_x, output.scale_x, x_um)}};
    const spec::DataDescription& data = job_.package.description().outputs.front().data;
    const double low = data.min.value_or(0), high = std::max(low + 1e-6, data.max.value_or(1));
    for (std::int64_t c = 0; c < output.channels; ++c)
      options.channels.push_back(
          {output.channel_names[static_cast<std::size_t>(c)], outputs::PaletteColour(c), low, high, low, high});
    return options;
  }

  // Makes the other formats from the finished store, and removes it if it is not asked for: everything else was made of
  // it before.
  Status WriteFormats(const Path& folder, const outputs::ChunkStore& store, Stopwatch& watch) {
    bool keep = false;
    for (const outputs::OutputFormat* format : job_.formats) {
      keep = keep || format->is_store();
      if (format->is_store()) continue;
      TEGULA_TRY(format->write(context_, store, folder / FileOf(*format), fmt::format("Tegula {}", Version())));
      record_.stages.push_back(watch.Lap(fmt::format("writing {}", format->name)));
    }
    std::error_code failed;
    if (!keep) std::filesystem::remove_all(store.folder(), failed);
    if (failed) return IoError(fmt::format("cannot remove {}: {}", store.folder().string(), failed.message()));
    return Ok();
  }

  void NoteWorkers(const pipeline::StageSeconds& s) {
    record_.notes.push_back(
        fmt::format("seconds of all workers during prediction: reading {:.2f}, preprocessing {:.2f}, network {:.2f}, "
                    "postprocessing {:.2f}, writing {:.2f}; waiting for the network {:.2f}",
                    s.read, s.preprocess, s.infer, s.postprocess, s.write, s.wait_for_network));
  }

  Status MakeObjects(const Path& file, const outputs::ChunkStore& store, const pipeline::OutputInfo& output,
                     const image::BoundImage& bound, const image::Source& source, Pictures& pictures) {
    const image::BoundInfo& info = bound.info();
    outputs::GeoJsonOptions options;
    options.type = job_.request.objects.object_type == "annotation" ? outputs::ObjectType::kAnnotation
                                                                    : outputs::ObjectType::kDetection;
    options.scale_y = info.downsample_y / output.scale_y;
    options.scale_x = info.downsample_x / output.scale_x;
    options.origin_y = output.origin_y * info.downsample_y;
    options.origin_x = output.origin_x * info.downsample_x;
    const std::optional<image::PixelSize>& pixel = source.info().pixel_size;
    if (pixel) options.pixel_size = {.y_um = pixel->y_um, .x_um = pixel->x_um};
    options.value_channels = output.channel_names;
    for (std::int64_t c = 0; c < output.channels; ++c)
      options.classes.push_back({output.channel_names[static_cast<std::size_t>(c)], outputs::PaletteColour(c)});
    options.seed = Seed();
    TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter writer, outputs::GeoJsonWriter::Create(file, options));

    const double slide_px = options.scale_y * options.scale_x;
    const double unit = pixel ? slide_px * pixel->y_um * pixel->x_um : slide_px;
    areas_in_um2_ = pixel.has_value();
    const auto min_area = static_cast<std::int64_t>(std::ceil(job_.request.objects.min_area_um2 / unit));
    for (const std::int32_t label : job_.labels)
      record_.objects.push_back(
          {.class_name = output.channel_names[static_cast<std::size_t>(label)], .channel = label});
    const auto take = [&](const objects::Region& region) -> Status {
      const auto at = static_cast<std::size_t>(std::find(job_.labels.begin(), job_.labels.end(), region.label) -
                                               job_.labels.begin());
      outputs::ObjectsRecord& of_class = record_.objects[at];
      ++of_class.count;
      of_class.area_px += static_cast<double>(region.area_px) * slide_px;
      if (pixel) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
      areas_.push_back(static_cast<double>(region.area_px) * unit);
      pictures.AddOutlines(region);
      return writer.Add(region);
    };

    for (const ObjectPass& pass : Passes(output)) {
      const auto relabelled = [&](objects::Region region) {
        region.label = pass.relabel.value_or(region.label);
        return take(region);
      };
      TEGULA_TRY(
          pipeline::TraceObjects(context_, store, {pass.rule, pass.labels, {.min_area_px = min_area}}, relabelled));
    }
    return writer.Commit();
  }

  // Several channels compete unless a threshold is given, which is then applied to each.
  std::vector<ObjectPass> Passes(const pipeline::OutputInfo& output) const {
    const std::optional<double>& threshold = job_.request.objects.threshold;
    if (output.channels > 1 && !threshold) return {{objects::Argmax{}, job_.labels}};
    std::vector<ObjectPass> passes;
    for (const std::int32_t label : job_.labels)
      passes.push_back({objects::Threshold{label, threshold.value_or(0.5)}, {}, label});
    return passes;
  }

  // The same model, image and channels give the same object ids.
  std::uint64_t Seed() const {
    const std::string key =
        Sha256OfBytes(fmt::format("{}\n{}\n{}\n{}", job_.package.description_sha256(), job_.proven.check.weights_sha256,
                                  name_, fmt::join(job_.request.binding.channels, ",")));
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < 16; ++i)
      seed = seed << 4 | static_cast<std::uint64_t>(key[i] <= '9' ? key[i] - '0' : key[i] - 'a' + 10);
    return seed;
  }

  void Describe(const image::Source& source, const image::BoundImage& bound, const pipeline::Prediction& prediction,
                const ops::Statistics& statistics) {
    DescribeModel();
    const image::ImageInfo& info = source.info();
    record_.image = {.path = name_, .format = info.format, .dtype = std::string(DTypeName(info.dtype))};
    for (const image::Level& level : info.levels)
      record_.image.levels.push_back({level.height, level.width, level.downsample_y});
    for (const image::Channel& channel : info.channels) record_.image.channels.push_back(channel.name);
    if (info.pixel_size)
      record_.image.pixel_size_y_um = info.pixel_size->y_um, record_.image.pixel_size_x_um = info.pixel_size->x_um;
    record_.binding = bound.info().decisions;

    for (const ops::Statistic& statistic : statistics.all()) {
      std::vector<std::string> axes;
      for (std::size_t a = 0; a < statistic.request.reduced.size(); ++a)
        if (statistic.request.reduced[a]) axes.push_back(statistic.request.axes[a]);
      record_.statistics.push_back({statistic.request.tensor_id,
                                    std::string(ops::MeasureName(statistic.request.measure)),
                                    statistic.request.percentile, axes, statistic.values});
    }
    const tiling::TilePlan& plan = prediction.plan();
    record_.tiles = {plan.y.window,
                     plan.x.window,
                     prediction.context_y(),
                     prediction.context_x(),
                     prediction.grid_y(),
                     prediction.grid_x(),
                     job_.request.tiling.border == tiling::Border::kPad ? "pad" : "network",
                     plan.tiles(),
                     plan.y.chunk,
                     plan.x.chunk};
    record_.exactness =
        plan.tiles() == 1 ? "The image was predicted whole"
                          : fmt::format(
                                "The image was predicted in {} windows; a pixel is the whole-image answer if nothing "
                                "farther away than {} pixels matters to it ({})",
                                plan.tiles(), std::max(prediction.context_y(), prediction.context_x()),
                                job_.request.tiling.context ? "the context that was asked for"
                                                            : "the halo that the model declares; it was not measured");
    for (const outputs::OutputFormat* format : job_.formats) record_.outputs.push_back({"prediction", FileOf(*format)});
    if (!job_.labels.empty()) record_.outputs.push_back({"objects", kObjects});
    if (job_.request.save_statistics) record_.outputs.push_back({"statistics", kStatistics});
    record_.outputs.push_back({"report", kReport});
  }

  void DescribeModel() {
    const spec::ModelDescription& model = job_.package.description();
    record_.tegula_version = Version();
    record_.command = {job_.request.command_line};
    record_.machine = {ProcessorName(), AvailableCores()};
    record_.model = {model.name,
                     model.id,
                     model.version,
                     job_.package.path().string(),
                     job_.package.description_sha256(),
                     std::string(spec::WeightsFormatName(job_.proven.weights->format)),
                     job_.proven.check.weights_sha256,
                     model.license,
                     {}};
    for (const spec::Citation& cite : model.cite)
      record_.model.cite.push_back(cite.text + (cite.doi.empty() ? "" : " https://doi.org/" + cite.doi));
    const WeightsCheck& check = job_.proven.check;
    const EngineRequest& engine = job_.request.engine;
    record_.engine = {
        check.engine, check.engine_version, std::string(engines::PrecisionName(check.precision)), engine.threads,
        engine.engine == "auto" ? "the fastest that reproduces the model's test outputs" : "it was asked for"};
    record_.notes.insert(record_.notes.end(), check.notes.begin(), check.notes.end());
    if (check.outputs.empty() || check.status == CheckStatus::kFailed) record_.notes.push_back(ProofOf(check));
    if (check.is_converted)
      record_.notes.push_back(fmt::format("the {} weights were converted for {} and hold against the original",
                                          record_.model.weights_format, check.engine));
    for (const OutputCheck& output : check.outputs)
      record_.tests.push_back({output.output_id, output.comparison.max_abs, output.comparison.tolerance.absolute,
                               output.comparison.tolerance.relative, output.comparison.passed});
  }

  Status Report(const Path& file, const Tensor& slide, const Tensor& overlay, const Tensor& outlines,
                const Tensor& detail) const {
    std::vector<outputs::ReportPicture> pictures = {{"The image", slide.view()},
                                                    {"The prediction over it", overlay.view()}};
    if (!job_.labels.empty()) {
      pictures.push_back({"Objects", outlines.view()});
      pictures.push_back({"A detail in the image's own pixels, where most objects are", detail.view()});
    }
    return outputs::WriteReport({Path(name_).filename().string(), record_, std::move(pictures), areas_, areas_in_um2_},
                                file);
  }

  const Job& job_;
  std::string name_;
  Path folder_;
  const RunContext& context_;
  outputs::RunRecord record_;
  std::vector<double> areas_;
  bool areas_in_um2_ = false;
};

// One folder per image, named after it; equal names are numbered.
std::vector<Path> FoldersFor(const PredictRequest& request) {
  if (request.images.size() == 1) return {request.output};
  std::vector<Path> folders;
  for (const std::string& image : request.images) {
    const std::string stem = Path(image).stem().string();
    Path folder = request.output / stem;
    for (int n = 2; std::find(folders.begin(), folders.end(), folder) != folders.end(); ++n)
      folder = request.output / fmt::format("{}-{}", stem, n);
    folders.push_back(std::move(folder));
  }
  return folders;
}

}  // namespace

Result<std::vector<ImagePrediction>> Predict(const PredictRequest& wanted, engines::Registry& registry,
                                             const RunContext& context) {
  PredictRequest request = wanted;
  Stopwatch watch;
  TEGULA_ASSIGN_OR_RETURN(std::vector<const outputs::OutputFormat*> formats,
                          outputs::FindOutputFormats(request.formats));
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, context));
  const spec::ModelDescription& model = package.description();
  if (request.border_as_reference)
    request.tiling.border = spec::PadsByHalo(model) ? tiling::Border::kPad : tiling::Border::kNetwork;
  TEGULA_TRY(pipeline::CheckApplicable(model).Context(request.model.string()));
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::int32_t> labels, LabelsOf(request.objects.classes, model.outputs.front()));
  TEGULA_ASSIGN_OR_RETURN(Normalisation normalisation,
                          Normalisation::Open(request.statistics_from, model, request.images.size()));
  // An image that is missing or does not fit is told before the network is loaded.
  for (const std::string& image : request.images)
    TEGULA_TRY(OpenFor(model, image, request.binding, context.limits).Context(image));
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork proven, SelectNetwork(package, request.engine, registry, context));
  context.progress.Note(ProofOf(proven.check));

  TEGULA_TRY(normalisation.TakeDataset(context, request.images, request.binding));
  const Job job{request, package, proven, normalisation, std::move(labels), std::move(formats), watch.Lap("start")};
  const std::vector<Path> folders = FoldersFor(request);
  std::vector<ImagePrediction> done;
  for (std::size_t i = 0; i < request.images.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(ImagePrediction prediction,
                            ImageRun(job, request.images[i], folders[i], context).Run().Context(request.images[i]));
    done.push_back(std::move(prediction));
  }
  return done;
}

}  // namespace tegula::app
