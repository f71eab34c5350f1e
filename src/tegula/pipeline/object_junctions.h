// pipeline/object_junctions.h — where the outlines of all objects of a map meet.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/objects/simplify/junctions.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/found_objects.h"

namespace tegula::pipeline {

/// The corners at which more than two outlines meet, or one touches itself, so that simplified neighbours share their
/// lines (objects/simplify/simplify_outline.h). Where objects overlap, those of the ones below may be left out.
/// kExhausted if there are more than 2^24; errors of the objects; kCancelled.
Result<objects::Junctions> JunctionsOf(const RunContext& context, const FoundObjects& objects, std::int64_t height,
                                       std::int64_t width);

/// The same of `cells`, an image of numbers, and of their `nuclei`, one of the same size and numbers: of both outlines
/// together.
Result<objects::Junctions> JunctionsOf(const RunContext& context, const outputs::ChunkStore& nuclei,
                                       const outputs::ChunkStore& cells);

}  // namespace tegula::pipeline
