// app/run_verification.h — verifications in the life of a run: what is stored, where it is read from when the run is
// long over, and what record and report say afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tegula/app/verify.h"
#include "tegula/image/binding.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/outputs/store_part.h"

namespace tegula::app {

/// What a part of a store holds of what is `asked` for (null: all). Borrows the store and the latter.
pipeline::StoredOutput StoredIn(const outputs::StorePart& part, const pipeline::RegionOfInterest* asked);

/// An output of a run that is complete, in the first of its formats. Immutable and thread-safe; moves.
class FinishedOutput {
 public:
  /// Errors of opening it.
  static Result<FinishedOutput> Open(const Path& path, const outputs::OutputFormat& format);
  /// The planes of a frame: all of them along axes that have one frame. Borrows this, and what is asked for.
  pipeline::StoredOutput At(const PerAxis<std::int64_t>& frames, std::int64_t t, std::int64_t z,
                            const pipeline::RegionOfInterest* asked) const;

 private:
  std::unique_ptr<outputs::ChunkStore> store_;  // or
  std::unique_ptr<image::Source> source_;
  std::optional<image::BoundImage> bound_;
};

/// Adds the statistics of whole outputs that a prediction misses, as a run has recorded them (of its first frame).
/// kUnsupported if the record does not have them, or two that could be meant.
Status AddRecordedStatistics(const outputs::RunRecord& record, const pipeline::Prediction& prediction,
                             ops::Statistics& statistics);

/// Puts the verdicts into a record, with a warning for those that failed; those of an earlier verification go.
void DescribeVerification(const Verification& verification, outputs::RunRecord& record);

/// Whether a record has the verdicts that this request would give.
bool IsVerified(const outputs::RunRecord& record, const VerifyRequest& request);

}  // namespace tegula::app
