// app/run_facts.h — the facts that decide a run: of its pixels, and of everything that is made of them.
#pragma once

#include <string>

#include "tegula/app/image_run.h"
#include "tegula/app/run_key.h"
#include "tegula/image/binding.h"
#include "tegula/tiling/plan.h"

namespace tegula::app {

/// What decides the pixels of `image`, as it is opened. kIo if a source cannot be looked at.
Result<RunKey> KeyOf(const PredictJob& job, const std::string& image, const image::BoundInfo& bound,
                     const tiling::TilePlan& plan);
/// The fact of KeyOf that is the size of windows.
std::string WindowFact(GridAxis axis);
/// `key` with what decides everything that is made of the pixels.
RunKey CompleteKey(const PredictJob& job, RunKey key);

}  // namespace tegula::app
