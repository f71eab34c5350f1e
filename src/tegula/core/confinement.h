// core/confinement.h — inside the module: how a process that is about to become another program gives up what that
// program is not to have.
//
// Everything that allocates is done before the process is split (the constructor, the arguments); what happens in
// the new process makes system calls only, as it is the copy of one thread of many.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/process.h"

namespace tegula::internal {

/// A system call that failed: which one, and its errno; 0 if none did.
struct Failure {
  const char* step = "";
  int number = 0;
};

/// Limits of the calling process and what it starts.
Failure EnterLimits(const ProcessLimits& limits);

/// What a process needs in order to enter namespaces of its own.
class NamespacePlan {
 public:
  explicit NamespacePlan(const Path& writable);
  /// In the new process. On success it returns in a process that may see only itself and write only to `writable`; two
  /// processes stay behind, which end when it does, with its exit code.
  Failure Enter() const;

 private:
  std::string writable_, user_map_, group_map_;
};

/// A program for the kernel (seccomp) that refuses sockets and what makes them, as bytes.
std::string SocketFilter();
/// The calling process and all that it becomes get the filter.
Failure EnterSocketFilter(const std::string& filter);

/// The arguments of bwrap, its own name first, in front of program and arguments. The socket filter is read from this
/// descriptor.
constexpr int kFilterDescriptor = 3;
std::vector<std::string> BubblewrapWords(const ProcessRequest& request);

}  // namespace tegula::internal
