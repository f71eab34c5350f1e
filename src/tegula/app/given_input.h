// app/given_input.h — what a run is asked to give to its model, in words that outlive the run.
//
// A stored prediction says by it whether it is what another call would make: the record holds what was asked for, not
// what followed from it for one image.
#pragma once

#include <optional>
#include <string>

#include "tegula/app/predict.h"
#include "tegula/app/run_key.h"

namespace tegula::app {

/// Names of facts that may be left to single images.
inline constexpr const char* kRangeZ = "range along z";
inline constexpr const char* kRangeT = "range along t";
inline constexpr const char* kProjectionZ = "projection along z";
inline constexpr const char* kStatistics = "source of statistics";

/// Channels, stains, planes, resolution, border, statistics and stride of a request; "as it comes" for what it leaves
/// to Tegula.
RunKey GivenBy(const PredictRequest& request);
/// The same of a run that has been.
RunKey GivenBy(const outputs::RunRecord& record);
/// For the record.
std::vector<outputs::FactRecord> RecordOf(const RunKey& given);

/// "3:5", as PlaneRange::Parse takes it; empty for none.
std::string TextOf(const std::optional<image::PlaneRange>& range);

/// auto, pad or network; and back. kInvalid for another word.
std::string BorderOf(const PredictRequest& request);
Status SetBorder(const std::string& word, PredictRequest& request);

/// Whether statistics from there can be had of any image: its own, or its own with the padding.
bool IsOfAnyImage(const std::string& statistics_from);

}  // namespace tegula::app
