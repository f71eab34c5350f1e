#include "tegula/app/image_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tegula/app/earlier_windows.h"
#include "tegula/app/feeds.h"
#include "tegula/app/image_access.h"
#include "tegula/app/pictures.h"
#include "tegula/app/run_description.h"
#include "tegula/app/run_facts.h"
#include "tegula/app/run_files.h"
#include "tegula/app/run_objects.h"
#include "tegula/app/run_prediction.h"
#include "tegula/app/run_qupath.h"
#include "tegula/app/run_values.h"
#include "tegula/app/run_verification.h"
#include "tegula/app/staging.h"
#include "tegula/app/stopwatch.h"
#include "tegula/app/version.h"
#include "tegula/core/folders.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/ops/statistics_file.h"
#include "tegula/outputs/pyramid.h"
#include "tegula/outputs/report.h"
#include "tegula/spec/object_output.h"

namespace tegula::app {
namespace {

constexpr const char* kRecord = outputs::kRunRecordName;
constexpr std::int64_t kLargestReport = 256 << 20;

Error ChangedError(const std::string& source, std::string_view when) {
  return IoError(fmt::format("{} was changed or removed {}; when it is as it is to be, give the same command again",
                             ShownName(source), when));
}

// One image on its way from source to folder.
class ImageRun {
 public:
  ImageRun(const PredictJob& job, const std::string& image, Path folder, Feeds feeds, Feeds::Frame first,
           const RunContext& context)
      : job_(job),
        model_(job.package.description()),
        image_(image),
        name_(ShownName(image)),
        folder_(std::move(folder)),
        feeds_(std::move(feeds)),
        first_(std::move(first)),
        context_(context) {}

  Result<ImagePrediction> Run() {
    began_ = MonotonicSeconds(), cpu_began_ = CpuSeconds();
    record_.started = UtcNow();
    const PredictRequest& request = job_.request;
    for (const std::string& decision : bound().info().decisions) context_.progress.Note(decision);
    TEGULA_TRY(Staging::FinishCutOff(folder_));
    // Sizes, channels and objects are refused before the image is read for its statistics.
    TEGULA_TRY(CheckObjectsOf(job_, feeds_));
    TEGULA_ASSIGN_OR_RETURN(const pipeline::PredictionRequest wanted, ChooseWindows());
    TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan, pipeline::PlanFor(model_, first_.feeds, wanted));
    TEGULA_TRY(CheckPlanes(plan));
    is_patches_ = plan.is_patches();
    if (!job_.region.is_all() && !is_patches_)
      TEGULA_TRY(CheckRegionApplies(model_, job_.outputs, job_.normalisation.known()));
    TEGULA_ASSIGN_OR_RETURN(const RunKey key, KeyOf(job_, image_, bound().info(), plan));
    record_.key = CompleteKey(job_, key).Sha256();
    if (request.verify) {
      for (const std::size_t output : job_.outputs)
        if (spec::FindObjectOps(model_.outputs[output]))
          return UnsupportedError(
              fmt::format("numbers of objects are not verified, as one pixel more or less gives others; leave out "
                          "--verify, or name "
                          "outputs other than {} with --outputs",
                          model_.outputs[output].id));
      TEGULA_ASSIGN_OR_RETURN(verification_plan_,
                              PlanVerification(model_, first_.feeds, wanted, job_.costs, job_.memory,
                                               ResidentMemoryBytes(), context_.executor.workers()));
      record_.estimated_memory_bytes = std::max(record_.estimated_memory_bytes, verification_plan_->bytes);
    }
    if (!request.overwrite) {
      TEGULA_ASSIGN_OR_RETURN(std::optional<outputs::RunRecord> done, FindDone());
      if (done) return Finished(std::move(*done), plan);
    }
    TEGULA_ASSIGN_OR_RETURN(Staging staging, Staging::Open(folder_, FilesOf(job_), request.overwrite, key));
    if (staging.is_continued()) context_.progress.Note("going on with the run that was cut off here");
    if (!staging.is_locked())
      context_.progress.Note(fmt::format(
          "the file system of {} has no locks: see to it that no other process makes results there", folder_.string()));

    Status status = MakeAll(staging, wanted, plan);
    status = HoldAgainstSources(std::move(status), staging);
    if (status.ok())
      status = staging.Commit(request.overwrite ? FilesOfAnyRun(job_, folder_) : std::vector<std::string>());
    if (!status.ok() && staging.is_kept())
      context_.progress.Note("what is finished is kept: the same command goes on where this one ended");
    TEGULA_TRY(status);
    ImagePrediction done{name_,
                         folder_,
                         (folder_ / kReportFile).string(),
                         objects_.total,
                         record_.wall_s,
                         prediction_.megapixels(),
                         /*was_done=*/false,
                         record_.verification};
    done.classes = record_.objects;
    done.knows_um = objects_.areas_in_um2;
    return done;
  }

 private:
  const image::BoundImage& bound() const noexcept { return feeds_.leading().bound; }

  // What was read while a source changed is a mixture, so nothing that was made of it stays. Errors that a change may
  // have caused are told as that.
  Status HoldAgainstSources(Status status, Staging& staging) const {
    for (const std::string& source : SourcesOf(job_.request, image_)) {
      const Result<bool> is_as_it_was = job_.sources.IsAsItWas(source);
      if (!is_as_it_was.ok()) return status.ok() ? is_as_it_was.error() : status;
      if (*is_as_it_was) continue;
      staging.Discard();
      const bool is_cancelled = !status.ok() && status.error().code == Code::kCancelled;
      return is_cancelled ? status : ChangedError(source, "while it was read, so nothing of this run is kept");
    }
    return status;
  }

  // As large as pays and as the memory allows; but as they were if a run was cut off here, or is complete.
  Result<pipeline::PredictionRequest> ChooseWindows() {
    pipeline::PredictionRequest wanted{job_.outputs, job_.request.tiling};
    if (!job_.request.overwrite) {
      pipeline::PredictionRequest as_before = wanted;
      TEGULA_ASSIGN_OR_RETURN(const PerAxis<std::optional<std::int64_t>> earlier, EarlierWindows(folder_));
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

  Status CheckPlanes(const tiling::TilePlan& plan) const {
    const bool is_plane =
        feeds_.frame_count() == 1 && plan.size_of(0)[GridAxis::kT] == 1 && plan.size_of(0)[GridAxis::kZ] == 1;
    if (!is_plane && !job_.labels.empty())
      return UnsupportedError("objects are made of single planes; choose one with --z and --t");
    if (feeds_.frame_count() > 1 && job_.request.save_statistics)
      return UnsupportedError(
          "each plane is normalised by statistics of its own, so they are not saved; choose one with --z and --t");
    return Ok();
  }

  // The record of the same run, if its results are there.
  Result<std::optional<outputs::RunRecord>> FindDone() const {
    for (const std::string& name : FilesOf(job_)) {
      TEGULA_ASSIGN_OR_RETURN(const bool exists, Exists(folder_ / name));
      if (!exists) return std::optional<outputs::RunRecord>();
    }
    Result<outputs::RunRecord> record = outputs::ReadRunRecord(folder_);
    if (!record.ok() && record.error().code != Code::kCorrupt && record.error().code != Code::kUnsupported)
      return std::move(record).error();
    if (!record.ok() || record->key != record_.key) return std::optional<outputs::RunRecord>();
    context_.progress.Note(fmt::format("{} has the results of this very run already", folder_.string()));
    return std::optional(std::move(*record));
  }

  // What an earlier call has made, verified now if that is asked for and was not done.
  Result<ImagePrediction> Finished(outputs::RunRecord record, const tiling::TilePlan& plan) {
    if (job_.request.verify && !IsVerified(record, *job_.request.verify)) TEGULA_TRY(VerifyFinished(record, plan));
    ImagePrediction done{name_, folder_, (folder_ / kReportFile).string(), 0, record.wall_s, 0};
    for (const outputs::ObjectsRecord& objects : record.objects) done.objects += objects.count;
    done.was_done = true;
    done.classes = record.objects;
    done.knows_um = record.image.pixel_size_y_um > 0 && record.image.pixel_size_x_um > 0;
    if (job_.request.verify) done.verification = std::move(record.verification);
    return done;
  }

  // Record and report are replaced when it is done; nothing else is touched.
  Status VerifyFinished(outputs::RunRecord& record, const tiling::TilePlan& plan) {
    // Tissue is found again, and is what it was; what is written of it is there already.
    TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder elsewhere, TemporaryFolder::Create("tegula-region"));
    TEGULA_ASSIGN_OR_RETURN(region_, RunRegion::Create(job_.region, name_, feeds_, model_, job_.outputs,
                                                       job_.request.binding, plan, elsewhere.path(), context_));
    for (const outputs::StoredRecord& stored : record.stored)
      if (stored.values != outputs::NameOf(outputs::Values::kOwn))
        return UnsupportedError(fmt::format(
            "output {} was stored as {}, which says less than the network gave; verify it while it is predicted, with "
            "--verify --overwrite",
            stored.output, stored.values));
    if (outputs::IsLossy(job_.formats.front()))
      return UnsupportedError(
          "the prediction was kept as JPEG, which is only nearly what the network gave; verify it while it is "
          "predicted, with --verify --overwrite");
    std::vector<FinishedOutput> finished;
    for (std::size_t number = 0; number < job_.outputs.size(); ++number) {
      TEGULA_ASSIGN_OR_RETURN(FinishedOutput output,
                              FinishedOutput::Open(folder_ / FileOf(job_, number, *job_.formats.front().format),
                                                   *job_.formats.front().format));
      finished.push_back(std::move(output));
    }
    bool is_complete = true;  // without statistics of whole outputs, which are recorded of the first frame only
    const auto frame_at = [&](std::int64_t number) -> Result<StoredFrame> {
      StoredFrame stored;
      TEGULA_ASSIGN_OR_RETURN(stored.frame, feeds_.FrameAt(number));
      TEGULA_ASSIGN_OR_RETURN(stored.statistics, job_.normalisation.Of(context_, stored.frame.feeds, is_patches_));
      TEGULA_ASSIGN_OR_RETURN(const pipeline::Prediction prediction,
                              pipeline::Prediction::Bind(model_, *job_.proven.network, stored.frame.feeds,
                                                         stored.statistics, verification_plan_->request));
      for (std::size_t output = 0; output < prediction.outputs(); ++output)
        is_complete = is_complete && !prediction.needs_second_pass(output);
      TEGULA_TRY(AddRecordedStatistics(record, prediction, stored.statistics));
      for (std::size_t output = 0; output < finished.size(); ++output)
        stored.outputs.push_back(
            finished[output].At(feeds_.frames(), stored.frame.t, stored.frame.z, region_.On(output)));
      return stored;
    };
    TEGULA_TRY(frame_at(0));
    TEGULA_ASSIGN_OR_RETURN(const Verification verification,
                            VerifyFrames(is_complete ? feeds_.frame_count() : 1, frame_at));
    DescribeVerification(verification, record);
    TEGULA_ASSIGN_OR_RETURN(const std::string page, ReadFile(folder_ / kReportFile, kLargestReport));
    TEGULA_ASSIGN_OR_RETURN(const std::string report,
                            outputs::RenderReportAgain({.title = Path(name_).filename().string(),
                                                        .record = record,
                                                        .pictures = {},
                                                        .verification = verification.Figures()},
                                                       page)
                                .Context((folder_ / kReportFile).string()));
    TEGULA_TRY(WriteFileWhole(folder_ / kReportFile, report));
    return WriteFileWhole(folder_ / kRecord, outputs::ToJson(record));
  }

  // Of the stores that were just filled.
  Status VerifyStores() {
    const auto frame_at = [&](std::int64_t number) -> Result<StoredFrame> {
      StoredFrame stored;
      TEGULA_ASSIGN_OR_RETURN(stored.frame, feeds_.FrameAt(number));
      stored.statistics = prediction_.statistics()[static_cast<std::size_t>(number)];
      for (std::size_t output = 0; output < prediction_.outputs().size(); ++output)
        stored.outputs.push_back(StoredIn(prediction_.PartOf(output, stored.frame).values(), region_.On(output)));
      return stored;
    };
    TEGULA_ASSIGN_OR_RETURN(verification_, VerifyFrames(feeds_.frame_count(), frame_at));
    DescribeVerification(*verification_, record_);
    return Ok();
  }

  Result<Verification> VerifyFrames(std::int64_t frames, FrameSource frame_at) const {
    const VerifyJob verify{job_,   *verification_plan_, *job_.request.verify, SeedOf(record_.key), feeds_, frames,
                           region_};
    TEGULA_ASSIGN_OR_RETURN(Verification verification, Verify(verify, frame_at, context_));
    // The answer for one image has it; the table of several does not.
    for (const outputs::VerificationRecord& output : verification.records)
      if (job_.request.images.size() > 1) context_.progress.Note(fmt::format("{}: {}", output.output, output.verdict));
    return verification;
  }

  Status MakeAll(Staging& staging, const pipeline::PredictionRequest& wanted, const tiling::TilePlan& plan) {
    Stopwatch watch;
    record_.stages.push_back(job_.start);
    TEGULA_ASSIGN_OR_RETURN(region_, RunRegion::Create(job_.region, name_, feeds_, model_, job_.outputs,
                                                       job_.request.binding, plan, staging.folder(), context_));
    if (!region_.is_all()) record_.stages.push_back(watch.Lap("region"));
    if (!job_.normalisation.note().empty()) record_.notes.push_back(job_.normalisation.note());
    TEGULA_TRY(prediction_.Make(staging, wanted, is_patches_, record_, watch));
    if (verification_plan_) {
      TEGULA_TRY(VerifyStores());
      record_.stages.push_back(watch.Lap("verification"));
    }
    const outputs::ChunkStore& store = prediction_.outputs().front().values();
    if (job_.request.save_statistics)
      TEGULA_TRY(
          WriteFileWhole(staging.folder() / kStatisticsFile, ops::StatisticsToJson(prediction_.statistics().front())));
    TEGULA_TRY(DescribeValuesOf());
    for (const RunOutput& output : prediction_.outputs()) TEGULA_TRY(outputs::FinishPyramid(context_, output.stored()));
    record_.stages.push_back(watch.Lap("pyramid"));

    // Pictures and page would else come on top of what the tiles left behind, more with more of them.
    ReleaseFreeMemory();
    TEGULA_ASSIGN_OR_RETURN(Pictures pictures, Pictures::Create(bound(), prediction_.info()));
    if (!region_.is_all()) pictures.ShowRegion(region_.outlines(), bound().info());
    outputs::ObjectFigures found;
    if (!job_.labels.empty()) {
      ObjectReport report(prediction_.info(), plan);
      TEGULA_ASSIGN_OR_RETURN(objects_, MakeObjectsOf(job_, name_, feeds_, prediction_.info(), store, region_.On(0),
                                                      staging.folder(), staging.scratch(), pictures, report, context_));
      TEGULA_ASSIGN_OR_RETURN(
          found, report.Figures(bound(), pictures.slide(), FrameOf(feeds_, prediction_.info()), region_.On(0)));
      DescribeSeams(report.seams(), record_);
      if (job_.request.qupath)
        TEGULA_TRY(WriteQuPathOf(feeds_, ShortName(name_), prediction_.info(), staging.folder()));
      record_.objects = objects_.classes;
      record_.notes.insert(record_.notes.end(), objects_.notes.begin(), objects_.notes.end());
      record_.stages.push_back(watch.Lap("objects"));
    }
    TEGULA_ASSIGN_OR_RETURN(const Tensor overlay, pictures.Overlay(prediction_.outputs().front().stored()));
    std::optional<Tensor> outlines, detail;
    if (!job_.labels.empty()) {
      TEGULA_ASSIGN_OR_RETURN(outlines, pictures.Outlines());
      TEGULA_ASSIGN_OR_RETURN(detail, pictures.Detail(bound(), store));
    }
    record_.stages.push_back(watch.Lap("pictures"));
    TEGULA_TRY(WriteFormats(staging.folder(), watch));
    DescribeModel(job_, record_);
    DescribeImage(name_, feeds_, record_);
    DescribeStatistics(prediction_.statistics().front(), record_);
    DescribeRegion(job_, region_, prediction_.statistics().front(), objects_.touching, record_);
    DescribeFiles(job_, record_);
    record_.finished = UtcNow();
    record_.wall_s = MonotonicSeconds() - began_ + job_.start.wall_s;
    record_.cpu_s = CpuSeconds() - cpu_began_ + job_.start.cpu_s;
    record_.peak_memory_bytes = PeakMemoryBytes();
    TEGULA_TRY(WriteFileWhole(staging.folder() / kRecord, outputs::ToJson(record_)));
    return Report(staging.folder() / kReportFile, pictures.slide(), overlay, outlines, detail, found);
  }

  // Makes the other formats from the finished stores.
  Status WriteFormats(const Path& folder, Stopwatch& watch) {
    for (std::size_t number = 0; number < prediction_.outputs().size(); ++number) {
      for (const outputs::ChosenFormat& chosen : job_.formats) {
        if (chosen.format->is_store()) continue;
        TEGULA_TRY(chosen.format->write(context_, prediction_.outputs()[number].stored(),
                                        folder / FileOf(job_, number, *chosen.format),
                                        {fmt::format("Tegula {}", Version()), chosen.compression}));
        record_.stages.push_back(watch.Lap(fmt::format("writing {}", chosen.format->name)));
      }
      TEGULA_TRY(prediction_.outputs()[number].stored().FinishShards(context_));
    }
    if (job_.request.format.shard_pixels > 0) record_.stages.push_back(watch.Lap("writing shards"));
    return Ok();
  }

  // How values are stored, and what that cost them.
  Status DescribeValuesOf() {
    for (std::size_t number = 0; number < prediction_.outputs().size(); ++number) {
      TEGULA_ASSIGN_OR_RETURN(const outputs::ValueCounts lost, prediction_.outputs()[number].Lost());
      record_.stored.push_back(
          DescribeValues(model_.outputs[job_.outputs[number]].id, prediction_.outputs()[number].form(), lost));
      if (std::string note = NoteOf(record_.stored.back()); !note.empty()) record_.notes.push_back(std::move(note));
      for (const std::string& warning : WarningsOf(record_.stored.back())) {
        context_.progress.Note(warning);
        record_.warnings.push_back(warning);
      }
    }
    return Ok();
  }

  Status Report(const Path& file, const Tensor& slide, const Tensor& overlay, const std::optional<Tensor>& outlines,
                const std::optional<Tensor>& detail, const outputs::ObjectFigures& found) const {
    ReleaseFreeMemory();
    std::vector<outputs::ReportPicture> pictures = {
        {"The image", slide.view()},
        {region_.is_all() ? "The prediction over it" : "The prediction over it, and the region", overlay.view()}};
    if (outlines && detail) {
      pictures.push_back({"Objects", outlines->view()});
      pictures.push_back({"A detail in the image's own pixels, where most objects are", detail->view()});
    }
    return outputs::WriteReport(
        {ShortName(name_), record_, std::move(pictures), &found,
         verification_ ? verification_->Figures() : std::vector<outputs::VerificationFigures>()},
        file);
  }

  const PredictJob& job_;
  const spec::ModelDescription& model_;
  std::string image_, name_;  // as it is opened and as it is shown
  Path folder_;
  Feeds feeds_;
  Feeds::Frame first_;
  const RunContext& context_;
  double began_ = 0, cpu_began_ = 0;

  RunRegion region_;
  RunPrediction prediction_ = {job_, feeds_, region_, context_};
  std::optional<VerificationPlan> verification_plan_;  // if it was asked for
  std::optional<Verification> verification_;
  outputs::RunRecord record_;
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

std::vector<std::string> SourcesOf(const PredictRequest& request, const std::string& image) {
  std::vector<std::string> sources = {image, request.statistics_from};
  for (const InputRequest& input : request.inputs) sources.push_back(input.value);
  return sources;
}

Result<ImagePrediction> PredictImage(const PredictJob& job, const std::string& image, const Path& folder,
                                     const RunContext& context) {
  const PredictRequest& request = job.request;
  for (const std::string& source : SourcesOf(request, image)) {
    TEGULA_ASSIGN_OR_RETURN(const bool is_as_it_was, job.sources.IsAsItWas(source));
    if (!is_as_it_was) return ChangedError(source, "after the command began");
  }
  TEGULA_ASSIGN_OR_RETURN(Feeds feeds,
                          Feeds::Open(job.package.description(), image, request.binding, request.inputs, job.access));
  TEGULA_ASSIGN_OR_RETURN(Feeds::Frame first, feeds.FrameAt(0, 0));
  return ImageRun(job, image, folder, std::move(feeds), std::move(first), context).Run();
}

}  // namespace tegula::app
