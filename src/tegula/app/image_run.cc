#include "tegula/app/image_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tegula/app/feeds.h"
#include "tegula/app/pictures.h"
#include "tegula/app/run_description.h"
#include "tegula/app/run_objects.h"
#include "tegula/app/run_output.h"
#include "tegula/app/run_stores.h"
#include "tegula/app/run_values.h"
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

constexpr const char* kObjects = "objects.geojson";
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
    // Sizes and channels are refused before the image is read for its statistics.
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
      for (const outputs::ChosenFormat& chosen : job_.formats) names.push_back(FileOf(number, *chosen.format));
    if (!job_.labels.empty()) names.emplace_back(kObjects);
    if (job_.request.save_statistics) names.emplace_back(kStatistics);
    return names;
  }

  // What any run could have left.
  std::vector<std::string> AllNames() const {
    std::vector<std::string> names = {kObjects, kRecord, kReport, kStatistics};
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
    for (const std::string& id : ids) {
      const outputs::ValueRequest values = ValuesFor(request.values, id);
      key.Add("values of " + id, values.range ? fmt::format("{} of {} to {}", outputs::NameOf(values.values),
                                                            values.range->low, values.range->high)
                                              : std::string(outputs::NameOf(values.values)));
    }
    key.Add("store", NameOfStore());
    return key;
  }

  // The format in which chunks lie on disk while they are made.
  std::string NameOfStore() const {
    for (const outputs::ChosenFormat& chosen : job_.formats)
      if (chosen.format->is_store())
        return fmt::format("{} ({}) in shards of {}", chosen.format->name, outputs::NameOf(chosen),
                           job_.request.format.shard_pixels);
    // For the way; coded as the first of the others wants it.
    return fmt::format("for {} ({})", job_.formats.front().format->name, outputs::NameOf(job_.formats.front()));
  }

  // What decides everything that is made of them.
  RunKey Complete(RunKey key) const {
    const ObjectRequest& objects = job_.request.objects;
    std::vector<std::string> formats;
    for (const outputs::ChosenFormat& chosen : job_.formats)
      formats.push_back(fmt::format("{} ({})", chosen.format->name, outputs::NameOf(chosen)));
    key.Add("formats", fmt::format("{}", fmt::join(formats, ", ")));
    key.Add("objects", fmt::format("{} {} {} {}", fmt::join(job_.labels, ","), objects.threshold.value_or(-1),
                                   objects.min_area_um2, objects.object_type));
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
    const outputs::ChunkStore& store = outputs_.front().values();
    if (job_.request.save_statistics)
      TEGULA_TRY(WriteFileWhole(staging.folder() / kStatistics, ops::StatisticsToJson(statistics_)));
    TEGULA_TRY(DescribeValuesOf());
    for (const RunOutput& output : outputs_) TEGULA_TRY(outputs::BuildPyramid(context_, output.stored()));
    record_.stages.push_back(watch.Lap("pyramid"));

    TEGULA_ASSIGN_OR_RETURN(Pictures pictures, Pictures::Create(bound(), info_));
    if (!job_.labels.empty()) {
      TEGULA_ASSIGN_OR_RETURN(
          objects_, MakeObjects(job_, name_, feeds_, info_, store, staging.folder() / kObjects, pictures, context_));
      record_.objects = objects_.classes;
      record_.stages.push_back(watch.Lap("objects"));
    }
    TEGULA_ASSIGN_OR_RETURN(const Tensor overlay, pictures.Overlay(outputs_.front().stored()));
    TEGULA_ASSIGN_OR_RETURN(const Tensor outlines, pictures.Outlines());
    std::optional<Tensor> detail;
    if (!job_.labels.empty()) {
      TEGULA_ASSIGN_OR_RETURN(detail, pictures.Detail(bound(), store, PassesOf(job_, info_)));
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
      for (std::size_t output = 0; output < outputs_.size(); ++output)
        TEGULA_TRY(SecondPass(output, frame, prediction, statistics));
      if (number == 0) statistics_ = std::move(statistics);
    }
    record_.stages.push_back(watch.Lap("prediction"));
    NoteWorkers(seconds);
    return Ok();
  }

  Result<pipeline::StageSeconds> PredictFrame(const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                                              engines::Session& session) const {
    std::vector<RunOutput::Part> parts;
    for (const RunOutput& output : outputs_) parts.push_back(PartOf(output, frame));
    const auto is_done = [&](const tiling::Tile& tile) {
      for (std::size_t output = 0; output < parts.size(); ++output)
        if (!tile.pieces[output].empty() && !parts[output].HasTile(tile.pieces[output].write)) return false;
      return true;
    };
    const auto write = [&](std::size_t output, const Block& block, const ConstView& pixels) {
      return parts[output].WriteTile(block, pixels);
    };
    return prediction.Run(context_, session, is_done, write);
  }

  // Postprocessing that waits for statistics of the whole output, if it does.
  Status SecondPass(std::size_t number, const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                    ops::Statistics& statistics) const {
    if (!outputs_[number].has_second_pass()) return Ok();
    const RunOutput::Part part = PartOf(outputs_[number], frame);
    const auto has = [&](const Block& block) { return part.Has(block); };
    const auto write = [&](const Block& block, const ConstView& values) { return part.Write(block, values); };
    return pipeline::FinishOutput(context_, prediction, number, part.raw(), {has, write}, statistics);
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

  // The planes of an output that belong to a frame.
  RunOutput::Part PartOf(const RunOutput& output, const Feeds::Frame& frame) const {
    const PerAxis<std::int64_t> all = outputs::StorePart(output.stored()).size();
    const auto planes = [&](GridAxis axis, std::int64_t at) {
      return feeds_.frames()[axis] > 1 ? Interval{at, at + 1} : Interval{0, all[axis]};
    };
    return {output, planes(GridAxis::kT, frame.t), planes(GridAxis::kZ, frame.z)};
  }

  Status OpenStores(Staging& staging, const pipeline::Prediction& prediction) {
    for (std::size_t number = 0; number < prediction.outputs(); ++number) {
      const spec::TensorDescription& description = model_.outputs[job_.outputs[number]];
      outputs::StoreOptions own = StoreOptionsOf(description, prediction.output(number), feeds_);
      TEGULA_ASSIGN_OR_RETURN(outputs::ValueForm form, FormOf(job_.request.values, description, own));
      outputs::StoreOptions stored = form.stored();
      for (const outputs::ChosenFormat& chosen : job_.formats)
        TEGULA_TRY(chosen.format->check(stored, chosen.compression));
      const auto [work, is_kept] = outputs::SetWorkingStore(job_.formats, job_.request.format.shard_pixels, stored);
      RunOutputRequest request{
          std::move(own), std::move(form), std::move(stored), {}, number == 0 && !job_.labels.empty()};
      if (prediction.needs_second_pass(number)) request.raw = prediction.raw_dtype(number);
      TEGULA_ASSIGN_OR_RETURN(
          RunOutput output,
          RunOutput::Open(std::move(request), staging.folder() / ((is_kept ? "" : ".") + FileOf(number, *work)),
                          staging.scratch(), std::to_string(number), context_.limits));
      outputs_.push_back(std::move(output));
    }
    info_ = prediction.output();
    staging.Keep();
    return Ok();
  }

  // Makes the other formats from the finished stores.
  Status WriteFormats(const Path& folder, Stopwatch& watch) {
    for (std::size_t number = 0; number < outputs_.size(); ++number) {
      for (const outputs::ChosenFormat& chosen : job_.formats) {
        if (chosen.format->is_store()) continue;
        TEGULA_TRY(chosen.format->write(context_, outputs_[number].stored(), folder / FileOf(number, *chosen.format),
                                        {fmt::format("Tegula {}", Version()), chosen.compression}));
        record_.stages.push_back(watch.Lap(fmt::format("writing {}", chosen.format->name)));
      }
      TEGULA_TRY(outputs_[number].stored().FinishShards(context_));
    }
    if (job_.request.format.shard_pixels > 0) record_.stages.push_back(watch.Lap("writing shards"));
    return Ok();
  }

  void NoteWorkers(const pipeline::StageSeconds& s) {
    record_.notes.push_back(
        fmt::format("seconds of all workers during prediction: reading {:.2f}, preprocessing {:.2f}, network {:.2f}, "
                    "postprocessing {:.2f}, writing {:.2f}; waiting for the network {:.2f}",
                    s.read, s.preprocess, s.infer, s.postprocess, s.write, s.wait_for_network));
  }

  // How values are stored, and what that cost them.
  Status DescribeValuesOf() {
    for (std::size_t number = 0; number < outputs_.size(); ++number) {
      TEGULA_ASSIGN_OR_RETURN(const outputs::ValueCounts lost, outputs_[number].Lost());
      record_.stored.push_back(DescribeValues(model_.outputs[job_.outputs[number]].id, outputs_[number].form(), lost));
      if (std::string note = NoteOf(record_.stored.back()); !note.empty()) record_.notes.push_back(std::move(note));
      for (const std::string& warning : WarningsOf(record_.stored.back())) {
        context_.progress.Note(warning);
        record_.warnings.push_back(warning);
      }
    }
    return Ok();
  }

  void DescribeOutputs() {
    for (std::size_t number = 0; number < job_.outputs.size(); ++number)
      for (const outputs::ChosenFormat& chosen : job_.formats)
        record_.outputs.push_back(
            {"prediction", FileOf(number, *chosen.format), std::string(chosen.format->name), outputs::NameOf(chosen)});
    if (!job_.labels.empty()) record_.outputs.push_back({"objects", kObjects, "geojson", ""});
    if (job_.request.save_statistics) record_.outputs.push_back({"statistics", kStatistics, "json", ""});
    record_.outputs.push_back({"report", kReport, "html", ""});
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

  std::vector<RunOutput> outputs_;
  pipeline::OutputInfo info_;   // of the first output
  ops::Statistics statistics_;  // of the first frame
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
