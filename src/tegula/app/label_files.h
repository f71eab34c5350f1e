// app/label_files.h — objects as images of their numbers, in the formats that are asked for.
#pragma once

#include "tegula/app/object_request.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/map_frame.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/found_objects.h"

namespace tegula::app {

/// Where images of labels of a map go: those of `files` to `folder`, what is only needed on the way to `scratch`.
struct LabelPlace {
  std::vector<ObjectFile> files;
  objects::MapFrame frame;
  std::int64_t height = 0, width = 0;
  Path folder, scratch;

  bool wants(ObjectFile file) const;
};

/// One image of labels as OME-Zarr and as OME-TIFF.
struct LabelFiles {
  ObjectFile zarr, tiff;
};
inline constexpr LabelFiles kObjectLabels{ObjectFile::kLabels, ObjectFile::kLabelsTiff},
    kNucleusLabels{ObjectFile::kNuclei, ObjectFile::kNucleiTiff};

/// An empty store for numbers up to `largest`, in place of what a run that was cut off left; of the file's name where
/// it is wanted. Errors of the store.
Result<outputs::ChunkStore> MakeLabelStore(const LabelPlace& place, ObjectFile zarr, std::int64_t largest,
                                           const Limits& limits);
/// Makes those of the files that are wanted of a store that has all its numbers. Errors of the stores and formats;
/// kCancelled.
Status FinishLabels(const LabelPlace& place, const LabelFiles& files, const outputs::ChunkStore& store,
                    const RunContext& context);
/// Writes those of kObjectLabels that are wanted. Errors as above.
Status WriteLabelFiles(const LabelPlace& place, const pipeline::FoundObjects& objects, const RunContext& context);

}  // namespace tegula::app
