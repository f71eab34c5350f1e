// app/source_stamps.h — whether what a run reads is still what it was when the run began.
//
// A prediction reads its image for hours, tile by tile; one that is replaced or still being copied meanwhile would give
// a mixture of two. Nobody can lock a file against that, so every source is looked at before it is opened and after the
// last pixel was read: size and time of the last change, of a folder those of all its files.
#pragma once

#include <map>
#include <string>

#include "tegula/core/status.h"
#include "tegula/image/open.h"

namespace tegula::app {

/// Size and time of the last change of a file; of a folder, and of a slide of several files, the sum of sizes and a
/// fingerprint of all names, sizes and times; of an image on the web what the server says now of its metadata
/// (ImageInfo::state); the name itself for what is none of these, as a synthetic image or a number. kIo if the system
/// cannot say, errors of opening an image on the web.
Result<std::string> StampOf(const std::string& name, const image::Access& access);

/// The stamps of sources by their names. Adding is for one thread at a time, the rest is thread-safe.
class SourceStamps {
 public:
  explicit SourceStamps(image::Access access) : access_(std::move(access)) {}

  /// Looks at a source, if it was not added before. Call before it is opened.
  void Add(const std::string& name);
  /// Its stamp. kIo as StampOf; the name was added.
  Result<std::string> Of(const std::string& name) const;
  /// Whether it is still the same. kIo as StampOf.
  Result<bool> IsAsItWas(const std::string& name) const;

 private:
  image::Access access_;
  std::map<std::string, Result<std::string>> stamps_;
};

}  // namespace tegula::app
