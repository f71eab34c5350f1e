// core/platform.h — the few questions only the operating system answers. No other module makes a system call.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// Where this program's own file lies.
Result<Path> ExecutablePath();
/// Cores this process may use (its affinity mask), at least 1.
int AvailableCores();
/// The processor's name as the system reports it; empty if it does not.
std::string ProcessorName();
/// Largest resident memory of this process so far, in bytes; 0 if the system does not say.
std::int64_t PeakMemoryBytes();
/// Resident memory now, in bytes; 0 if the system does not say.
std::int64_t ResidentMemoryBytes();
/// From now on PeakMemoryBytes counts anew; false if the system cannot do that.
bool ResetPeakMemory();
/// Gives memory that was freed back to the system, so that ResidentMemoryBytes counts what is in use.
void ReleaseFreeMemory();
/// Memory that this process may have: the machine's, or what its control group allows; 0 if the system does not say.
std::int64_t MachineMemoryBytes();
/// Memory straight from the system, aligned to pages; null if there is none. It goes back to it when it is freed, with
/// the same size. Up to 64 MB are there at once, on huge pages where the system gives them; of more each page comes
/// when it is touched, so that a size that a file merely claims costs nothing.
void* AllocatePages(std::size_t bytes);
void FreePages(void* pages, std::size_t bytes);
/// User and system CPU time of this process so far, in seconds.
double CpuSeconds();
/// Seconds since an arbitrary moment; never goes back.
double MonotonicSeconds();
/// Now, in UTC, as ISO 8601 with seconds ("2026-01-31T12:00:00Z").
std::string UtcNow();
/// Whether a person looks at standard error, and how many columns it has (0 if unknown).
bool StandardErrorIsTerminal();
/// Whether a person can be asked: standard input and standard error are a terminal.
bool CanAsk();
int TerminalColumns();
/// The value of an environment variable, or an empty string.
std::string EnvironmentVariable(const char* name);
/// Where programs keep what they can make or fetch again: XDG_CACHE_HOME, or .cache in the user's home; empty if the
/// environment names neither.
Path UserCacheFolder();
/// Where this program does so: TEGULA_CACHE, or `tegula` in the user's cache folder; empty as there. It need not exist.
Path CacheFolder();
/// Waits; false, and at once, on a stop request.
bool WaitFor(double seconds, const std::stop_token& stop);

/// While it lives, the first SIGINT or SIGTERM requests `source` to stop and the second ends the process at
/// once. At most one exists at a time.
class StopOnSignal {
 public:
  explicit StopOnSignal(const std::stop_source& source);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  struct Watcher;
  std::unique_ptr<Watcher> watcher_;
};

/// A shared library that stays loaded for the rest of the process (libraries with threads of their own do
/// not survive being unloaded). Immutable and thread-safe.
class SharedLibrary {
 public:
  /// Symbols stay private to the library. kUnsupported with the loader's own reason if it does not load.
  static Result<SharedLibrary> Load(const Path& path);
  /// kNotFound if it exports no such symbol.
  template <class F>
  Result<F*> Function(const char* name) const {
    TEGULA_ASSIGN_OR_RETURN(void* const symbol, Symbol(name));
    return reinterpret_cast<F*>(symbol);
  }
  const Path& path() const noexcept { return path_; }

 private:
  SharedLibrary(void* handle, Path path) : handle_(handle), path_(std::move(path)) {}
  Result<void*> Symbol(const char* name) const;
  void* handle_;
  Path path_;
};

}  // namespace tegula
