// outputs/feature_file.h — a GeoJSON FeatureCollection that is written feature by feature, one on a line.
#pragma once

#include <cstdint>
#include <string_view>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::outputs {

/// The file appears on Commit. One thread at a time.
class FeatureFile {
 public:
  /// kIo.
  static Result<FeatureFile> Create(const Path& path);
  /// The text of a feature. kIo or kExhausted, as Commit.
  Status Add(std::string_view feature);
  Status Commit();
  std::int64_t features() const noexcept { return features_; }

 private:
  explicit FeatureFile(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  std::int64_t features_ = 0;
};

}  // namespace tegula::outputs
