// app/source_stamps.h — whether what a run reads is still what it was when the run began.
//
// A prediction reads its image for hours, tile by tile; one that is replaced or still being copied meanwhile would give
// a mixture of two. Nobody can lock a file against that, so every source is looked at before it is opened and after the
// last pixel was read: size and time of the last change, of a folder those of all its files.
#pragma once

#include <map>
#include <string>

#include "tegula/core/status.h"

namespace tegula::app {

/// Size and time of the last change of a file; of a folder, and of a slide of several files, the sum of sizes and a
/// fingerprint of all names, sizes and times; the name itself for what is neither, as a synthetic image or a number.
/// kIo if the system cannot say.
Result<std::string> StampOf(const std::string& name);

/// The stamps of sources by their names. Adding is for one thread at a time, the rest is thread-safe.
class SourceStamps {
 public:
  /// Looks at a source, if it was not added before. Call before it is opened.
  void Add(const std::string& name);
  /// Its stamp. kIo as StampOf; the name was added.
  Result<std::string> Of(const std::string& name) const;
  /// Whether it is still the same. kIo as StampOf.
  Result<bool> IsAsItWas(const std::string& name) const;

 private:
  std::map<std::string, Result<std::string>> stamps_;
};

}  // namespace tegula::app
