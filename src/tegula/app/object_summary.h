// app/object_summary.h — one table of the objects of several images.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

inline constexpr const char* kObjectSummary = "summary.csv";

struct SummarizedImage {
  std::string image;
  std::string prediction;  ///< its folder
  std::vector<outputs::ObjectsRecord> classes;
  bool knows_um = false;
  std::string error;  ///< why there are none
};

/// A row per image and class, or with what went wrong. Replaces what is there. kIo, kExhausted.
Status WriteObjectSummary(const std::vector<SummarizedImage>& images, const Path& path);

}  // namespace tegula::app
