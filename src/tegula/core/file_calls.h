// core/file_calls.h — inside the module: calls on open files, done to their end. A signal that interrupts one, or a
// disk that takes a part at a time, is no failure.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// Calls again as long as a signal interrupts it. Not for close(): its descriptor is gone in any case.
template <class F>
auto Uninterrupted(F&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Writes all bytes from `offset` on. The error names `path`.
Status WriteAt(int descriptor, std::int64_t offset, std::string_view bytes, const Path& path);

/// Returns when the disk has what was written. Only now is it known that it could be written at all: systems take
/// bytes first and find the place for them later.
Status Synchronise(int descriptor, const Path& path);

/// Closes a file that was written and synchronised.
Status Close(int descriptor, const Path& path);

/// A name for a file that becomes `path`: hidden, in `folder`, unique on this machine for as long as it is written.
Path TemporaryName(const Path& folder, const Path& path);

}  // namespace tegula
