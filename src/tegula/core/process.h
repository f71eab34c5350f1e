// core/process.h — another program, run to its end under limits, and kept from the network and from other files if it
// is to run the code of strangers.
//
// Some weights can be read only by the library that wrote them. That library runs in a process of its own, so that what
// it does, or what a package makes it do, ends with the process. There is no shell: arguments are passed as they are.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// What keeps a process apart. Each gives it no network, no sockets, no capabilities, process ids of its own, and only
/// ProcessRequest::folder to write to; everything dies with it.
enum class Confinement : std::uint8_t {
  kNone,        ///< limits only
  kNamespaces,  ///< user, network, mount and process namespaces of the kernel, and a filter of system calls
  kBubblewrap,  ///< the same, made by the program `bwrap`
};
std::string_view ConfinementName(Confinement confinement);

/// 0 means no limit. Those of one process hold for each that it starts.
struct ProcessLimits {
  double wall_seconds = 0;
  std::int64_t cpu_seconds = 0;
  std::int64_t memory_bytes = 0;  ///< address space
  std::int64_t file_bytes = 0;    ///< of each file that it writes
};

struct ProcessRequest {
  Path program;  ///< absolute
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited
  Path folder;                           ///< absolute; where it works
  std::string input;                     ///< its standard input
  ProcessLimits limits;
  Confinement confinement = Confinement::kNone;
};

struct ProcessOutcome {
  int exit_code = 0;       ///< 128 + the signal's number if a signal ended it
  std::string output;      ///< the start of its standard output, 4 MiB at most
  std::string error_tail;  ///< the end of its standard error, 16 KiB at most
};

/// Runs it and waits for its end; what it started and left running is ended too. kNotFound (no such program), kIo (with
/// the step that failed), kExhausted (wall_seconds are over), kCancelled. The process never outlives the call, nor the
/// calling thread.
Result<ProcessOutcome> RunProcess(const ProcessRequest& request, const std::stop_token& stop = {});

/// A way of confining that works here, tried with a program that does nothing: Bubblewrap if it is there, else
/// namespaces. kUnsupported with what is missing.
Result<Confinement> FindConfinement();

/// A program by its name in the folders of $PATH; kNotFound.
Result<Path> FindProgram(std::string_view name);

}  // namespace tegula
