// app/verify.h — a result that is held against what other windows give for the same pixels, and the verdict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tegula/app/image_run.h"
#include "tegula/app/verification_plan.h"
#include "tegula/outputs/run_record.h"
#include "tegula/outputs/verification_section.h"
#include "tegula/pipeline/verification.h"

namespace tegula::app {

/// One of the planes that are predicted alike (or all there is): what the model was given, and where the result lies.
struct StoredFrame {
  Feeds::Frame frame;
  ops::Statistics statistics;  ///< all, of outputs too, as they were
  std::vector<pipeline::StoredOutput> outputs;
};
/// Frame number `number`; asked for more than once.
using FrameSource = FunctionRef<Result<StoredFrame>(std::int64_t number)>;

/// The verdicts, one per output that was made, and what there is to see.
struct Verification {
  std::vector<outputs::VerificationRecord> records;
  std::vector<pipeline::VerifiedOutput> found;
  std::vector<PerAxis<std::vector<std::int64_t>>> seams;  ///< per output: the first pixel behind each

  bool passed() const;
  /// For the report; borrows this.
  std::vector<outputs::VerificationFigures> Figures() const;
};

/// What of a run is verified. Borrows.
struct VerifyJob {
  const PredictJob& job;
  const VerificationPlan& plan;
  VerifyRequest request;
  std::uint64_t seed = 0;  ///< decides which tiles
  const Feeds& feeds;      ///< of the image
  std::int64_t frames = 1;
  const RunRegion& region;  ///< what was predicted
};

/// Predicts the chosen tiles again and compares them with what is stored. Differences count from 1e-5 of the largest
/// value (or of 1) on in float32, and from as much as its rounding in lower precisions. No other session may be alive:
/// the plan was made for one. Errors of network, stores and image; kCancelled.
Result<Verification> Verify(const VerifyJob& verify, FrameSource frames, const RunContext& context);

}  // namespace tegula::app
