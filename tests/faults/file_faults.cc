// tests/faults/file_faults.cc — a layer of files that fails when it is told to, for the program as it is shipped.
//
// Loaded before the C library (LD_PRELOAD) it stands between a program and every call with which it touches files, its
// own and those of the libraries it uses. Calls on files below the folders it is told of are numbered; from a number on
// they fail, are cut short, or are the moment at which the process dies or the world around it changes. What to do
// stands in the environment, see Plan; tests/file_faults.py is the other end.
//
// What a C library does inside itself is not seen: the reads of a FILE (its opening is) and of a mapping.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

// The next definition of a function: what the program would have called without this library.
#define REAL(name) static const auto real = reinterpret_cast<decltype(&::name)>(::dlsym(RTLD_NEXT, #name))

enum Kind : unsigned { kRead = 1, kWrite = 2, kRemove = 4 };
enum class Action { kNone, kFail, kStutter, kKill, kCrash, kStop, kRun };

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What the environment says.
struct Plan {
  std::vector<std::string> folders;  // FAULTS_BELOW: absolute, separated by colons; files count as well
  unsigned kinds = 0;                // FAULTS_IN: read, write, remove, separated by commas
  long first = 0;                    // FAULTS_FROM: the first call that is hit, counted from 1; 0: none
  long end = 0;                      // FAULTS_FOR: how many are hit; all from the first on if it is 0
  // FAULTS_DO: an error's number;
  //   stutter  odd calls are interrupted by a signal, even ones do half of what they were asked
  //   kill     the process dies, in the middle of the call if that writes
  //   crash    as kill, and what was written but not synchronised is lost, as when the machine goes down
  //   stop     the process is asked to stop, and has heard it when the call goes on
  //   anything else is a command that is run before the call goes on
  Action action = Action::kNone;
  int error = 0;
  std::string command;
  int log = -1;  // FAULTS_LOG: a file that gets a line per call that counts

  Plan() {
    const std::string below = Variable("FAULTS_BELOW"), in = Variable("FAULTS_IN"), act = Variable("FAULTS_DO");
    for (std::size_t at = 0; at < below.size();) {
      const std::size_t end_of_name = std::min(below.find(':', at), below.size());
      folders.push_back(below.substr(at, end_of_name - at));
      at = end_of_name + 1;
    }
    if (in.find("read") != std::string::npos) kinds |= kRead;
    if (in.find("write") != std::string::npos) kinds |= kWrite;
    if (in.find("remove") != std::string::npos) kinds |= kRemove;
    first = std::atol(Variable("FAULTS_FROM").c_str());
    const long hits = std::atol(Variable("FAULTS_FOR").c_str());
    end = hits == 0 ? INT64_MAX : first + hits;
    error = std::atoi(act.c_str());
    command = act;
    action = first == 0         ? Action::kNone
             : error > 0        ? Action::kFail
             : act == "stutter" ? Action::kStutter
             : act == "kill"    ? Action::kKill
             : act == "crash"   ? Action::kCrash
             : act == "stop"    ? Action::kStop
                                : Action::kRun;
    const std::string file = Variable("FAULTS_LOG");
    if (!file.empty())
      log = static_cast<int>(
          ::syscall(SYS_openat, AT_FDCWD, file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  }
};

const Plan& ThePlan() {
  static const Plan plan;
  return plan;
}

// --- Which files count -----------------------------------------------------------------------------------------------

constexpr int kMostFiles = 4096;
enum Trait : unsigned char { kCounts = 1, kForWriting = 2, kUnsynchronised = 4, kListed = 8 };
std::array<std::atomic<unsigned char>, kMostFiles> g_traits{};  // by descriptor

bool Has(int file, Trait trait) { return file >= 0 && file < kMostFiles && (g_traits[file] & trait) != 0; }

std::string PathOf(int file) {
  char path[4096];
  const auto size = ::syscall(SYS_readlink, ("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

std::string Absolute(int folder, const char* name) {
  std::filesystem::path path = name == nullptr ? "" : name;
  if (!path.is_absolute()) {
    char here[4096];
    const bool is_here = folder == AT_FDCWD && ::syscall(SYS_getcwd, here, sizeof here) > 0;
    path = std::filesystem::path(is_here ? std::string(here) : PathOf(folder)) / path;
  }
  return path.lexically_normal().string();
}

bool IsBelow(std::string_view path) {
  for (const std::string& folder : ThePlan().folders)
    if (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/')) return true;
  return false;
}

int Opened(int file, bool counts, bool for_writing) {
  if (file >= 0 && file < kMostFiles)
    g_traits[file] = static_cast<unsigned char>(counts ? kCounts | (for_writing ? kForWriting : 0) : 0);
  return file;
}

// --- What happens at a call ------------------------------------------------------------------------------------------

std::mutex g_lost_mutex;
std::vector<int> g_lost;  // descriptors of files that were closed and not synchronised

std::atomic<bool> g_is_dying{false};

[[noreturn]] void WaitForTheEnd() {
  for (;;) ::pause();
}

[[noreturn]] void Die() {
  // Other threads do nothing any more: what one of them made durable after the end would be lost below all the same.
  if (g_is_dying.exchange(true)) WaitForTheEnd();
  if (ThePlan().action == Action::kCrash) {
    const std::lock_guard lock(g_lost_mutex);
    for (int file = 0; file < kMostFiles; ++file)
      if (Has(file, kUnsynchronised)) ::syscall(SYS_ftruncate, file, 0);
    for (const int file : g_lost) ::syscall(SYS_ftruncate, file, 0);
  }
  for (;;) ::kill(::getpid(), SIGKILL);
}

[[noreturn]] void GiveUp(const char* why) {
  std::fprintf(stderr, "file_faults: %s\n", why);
  std::_Exit(99);
}

long Threads() {
  long threads = 0;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry("/proc/self/task", failed), end; !failed && entry != end;
       entry.increment(failed))
    ++threads;
  return threads;
}

// The thread that waits for signals ends when it has passed one on.
void Stop() {
  const long before = Threads();
  ::kill(::getpid(), SIGTERM);
  for (int tries = 0; Threads() >= before; ++tries) {
    if (tries == 20'000) GiveUp("nobody heard SIGTERM");
    ::usleep(200);
  }
}

void RunCommand() {
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (std::strncmp(*variable, "LD_PRELOAD=", 11) != 0) environment.push_back(*variable);
  environment.push_back(nullptr);
  std::string shell = "/bin/sh", option = "-c", command = ThePlan().command;
  char* const words[] = {shell.data(), option.data(), command.data(), nullptr};
  pid_t child = 0;
  int status = 1;
  if (::posix_spawn(&child, shell.c_str(), nullptr, nullptr, words, environment.data()) != 0 ||
      ::waitpid(child, &status, 0) != child || status != 0)
    GiveUp("the command failed");
}

enum class Fate { kGoOn, kFail, kHalf, kDie };

// Numbers a call that counts and says how it ends; errno is set if it fails. `can_stutter` is what a call may do that
// waits for a disk: be interrupted, or do a part.
Fate Meet(Kind kind, const char* function, const std::string& path, bool can_stutter = false) {
  static std::atomic<long> calls{0};
  const Plan& plan = ThePlan();
  if ((plan.kinds & kind) == 0) return Fate::kGoOn;
  if (g_is_dying) WaitForTheEnd();
  const long number = ++calls;
  if (plan.log >= 0) {
    const std::string line = std::string(function) + " " + path + "\n";
    ::syscall(SYS_write, plan.log, line.data(), line.size());
  }
  if (number < plan.first || number >= plan.end) return Fate::kGoOn;
  switch (plan.action) {
    case Action::kNone: break;
    case Action::kFail: errno = plan.error; return Fate::kFail;
    case Action::kStutter:
      if (!can_stutter) break;
      if (number % 2 == 0) return Fate::kHalf;
      errno = EINTR;
      return Fate::kFail;
    case Action::kKill:
    case Action::kCrash: return Fate::kDie;
    case Action::kStop: Stop(); break;
    case Action::kRun: RunCommand(); break;
  }
  return Fate::kGoOn;
}

// A call on a path: whether it may go on.
bool MayGoOn(Kind kind, const char* function, int folder, const char* name, bool can_stutter = false) {
  const std::string path = Absolute(folder, name);
  if (!IsBelow(path)) return true;
  const Fate fate = Meet(kind, function, path, can_stutter);
  if (fate == Fate::kDie) Die();
  return fate != Fate::kFail;
}

// A call on an open file that does one thing or fails.
bool MayGoOn(Kind kind, const char* function, int file, bool can_stutter = false) {
  if (!Has(file, kCounts)) return true;
  const Fate fate = Meet(kind, function, PathOf(file), can_stutter);
  if (fate == Fate::kDie) Die();
  return fate != Fate::kFail;
}

// A call that moves `size` bytes by `move(size)`.
template <class F>
ssize_t Move(Kind kind, const char* function, int file, std::size_t size, F&& move) {
  if (!Has(file, kCounts)) return move(size);
  const Fate fate = Meet(kind, function, PathOf(file), true);
  if (fate == Fate::kFail) return -1;
  if (kind == kWrite && size > 0) g_traits[file] |= kUnsynchronised;
  if (fate == Fate::kDie) {
    if (kind == kWrite) move(size / 2);
    Die();
  }
  return move(fate == Fate::kHalf ? (size + 1) / 2 : size);
}

int Synchronise(const char* function, int file, int (*real)(int)) {
  if (!Has(file, kCounts)) return real(file);
  if (!MayGoOn(kWrite, function, file, true)) return -1;
  // That the disk has it is not what is tested, and takes most of the time of a test.
  g_traits[file] &= static_cast<unsigned char>(~kUnsynchronised);
  return 0;
}

template <class F>
int OpenBy(const char* function, int folder, const char* name, int flags, F&& open) {
  const bool for_writing = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
  const bool counts = IsBelow(Absolute(folder, name));
  const bool can_stutter = (flags & O_DIRECTORY) == 0;
  if (counts && !MayGoOn(for_writing ? kWrite : kRead, function, folder, name, can_stutter)) return -1;
  return Opened(open(), counts, for_writing);
}

bool MayList(int folder) {
  if (!Has(folder, kCounts) || Has(folder, kListed)) return true;
  g_traits[folder] |= kListed;
  return MayGoOn(kRead, "readdir", folder);
}

mode_t ModeOf(int flags, std::va_list more) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

}  // namespace

// --- The calls -------------------------------------------------------------------------------------------------------

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int open(const char* name, int flags, ...) {
  REAL(open);
  std::va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  return OpenBy("open", AT_FDCWD, name, flags, [&] { return real(name, flags, mode); });
}
EXPORT int open64(const char* name, int flags, ...) {
  REAL(open64);
  std::va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  return OpenBy("open", AT_FDCWD, name, flags, [&] { return real(name, flags, mode); });
}
EXPORT int openat(int folder, const char* name, int flags, ...) {
  REAL(openat);
  std::va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  return OpenBy("openat", folder, name, flags, [&] { return real(folder, name, flags, mode); });
}
EXPORT int openat64(int folder, const char* name, int flags, ...) {
  REAL(openat64);
  std::va_list more;
  va_start(more, flags);
  const mode_t mode = ModeOf(flags, more);
  va_end(more);
  return OpenBy("openat", folder, name, flags, [&] { return real(folder, name, flags, mode); });
}
EXPORT FILE* fopen(const char* name, const char* mode) {
  REAL(fopen);
  return MayGoOn(*mode == 'r' ? kRead : kWrite, "fopen", AT_FDCWD, name) ? real(name, mode) : nullptr;
}
EXPORT FILE* fopen64(const char* name, const char* mode) {
  REAL(fopen64);
  return MayGoOn(*mode == 'r' ? kRead : kWrite, "fopen", AT_FDCWD, name) ? real(name, mode) : nullptr;
}

// On a network file system this is where the last errors of writing come to light. The descriptor is gone in any case.
EXPORT int close(int file) {
  REAL(close);
  const bool may_go_on = !Has(file, kForWriting) || MayGoOn(kWrite, "close", file);
  const int number = errno;
  if (Has(file, kUnsynchronised) && ThePlan().action == Action::kCrash) {
    const std::lock_guard lock(g_lost_mutex);
    g_lost.push_back(::fcntl(file, F_DUPFD_CLOEXEC, 0));
  }
  if (file >= 0 && file < kMostFiles) g_traits[file] = 0;
  const int closed = real(file);
  if (may_go_on) return closed;
  errno = number;
  return -1;
}

EXPORT ssize_t read(int file, void* out, std::size_t size) {
  REAL(read);
  return Move(kRead, "read", file, size, [&](std::size_t part) { return real(file, out, part); });
}
EXPORT ssize_t pread(int file, void* out, std::size_t size, off_t offset) {
  REAL(pread);
  return Move(kRead, "pread", file, size, [&](std::size_t part) { return real(file, out, part, offset); });
}
EXPORT ssize_t pread64(int file, void* out, std::size_t size, off64_t offset) {
  REAL(pread64);
  return Move(kRead, "pread", file, size, [&](std::size_t part) { return real(file, out, part, offset); });
}
EXPORT ssize_t write(int file, const void* bytes, std::size_t size) {
  REAL(write);
  return Move(kWrite, "write", file, size, [&](std::size_t part) { return real(file, bytes, part); });
}
EXPORT ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  REAL(pwrite);
  return Move(kWrite, "pwrite", file, size, [&](std::size_t part) { return real(file, bytes, part, offset); });
}
EXPORT ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t offset) {
  REAL(pwrite64);
  return Move(kWrite, "pwrite", file, size, [&](std::size_t part) { return real(file, bytes, part, offset); });
}
EXPORT ssize_t writev(int file, const iovec* parts, int count) {
  REAL(writev);
  return Move(kWrite, "writev", file, 1, [&](std::size_t) { return real(file, parts, count); });
}
EXPORT ssize_t sendfile(int to, int from, off_t* offset, std::size_t size) noexcept {
  REAL(sendfile);
  return Move(kWrite, "sendfile", to, size, [&](std::size_t part) { return real(to, from, offset, part); });
}

EXPORT int ftruncate(int file, off_t size) noexcept {
  REAL(ftruncate);
  return MayGoOn(kWrite, "ftruncate", file, true) ? real(file, size) : -1;
}
EXPORT int ftruncate64(int file, off64_t size) noexcept {
  REAL(ftruncate64);
  return MayGoOn(kWrite, "ftruncate", file, true) ? real(file, size) : -1;
}
EXPORT int truncate(const char* name, off_t size) noexcept {
  REAL(truncate);
  return MayGoOn(kWrite, "truncate", AT_FDCWD, name) ? real(name, size) : -1;
}
EXPORT int fsync(int file) {
  REAL(fsync);
  return Synchronise("fsync", file, real);
}
EXPORT int fdatasync(int file) {
  REAL(fdatasync);
  return Synchronise("fdatasync", file, real);
}
EXPORT int flock(int file, int how) noexcept {
  REAL(flock);
  return MayGoOn(kWrite, "flock", file, true) ? real(file, how) : -1;
}

EXPORT int mkdir(const char* name, mode_t mode) noexcept {
  REAL(mkdir);
  return MayGoOn(kWrite, "mkdir", AT_FDCWD, name) ? real(name, mode) : -1;
}
EXPORT char* mkdtemp(char* name) noexcept {
  REAL(mkdtemp);
  return MayGoOn(kWrite, "mkdtemp", AT_FDCWD, name) ? real(name) : nullptr;
}
EXPORT int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  return MayGoOn(kWrite, "rename", AT_FDCWD, to) ? real(from, to) : -1;
}
EXPORT int link(const char* from, const char* to) noexcept {
  REAL(link);
  return MayGoOn(kWrite, "link", AT_FDCWD, to) ? real(from, to) : -1;
}
EXPORT int symlink(const char* from, const char* to) noexcept {
  REAL(symlink);
  return MayGoOn(kWrite, "symlink", AT_FDCWD, to) ? real(from, to) : -1;
}

EXPORT int unlink(const char* name) noexcept {
  REAL(unlink);
  return MayGoOn(kRemove, "unlink", AT_FDCWD, name) ? real(name) : -1;
}
EXPORT int unlinkat(int folder, const char* name, int flags) noexcept {
  REAL(unlinkat);
  return MayGoOn(kRemove, "unlinkat", folder, name) ? real(folder, name, flags) : -1;
}
EXPORT int rmdir(const char* name) noexcept {
  REAL(rmdir);
  return MayGoOn(kRemove, "rmdir", AT_FDCWD, name) ? real(name) : -1;
}
EXPORT int remove(const char* name) noexcept {
  REAL(remove);
  return MayGoOn(kRemove, "remove", AT_FDCWD, name) ? real(name) : -1;
}

EXPORT int stat(const char* __restrict name, struct stat* __restrict out) noexcept {
  REAL(stat);
  return MayGoOn(kRead, "stat", AT_FDCWD, name) ? real(name, out) : -1;
}
EXPORT int lstat(const char* __restrict name, struct stat* __restrict out) noexcept {
  REAL(lstat);
  return MayGoOn(kRead, "lstat", AT_FDCWD, name) ? real(name, out) : -1;
}
EXPORT int fstat(int file, struct stat* out) noexcept {
  REAL(fstat);
  return MayGoOn(kRead, "fstat", file) ? real(file, out) : -1;
}
EXPORT int fstat64(int file, struct stat64* out) noexcept {
  REAL(fstat64);
  return MayGoOn(kRead, "fstat", file) ? real(file, out) : -1;
}
EXPORT int fstatat(int folder, const char* __restrict name, struct stat* __restrict out, int flags) noexcept {
  REAL(fstatat);
  return MayGoOn(kRead, "fstatat", folder, name) ? real(folder, name, out, flags) : -1;
}
EXPORT int access(const char* name, int how) noexcept {
  REAL(access);
  return MayGoOn(kRead, "access", AT_FDCWD, name) ? real(name, how) : -1;
}
EXPORT char* realpath(const char* __restrict name, char* __restrict out) noexcept {
  REAL(realpath);
  return MayGoOn(kRead, "realpath", AT_FDCWD, name) ? real(name, out) : nullptr;
}
EXPORT ssize_t readlink(const char* __restrict name, char* __restrict out, std::size_t size) noexcept {
  REAL(readlink);
  return MayGoOn(kRead, "readlink", AT_FDCWD, name) ? real(name, out, size) : -1;
}
// The names of a folder come many at a time, so the first call stands for all.
EXPORT dirent* readdir(DIR* folder) {
  REAL(readdir);
  return MayList(::dirfd(folder)) ? real(folder) : nullptr;
}
EXPORT dirent64* readdir64(DIR* folder) {
  REAL(readdir64);
  return MayList(::dirfd(folder)) ? real(folder) : nullptr;
}
