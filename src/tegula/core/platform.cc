#include "tegula/core/platform.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>
#include <thread>

#include "tegula/core/text.h"

namespace tegula {

Result<Path> ExecutablePath() {
  std::error_code failed;
  Path path = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return IoError("the system does not say where this program lies: " + failed.message());
  return path;
}

int AvailableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

// Not ru_maxrss of getrusage: that one also counts the process that started this one, as it was before exec.
namespace {

// A line such as "VmHWM:   1234 kB".
std::int64_t MemoryLine(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t begin = line.find_first_of("0123456789");
    const std::size_t end = line.find_first_not_of("0123456789", std::min(begin, line.size()));
    if (begin == std::string::npos) break;
    return ParseInt(std::string_view(line).substr(begin, end - begin)).value_or(0) * 1024;
  }
  return 0;
}

}  // namespace

std::int64_t PeakMemoryBytes() { return MemoryLine("VmHWM:"); }

std::int64_t ResidentMemoryBytes() { return MemoryLine("VmRSS:"); }

bool ResetPeakMemory() {
  const int control = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (control < 0) return false;
  const bool is_reset = ::write(control, "5", 1) == 1;
  ::close(control);
  return is_reset;
}

void* AllocatePages(std::size_t bytes) {
  constexpr std::size_t kHuge = 2 << 20, kMostAtOnce = 64 << 20;
  const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), size = (bytes + page - 1) / page * page;
  void* const mapped = ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  // From where huge pages may begin; what lies before and behind is not wanted.
  char* const pages = static_cast<char*>(mapped) + (kHuge - reinterpret_cast<std::uintptr_t>(mapped) % kHuge) % kHuge;
  const auto before = static_cast<std::size_t>(pages - static_cast<char*>(mapped));
  if (before > 0) ::munmap(mapped, before);
  ::munmap(pages + size, kHuge - before);
  // Both are advice. To be interrupted at the first touch of each page costs more than its clearing does.
  ::madvise(pages, size, MADV_HUGEPAGE);
  if (size <= kMostAtOnce) ::madvise(pages, size, MADV_POPULATE_WRITE);
  return pages;
}

void FreePages(void* pages, std::size_t bytes) { ::munmap(pages, bytes); }

void ReleaseFreeMemory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

std::int64_t MachineMemoryBytes() {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  std::int64_t bytes = pages > 0 && page > 0 ? pages * page : 0;
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream limit(file);
    std::string text;
    const std::optional<std::int64_t> allowed = limit >> text ? ParseInt(text) : std::nullopt;
    if (allowed && *allowed > 0 && (bytes == 0 || *allowed < bytes)) bytes = *allowed;
  }
  return bytes;
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

bool CanAsk() { return ::isatty(STDIN_FILENO) == 1 && StandardErrorIsTerminal(); }

bool StandardErrorIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

int TerminalColumns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Path UserCacheFolder() {
  const Path stated = EnvironmentVariable("XDG_CACHE_HOME");
  if (stated.is_absolute()) return stated;
  const Path home = EnvironmentVariable("HOME");
  return home.is_absolute() ? home / ".cache" : Path();
}

Path CacheFolder() {
  const std::string own = EnvironmentVariable("TEGULA_CACHE");
  if (!own.empty()) return own;
  const Path user = UserCacheFolder();
  return user.empty() ? Path() : user / "tegula";
}

bool WaitFor(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  return !stop.stop_requested();
}

// A signal handler may do almost nothing, so it writes one byte into a pipe, and a thread does the rest.
namespace {
int g_signal_pipe = -1;  // the handler has no other way to be handed anything  lint-allow: signal handler
volatile std::sig_atomic_t g_signals = 0;

void OnSignal(int number) {
  const int saved = errno;
  g_signals = g_signals + 1;
  if (g_signals > 1) ::_exit(128 + number);
  const char byte = 's';
  [[maybe_unused]] const ssize_t written = ::write(g_signal_pipe, &byte, 1);
  errno = saved;
}
}  // namespace

struct StopOnSignal::Watcher {
  int read_end = -1;
  struct sigaction old_int {
  }, old_term{};
  std::jthread thread;
};

StopOnSignal::StopOnSignal(const std::stop_source& source) : watcher_(std::make_unique<Watcher>()) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  watcher_->read_end = ends[0];
  g_signal_pipe = ends[1];
  g_signals = 0;
  watcher_->thread = std::jthread([read_end = ends[0], source]() mutable {
    char byte = 0;
    while (::read(read_end, &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == 's') source.request_stop();
  });
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART;  // what is being read or written is not to fail because of it
  ::sigaction(SIGINT, &action, &watcher_->old_int);
  ::sigaction(SIGTERM, &action, &watcher_->old_term);
}

StopOnSignal::~StopOnSignal() {
  if (watcher_->read_end < 0) return;
  ::sigaction(SIGINT, &watcher_->old_int, nullptr);
  ::sigaction(SIGTERM, &watcher_->old_term, nullptr);
  const char byte = 'e';
  [[maybe_unused]] const ssize_t written = ::write(g_signal_pipe, &byte, 1);
  watcher_->thread.join();
  ::close(watcher_->read_end);
  ::close(std::exchange(g_signal_pipe, -1));
}

Result<SharedLibrary> SharedLibrary::Load(const Path& path) {
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return UnsupportedError(
        fmt::format("{} does not load: {}", path.filename().string(), reason == nullptr ? "no reason given" : reason));
  }
  return SharedLibrary(handle, path);
}

Result<void*> SharedLibrary::Symbol(const char* name) const {
  void* const symbol = ::dlsym(handle_, name);
  if (symbol == nullptr) return NotFoundError(fmt::format("{} has no function {}", path_.filename().string(), name));
  return symbol;
}

}  // namespace tegula
