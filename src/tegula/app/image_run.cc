#include "tegula/app/image_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tegula/app/feeds.h"
#include "tegula/app/pictures.h"
#include "tegula/app/run_description.h"
#include "tegula/app/run_objects.h"
#include "tegula/app/run_stores.h"
#include "tegula/app/staging.h"
#include "tegula/app/stopwatch.h"
#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/ops/statistics_file.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/outputs/report.h"
#include "tegula/pipeline/second_pass.h"

namespace tegula::app {
namespace {

constexpr const char* kRecord = "run.json";
constexpr const char* kStatistics = "statistics.json";
constexpr const char* kReport = "report.html";
constexpr std::int64_t kLargestRecord = 64 << 20;

// One image on its way from source to folder.
class ImageRun {
 public:
  ImageRun(const PredictJob& job, std::string name, Path folder, Feeds feeds, Feeds::Frame first,
           const RunContext& context)
      : job_(job),
        model_(job.package.description()),
        name_(std::move(name)),
        folder_(std::move(folder)),
        feeds_(std::move(feeds)),
        first_(std::move(first)),
        context_(context) {}

  Result<ImagePrediction> Run() {
    began_ = MonotonicSeconds(), cpu_began_ = CpuSeconds();
    record_.started = UtcNow();
    const PredictRequest& request = job_.request;
    for (const std::string& decision : bound().info().decisions) context_.progress.Note(decision);
    // Sizes, channels and objects are refused before the image is read for its statistics.
    TEGULA_TRY(CheckObjectsOf(job_, feeds_));
    TEGULA_ASSIGN_OR_RETURN(const pipeline::PredictionRequest wanted, ChooseWindows());
    TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan, pipeline::PlanFor(model_, first_.feeds, wanted));
    TEGULA_TRY(CheckPlanes(plan));
    is_patches_ = plan.is_patches();
    const std::string stamp = StampOf(name_);
    const RunKey key = KeyOf(plan, stamp);
    record_.key = Complete(key).Sha256();
    if (const std::optional<ImagePrediction> done = request.overwrite ? std::nullopt : FindDone()) return *done;
    TEGULA_ASSIGN_OR_RETURN(Staging staging, Staging::Open(folder_, Names(), request.overwrite, key));
    if (staging.is_continued()) context_.progress.Note("going on with the run that was cut off here");

    Status status = MakeAll(staging, wanted);
    if (status.ok() && StampOf(name_) != stamp)
      status = IoError("the image was changed while it was read; predict it again with --overwrite");
    if (!status.ok() && staging.is_kept())
      context_.progress.Note("what is finished is kept: the same command goes on where this one ended");
    TEGULA_TRY(status);
    TEGULA_TRY(staging.Commit(request.overwrite ? AllNames() : std::vector<std::string>()));
    return ImagePrediction{
        name_,          folder_,    (folder_ / kReport).string(), static_cast<std::int64_t>(objects_.areas.size()),
        record_.wall_s, megapixels_};
  }

 private:
  const image::BoundImage& bound() const noexcept { return feeds_.leading().bound; }
  std::int64_t frames() const noexcept { return feeds_.frames()[GridAxis::kT] * feeds_.frames()[GridAxis::kZ]; }

  // Several outputs are told apart by their ids.
  std::string FileOf(std::size_t number, const outputs::OutputFormat& format) const {
    const std::string stem = job_.outputs.size() == 1 ? "prediction" : model_.outputs[job_.outputs[number]].id;
    return stem + std::string(format.suffix);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names = {kRecord, kReport};
    for (std::size_t number = 0; number < job_.outputs.size(); ++number)
      for (const outputs::OutputFormat* format : job_.formats) names.push_back(FileOf(number, *format));
    if (!job_.labels.empty()) names.emplace_back(kObjectsFile);
    if (job_.request.save_statistics) names.emplace_back(kStatistics);
    return names;
  }

  // What any run could have left.
  std::vector<std::string> AllNames() const {
    std::vector<std::string> names = {kObjectsFile, kRecord, kReport, kStatistics};
    for (const outputs::OutputFormat& format : outputs::OutputFormats()) {
      names.push_back("prediction" + std::string(format.suffix));
      for (const spec::TensorDescription& output : model_.outputs)
        names.push_back(output.id + std::string(format.suffix));
    }
    return names;
  }

  // As large as pays and as the memory allows; but as they were if a run was cut off here, or is complete.
  Result<pipeline::PredictionRequest> ChooseWindows() {
    pipeline::PredictionRequest wanted{job_.outputs, job_.request.tiling};
    if (!job_.request.overwrite) {
      pipeline::PredictionRequest as_before = wanted;
      const PerAxis<std::optional<std::int64_t>> earlier = EarlierWindows();
      for (const GridAxis axis : kGridAxes)
        if (!wanted.tiling.tile[axis]) as_before.tiling.tile[axis] = earlier[axis];
      if (pipeline::PlanFor(model_, first_.feeds, as_before).ok()) wanted = as_before;
    }
    TEGULA_ASSIGN_OR_RETURN(TileChoice choice, ChooseTiles(model_, first_.feeds, wanted, job_.costs, job_.memory,
                                                           ResidentMemoryBytes(), context_.executor.workers()));
    record_.allowed_memory_bytes = job_.memory.bytes;
    record_.estimated_memory_bytes = choice.bytes;
    wanted.tiling = std::move(choice.tiling);
    return wanted;
  }

  PerAxis<std::optional<std::int64_t>> EarlierWindows() const {
    PerAxis<std::optional<std::int64_t>> windows;
    if (const std::optional<RunKey> key = Staging::CutOffIn(folder_)) {
      for (const GridAxis axis : kGridAxes)
        if (const std::string* window = key->Find(WindowFact(axis))) windows[axis] = ParseInt(*window);
      return windows;
    }
    const Result<std::string> text = ReadFile(folder_ / kRecord, kLargestRecord);
    const Result<outputs::RunRecord> record = text.ok() ? outputs::RunRecordFromJson(*text) : text.error();
    if (!record.ok()) return windows;
    for (const outputs::TileAxisRecord& along : record->tiles.axes)
      for (const GridAxis axis : kGridAxes)
        if (along.axis == std::string(1, GridAxisName(axis))) windows[axis] = along.tile;
    return windows;
  }

  static std::string WindowFact(GridAxis axis) { return fmt::format("size of windows along {}", GridAxisName(axis)); }

  Status CheckPlanes(const tiling::TilePlan& plan) const {
    const bool is_plane = frames() == 1 && plan.size_of(0)[GridAxis::kT] == 1 && plan.size_of(0)[GridAxis::kZ] == 1;
    if (!is_plane && !job_.labels.empty())
      return UnsupportedError("objects are made of single planes; choose one with --z and --t");
    if (frames() > 1 && job_.request.save_statistics)
      return UnsupportedError(
          "each plane is normalised by statistics of its own, so they are not saved; choose one with --z and --t");
    return Ok();
  }

  // What decides the pixels.
  RunKey KeyOf(const tiling::TilePlan& plan, const std::string& stamp) const {
    const PredictRequest& request = job_.request;
    const WeightsCheck& check = job_.proven.check;
    RunKey key;
    key.Add("version of Tegula", std::string(Version()));
    key.Add("model description", job_.package.description_sha256());
    key.Add("weights", check.weights_sha256);
    key.Add("engine", fmt::format("{} {}, {}, {} threads, {}", Title(check), check.engine_version,
                                  engines::PrecisionName(check.precision), request.engine.threads,
                                  check.is_converted ? "converted" : "as it is"));
    key.Add("image", name_);
    key.Add("content of the image", stamp);
    key.Add("binding", fmt::format("{}", fmt::join(bound().info().decisions, "; ")));
    for (const InputRequest& input : request.inputs)
      key.Add("input " + input.id, fmt::format("{} ({})", input.value, StampOf(input.value)));
    key.Add("source of statistics", fmt::format("{} ({})", request.statistics_from, StampOf(request.statistics_from)));
    // Those of several images together are no statistics of this one.
    key.Add("statistics of the dataset", Sha256OfBytes(ops::StatisticsToJson(job_.normalisation.known())));
    for (const GridAxis axis : kGridAxes) {
      const tiling::AxisPlan& along = plan.axes[axis];
      std::string outputs;
      for (const tiling::OutputAxis& output : along.outputs)
        outputs += fmt::format("; output of {} in chunks of {}", output.size, output.chunk);
      std::string starts;
      for (const tiling::Window& window : along.windows) starts += fmt::format(" {}", window.input.begin);
      key.Add(WindowFact(axis), std::to_string(along.window));
      key.Add(fmt::format("windows along {}", GridAxisName(axis)),
              fmt::format("{} windows of {} pixels in {}, padded by {}{}; starts {}", along.windows.size(),
                          along.window, along.padded, along.pad_before, outputs, Sha256OfBytes(starts).substr(0, 16)));
    }
    std::vector<std::string> ids;
    for (const std::size_t output : job_.outputs) ids.push_back(model_.outputs[output].id);
    key.Add("outputs", fmt::format("{}", fmt::join(ids, ", ")));
    return key;
  }

  // What decides everything that is made of them.
  RunKey Complete(RunKey key) const {
    const ObjectRequest& objects = job_.request.objects;
    std::vector<std::string> formats;
    for (const outputs::OutputFormat* format : job_.formats) formats.emplace_back(format->name);
    key.Add("formats", fmt::format("{}", fmt::join(formats, ", ")));
    key.Add("objects", fmt::format("{}: {}", fmt::join(job_.labels, ","), ToText(objects)));
    key.Add("saved statistics", job_.request.save_statistics ? "yes" : "no");
    return key;
  }

  // The same run, if its results are there.
  std::optional<ImagePrediction> FindDone() const {
    std::error_code ignored;
    for (const std::string& name : Names())
      if (!std::filesystem::exists(folder_ / name, ignored)) return std::nullopt;
    const Result<std::string> text = ReadFile(folder_ / kRecord, kLargestRecord);
    if (!text.ok()) return std::nullopt;
    const Result<outputs::RunRecord> record = outputs::RunRecordFromJson(*text);
    if (!record.ok() || record->key != record_.key) return std::nullopt;
    context_.progress.Note(fmt::format("{} has the results of this very run already", folder_.string()));
    ImagePrediction done{name_, folder_, (folder_ / kReport).string(), 0, record->wall_s, 0};
    for (const outputs::ObjectsRecord& objects : record->objects) done.objects += objects.count;
    done.was_done = true;
    return done;
  }

  Status MakeAll(Staging& staging, const pipeline::PredictionRequest& wanted) {
    Stopwatch watch;
    record_.stages.push_back(job_.start);
    if (!job_.normalisation.note().empty()) record_.notes.push_back(job_.normalisation.note());
    TEGULA_TRY(MakePrediction(staging, wanted, watch));
    const outputs::ChunkStore& store = stores_.front();
    if (job_.request.save_statistics)
      TEGULA_TRY(WriteFileWhole(staging.folder() / kStatistics, ops::StatisticsToJson(statistics_)));
    for (const outputs::ChunkStore& each : stores_) TEGULA_TRY(outputs::BuildPyramid(context_, each));
    record_.stages.push_back(watch.Lap("pyramid"));

    TEGULA_ASSIGN_OR_RETURN(Pictures pictures, Pictures::Create(bound(), info_));
    if (!job_.labels.empty()) {
      TEGULA_ASSIGN_OR_RETURN(objects_, MakeObjectsOf(job_, name_, feeds_, info_, store, staging.folder(),
                                                      staging.scratch(), pictures, context_));
      record_.objects = objects_.classes;
      record_.notes.insert(record_.notes.end(), objects_.notes.begin(), objects_.notes.end());
      record_.stages.push_back(watch.Lap("objects"));
    }
    TEGULA_ASSIGN_OR_RETURN(const Tensor overlay, pictures.Overlay(store));
    TEGULA_ASSIGN_OR_RETURN(const Tensor outlines, pictures.Outlines());
    std::optional<Tensor> detail;
    if (!job_.labels.empty()) {
      TEGULA_ASSIGN_OR_RETURN(detail, pictures.Detail(bound()));
    }
    record_.stages.push_back(watch.Lap("pictures"));
    TEGULA_TRY(WriteFormats(staging.folder(), watch));
    DescribeModel(job_, record_);
    DescribeImage(name_, feeds_, record_);
    DescribeStatistics(statistics_, record_);
    DescribeOutputs();
    record_.finished = UtcNow();
    record_.wall_s = MonotonicSeconds() - began_ + job_.start.wall_s;
    record_.cpu_s = CpuSeconds() - cpu_began_ + job_.start.cpu_s;
    record_.peak_memory_bytes = PeakMemoryBytes();
    TEGULA_TRY(WriteFileWhole(staging.folder() / kRecord, outputs::ToJson(record_)));
    return Report(staging.folder() / kReport, pictures.slide(), overlay, outlines, detail);
  }

  // All planes that the model takes one by one, into one store per output.
  Status MakePrediction(Staging& staging, const pipeline::PredictionRequest& wanted, Stopwatch& watch) {
    std::unique_ptr<engines::Session> session;
    pipeline::StageSeconds seconds;
    for (std::int64_t number = 0; number < frames(); ++number) {
      const std::int64_t t = number / feeds_.frames()[GridAxis::kZ], z = number % feeds_.frames()[GridAxis::kZ];
      TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds_.FrameAt(t, z));
      TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, StatisticsOf(staging, frame));
      if (number == 0 && !statistics.all().empty()) record_.stages.push_back(watch.Lap("whole-image statistics"));
      TEGULA_ASSIGN_OR_RETURN(
          const pipeline::Prediction prediction,
          pipeline::Prediction::Bind(model_, *job_.proven.network, frame.feeds, statistics, wanted));
      if (number == 0) {
        TEGULA_TRY(OpenStores(staging, prediction));
        TEGULA_ASSIGN_OR_RETURN(session, prediction.NewSession());
        DescribePlan(job_, prediction, frames(), record_);
        megapixels_ = MegapixelsOf(prediction, frames());
      }
      TEGULA_ASSIGN_OR_RETURN(const pipeline::StageSeconds of_frame, PredictFrame(frame, prediction, *session));
      seconds += of_frame;
      for (std::size_t output = 0; output < stores_.size(); ++output)
        if (raw_[output])
          TEGULA_TRY(pipeline::FinishOutput(context_, prediction, output, Part(*raw_[output], frame),
                                            Part(stores_[output], frame), statistics));
      if (number == 0) statistics_ = std::move(statistics);
    }
    record_.stages.push_back(watch.Lap("prediction"));
    NoteWorkers(seconds);
    return Ok();
  }

  Result<pipeline::StageSeconds> PredictFrame(const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                                              engines::Session& session) const {
    std::vector<outputs::StorePart> parts;
    for (std::size_t output = 0; output < stores_.size(); ++output)
      parts.push_back(Part(raw_[output] ? *raw_[output] : stores_[output], frame));
    const auto is_done = [&](const tiling::Tile& tile) {
      for (std::size_t output = 0; output < parts.size(); ++output)
        if (!tile.pieces[output].empty() && !parts[output].Has(tile.pieces[output].write)) return false;
      return true;
    };
    const auto write = [&](std::size_t output, const Block& block, const ConstView& pixels) {
      return parts[output].Write(block, pixels);
    };
    return prediction.Run(context_, session, is_done, write);
  }

  // Of a frame, as they were when the run was cut off.
  Result<ops::Statistics> StatisticsOf(const Staging& staging, const Feeds::Frame& frame) const {
    if (is_patches_) return job_.normalisation.Of(context_, frame.feeds, true);
    const Path file = staging.folder() / fmt::format(".statistics-{}-{}.json", frame.t, frame.z);
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) {
      TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kLargestRecord));
      TEGULA_ASSIGN_OR_RETURN(ops::Statistics known, job_.normalisation.FromJson(text).Context(file.string()));
      return known;
    }
    TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, job_.normalisation.Of(context_, frame.feeds));
    if (!statistics.all().empty()) TEGULA_TRY(WriteFileWhole(file, ops::StatisticsToJson(statistics)));
    return statistics;
  }

  // The planes of a store that belong to a frame.
  outputs::StorePart Part(const outputs::ChunkStore& store, const Feeds::Frame& frame) const {
    const PerAxis<std::int64_t> all = outputs::StorePart(store).size();
    const auto planes = [&](GridAxis axis, std::int64_t at) {
      return feeds_.frames()[axis] > 1 ? Interval{at, at + 1} : Interval{0, all[axis]};
    };
    return {store, planes(GridAxis::kT, frame.t), planes(GridAxis::kZ, frame.z)};
  }

  Status OpenStores(Staging& staging, const pipeline::Prediction& prediction) {
    for (std::size_t number = 0; number < prediction.outputs(); ++number) {
      const outputs::StoreOptions options =
          StoreOptionsOf(model_.outputs[job_.outputs[number]], prediction.output(number), feeds_);
      for (const outputs::OutputFormat* format : job_.formats) TEGULA_TRY(format->check(options));
      // The working form of the prediction, under a hidden name if it is not asked for.
      const outputs::OutputFormat& work = outputs::OutputFormats().front();
      const bool is_asked = std::find(job_.formats.begin(), job_.formats.end(), &work) != job_.formats.end();
      const Path folder = staging.folder() / ((is_asked ? "" : ".") + FileOf(number, work));
      TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore store, OpenOrCreate(folder, options));
      stores_.push_back(std::move(store));
      raw_.emplace_back();
      if (!prediction.needs_second_pass(number)) continue;
      TEGULA_ASSIGN_OR_RETURN(raw_.back(),
                              OpenOrCreate(staging.scratch() / std::to_string(number),
                                           pipeline::ScratchOptions(prediction.raw_dtype(number), options)));
    }
    info_ = prediction.output();
    staging.Keep();
    return Ok();
  }

  Result<outputs::ChunkStore> OpenOrCreate(const Path& folder, const outputs::StoreOptions& options) const {
    Result<outputs::ChunkStore> there = outputs::ChunkStore::Open(folder, context_.limits);
    if (!there.ok() && there.error().code == Code::kNotFound)
      return outputs::ChunkStore::Create(folder, options, context_.limits);
    TEGULA_TRY(there);
    TEGULA_TRY(there->RemoveLeftovers());
    return there;
  }

  // Makes the other formats from the finished stores.
  Status WriteFormats(const Path& folder, Stopwatch& watch) {
    for (std::size_t number = 0; number < stores_.size(); ++number) {
      for (const outputs::OutputFormat* format : job_.formats) {
        if (format->is_store()) continue;
        TEGULA_TRY(format->write(context_, stores_[number], folder / FileOf(number, *format),
                                 fmt::format("Tegula {}", Version())));
        record_.stages.push_back(watch.Lap(fmt::format("writing {}", format->name)));
      }
    }
    return Ok();
  }

  void NoteWorkers(const pipeline::StageSeconds& s) {
    record_.notes.push_back(
        fmt::format("seconds of all workers during prediction: reading {:.2f}, preprocessing {:.2f}, network {:.2f}, "
                    "postprocessing {:.2f}, writing {:.2f}; waiting for the network {:.2f}",
                    s.read, s.preprocess, s.infer, s.postprocess, s.write, s.wait_for_network));
  }

  void DescribeOutputs() {
    for (std::size_t number = 0; number < job_.outputs.size(); ++number)
      for (const outputs::OutputFormat* format : job_.formats)
        record_.outputs.push_back({"prediction", FileOf(number, *format)});
    if (!job_.labels.empty()) record_.outputs.push_back({"objects", kObjectsFile});
    if (job_.request.save_statistics) record_.outputs.push_back({"statistics", kStatistics});
    record_.outputs.push_back({"report", kReport});
  }

  Status Report(const Path& file, const Tensor& slide, const Tensor& overlay, const Tensor& outlines,
                const std::optional<Tensor>& detail) const {
    std::vector<outputs::ReportPicture> pictures = {{"The image", slide.view()},
                                                    {"The prediction over it", overlay.view()}};
    if (detail) {
      pictures.push_back({"Objects", outlines.view()});
      pictures.push_back({"A detail in the image's own pixels, where most objects are", detail->view()});
    }
    return outputs::WriteReport(
        {Path(name_).filename().string(), record_, std::move(pictures), objects_.areas, objects_.areas_in_um2}, file);
  }

  const PredictJob& job_;
  const spec::ModelDescription& model_;
  std::string name_;
  Path folder_;
  Feeds feeds_;
  Feeds::Frame first_;
  const RunContext& context_;
  double began_ = 0, cpu_began_ = 0;

  std::vector<outputs::ChunkStore> stores_;              // one per output
  std::vector<std::optional<outputs::ChunkStore>> raw_;  // where a second pass is needed
  pipeline::OutputInfo info_;                            // of the first output
  ops::Statistics statistics_;                           // of the first frame
  outputs::RunRecord record_;
  double megapixels_ = 0;
  bool is_patches_ = false;
  MadeObjects objects_;
};

}  // namespace

std::string ProofOf(const WeightsCheck& check) {
  double largest = 0;
  for (const OutputCheck& output : check.outputs) largest = std::max(largest, output.comparison.max_abs);
  return fmt::format("{} {}: {}", Title(check), check.engine_version,
                     check.outputs.empty()
                         ? "not proven, as the model's description states no test tensors"
                         : fmt::format("largest difference to the model's test outputs {:.2g}{}", largest,
                                       check.status == CheckStatus::kFailed ? ", which is out of tolerance" : ""));
}

Result<ImagePrediction> PredictImage(const PredictJob& job, const std::string& image, const Path& folder,
                                     const RunContext& context) {
  const PredictRequest& request = job.request;
  TEGULA_ASSIGN_OR_RETURN(
      Feeds feeds, Feeds::Open(job.package.description(), image, request.binding, request.inputs, context.limits));
  TEGULA_ASSIGN_OR_RETURN(Feeds::Frame first, feeds.FrameAt(0, 0));
  return ImageRun(job, image, folder, std::move(feeds), std::move(first), context).Run();
}

}  // namespace tegula::app
