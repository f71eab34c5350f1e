#include "tegula/app/run_verification.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/image/block_view.h"
#include "tegula/image/open.h"

namespace tegula::app {
namespace {

// Pixels of a file that are read at once.
constexpr PerAxis<std::int64_t> kFileBlock = {{1, 1, 512, 512}};

// The planes of all there are that belong to a frame.
PerAxis<Interval> PlanesOf(const PerAxis<std::int64_t>& frames, const PerAxis<std::int64_t>& all, std::int64_t t,
                           std::int64_t z) {
  PerAxis<Interval> planes;
  for (const auto& [axis, at] : {std::pair(GridAxis::kT, t), std::pair(GridAxis::kZ, z)})
    planes[axis] = frames[axis] > 1 ? Interval{at, at + 1} : Interval{0, all[axis]};
  return planes;
}

}  // namespace

pipeline::StoredOutput StoredIn(const outputs::StorePart& part, const pipeline::RegionOfInterest* asked) {
  return {[part](const Block& block, const View& out) { return part.Read(block, out); }, part.dtype(), part.channels(),
          part.chunk(), asked};
}

Result<FinishedOutput> FinishedOutput::Open(const Path& path, const outputs::OutputFormat& format) {
  FinishedOutput output;
  if (format.is_store()) {
    TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore store, outputs::ChunkStore::Open(path));
    output.store_ = std::make_unique<outputs::ChunkStore>(std::move(store));
    return output;
  }
  TEGULA_ASSIGN_OR_RETURN(output.source_, image::Open(path.string()));
  image::BindingRequest all;
  all.z = all.t = image::PlaneRange::All();
  TEGULA_ASSIGN_OR_RETURN(
      output.bound_,
      image::Bind(*output.source_, all, {.channels = 0, .channel_names = {}, .has_z = true, .has_t = true}));
  return output;
}

pipeline::StoredOutput FinishedOutput::At(const PerAxis<std::int64_t>& frames, std::int64_t t, std::int64_t z,
                                          const pipeline::RegionOfInterest* asked) const {
  if (store_ != nullptr) {
    const PerAxis<Interval> planes = PlanesOf(frames, outputs::StorePart(*store_).size(), t, z);
    return StoredIn(outputs::StorePart(*store_, planes[GridAxis::kT], planes[GridAxis::kZ]), asked);
  }
  const PerAxis<Interval> planes = PlanesOf(frames, bound_->info().size, t, z);
  const auto read = [bound = bound_->Planes(planes[GridAxis::kT], planes[GridAxis::kZ])](
                        const Block& block, const View& out) { return bound.Read(block, out); };
  return {read, bound_->info().dtype, bound_->info().channels, kFileBlock, asked};
}

Status AddRecordedStatistics(const outputs::RunRecord& record, const pipeline::Prediction& prediction,
                             ops::Statistics& statistics) {
  for (std::size_t number = 0; number < prediction.outputs(); ++number)
    for (const ops::StatisticRequest& missing : prediction.missing_statistics(number)) {
      std::vector<std::string> reduced;
      Shape shape = prediction.output_layout(number).ShapeOf(prediction.output(number).channels, {{1, 1, 1, 1}});
      for (std::size_t axis = 0; axis < missing.reduced.size(); ++axis) {
        if (!missing.reduced[axis]) continue;
        reduced.push_back(missing.axes[axis]);
        shape[static_cast<int>(axis)] = 1;
      }
      const auto is_meant = [&](const outputs::StatisticRecord& known) {
        return known.tensor == missing.tensor_id && known.measure == ops::MeasureName(missing.measure) &&
               known.percentile == missing.percentile && known.axes == reduced &&
               std::ssize(known.values) == shape.elements();
      };
      const auto found = std::find_if(record.statistics.begin(), record.statistics.end(), is_meant);
      const bool is_unclear =
          found != record.statistics.end() && std::any_of(found, record.statistics.end(), [&](auto& other) {
            return is_meant(other) && other.values != found->values;
          });
      if (found == record.statistics.end() || is_unclear)
        return UnsupportedError(
            fmt::format("the record of this run does not tell the {} of the whole output {}, which its values follow "
                        "from; verify it when it is predicted, with --overwrite --verify",
                        ops::MeasureName(missing.measure), missing.tensor_id));
      statistics.Set({missing, shape, found->values});
    }
  return Ok();
}

void DescribeVerification(const Verification& verification, outputs::RunRecord& record) {
  const auto warning = [](const outputs::VerificationRecord& output) { return "verification " + output.verdict; };
  for (const outputs::VerificationRecord& earlier : record.verification) std::erase(record.warnings, warning(earlier));
  record.verification = verification.records;
  for (const outputs::VerificationRecord& output : record.verification)
    if (!output.passed) record.warnings.push_back(warning(output));
}

bool IsVerified(const outputs::RunRecord& record, const VerifyRequest& request) {
  return !record.verification.empty() && std::all_of(record.verification.begin(), record.verification.end(),
                                                     [&](auto& r) { return r.asked == request.ToText(); });
}

}  // namespace tegula::app
