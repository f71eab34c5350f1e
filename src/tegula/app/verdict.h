// app/verdict.h — what a verification found, in one sentence and with advice.
#pragma once

#include <optional>
#include <string>

#include "tegula/app/verification_plan.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/deviation.h"

namespace tegula::app {

/// The option of the command line for the smallest context that would have been enough, on the stride grid; empty if
/// none of those that were seen would, or if differences do not depend on the context.
std::string EnoughContext(const VerificationPlan& plan, const pipeline::Deviation& deviation, double allowed);

/// The numbers of a deviation, the verdict and the sentence. `record` has place, windows and allowed difference.
void Judge(const VerificationPlan& plan, const pipeline::Deviation& deviation, outputs::VerificationRecord& record);

}  // namespace tegula::app
