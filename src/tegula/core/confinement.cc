#include "tegula/core/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace tegula::internal {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kOtherNumbers = 0x40000000;  // the x32 numbers of the same system calls

Failure Failed(const char* step) { return {step, errno}; }

bool WriteText(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return is_written;
}

bool SetReadOnly(const char* path, bool is_read_only, unsigned flags) {
  mount_attr change{};
  (is_read_only ? change.attr_set : change.attr_clr) = MOUNT_ATTR_RDONLY;
  return ::mount_setattr(AT_FDCWD, path, flags, &change, sizeof change) == 0;
}

Failure DropCapabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return Failed("giving up capabilities");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return Failed("giving up capabilities");
  return {};
}

// Ends this process as its child ends.
[[noreturn]] void EndAs(pid_t child) {
  int status = 0;
  ::close_range(0, ~0U, 0);  // who waits for the end of a pipe does not wait for this process
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) ::_exit(127);
  }
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

// Goes on in a child, which is killed when this process ends.
Failure GoOnInChild() {
  const pid_t child = ::_Fork();
  if (child < 0) return Failed("starting a process");
  if (child > 0) EndAs(child);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return Failed("tying a process to its parent");
  return {};
}

bool SetLimit(__rlimit_resource resource, std::int64_t value) {
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return ::setrlimit(resource, &limit) == 0;
}

}  // namespace

Failure EnterLimits(const ProcessLimits& limits) {
  if (!SetLimit(RLIMIT_CORE, 0)) return Failed("limiting core files");
  if (limits.memory_bytes > 0 && !SetLimit(RLIMIT_AS, limits.memory_bytes)) return Failed("limiting memory");
  if (limits.cpu_seconds > 0 && !SetLimit(RLIMIT_CPU, limits.cpu_seconds)) return Failed("limiting the CPU time");
  if (limits.file_bytes > 0 && !SetLimit(RLIMIT_FSIZE, limits.file_bytes)) return Failed("limiting files");
  return {};
}

NamespacePlan::NamespacePlan(const Path& writable)
    : writable_(writable.string()),
      user_map_(fmt::format("{0} {0} 1\n", ::geteuid())),
      group_map_(fmt::format("{0} {0} 1\n", ::getegid())) {}

Failure NamespacePlan::Enter() const {
  constexpr int kApart = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;
  if (::unshare(kApart) != 0) return Failed("entering namespaces");
  if (!WriteText("/proc/self/setgroups", "deny") || !WriteText("/proc/self/uid_map", user_map_) ||
      !WriteText("/proc/self/gid_map", group_map_))
    return Failed("becoming a user of a namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(writable_.c_str(), writable_.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return Failed("setting a folder apart");
  if (!SetReadOnly("/", true, AT_RECURSIVE) || !SetReadOnly(writable_.c_str(), false, 0))
    return Failed("making the file system read-only");
  // The working folder was reached before the mount that is writable.
  if (::chdir(writable_.c_str()) != 0) return Failed("entering the folder");
  // The first process of the process namespace stays as it is: with it everything in the namespace ends.
  if (const Failure failure = GoOnInChild(); failure.number != 0) return failure;
  if (const Failure failure = DropCapabilities(); failure.number != 0) return failure;
  return GoOnInChild();
}

std::string SocketFilter() {
  const auto load = [](std::size_t offset) {
    return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
  };
  const auto answer = [](std::uint32_t value) { return sock_filter{BPF_RET | BPF_K, 0, 0, value}; };
  const auto skip_unless = [](std::uint16_t relation, std::uint32_t value) {
    return sock_filter{static_cast<std::uint16_t>(BPF_JMP | relation | BPF_K), 0, 1, value};
  };
  const sock_filter program[] = {
      load(offsetof(seccomp_data, arch)),       {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kArchitecture},
      answer(SECCOMP_RET_KILL_PROCESS),         load(offsetof(seccomp_data, nr)),
      skip_unless(BPF_JGE, kOtherNumbers),      answer(SECCOMP_RET_KILL_PROCESS),
      skip_unless(BPF_JEQ, SYS_socket),         answer(SECCOMP_RET_ERRNO | EACCES),
      skip_unless(BPF_JEQ, SYS_io_uring_setup),  // it makes sockets too
      answer(SECCOMP_RET_ERRNO | ENOSYS),       answer(SECCOMP_RET_ALLOW),
  };
  std::string bytes(sizeof program, '\0');
  std::memcpy(bytes.data(), program, sizeof program);
  return bytes;
}

Failure EnterSocketFilter(const std::string& filter) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("giving up new privileges");
  sock_filter program[64];
  if (filter.size() > sizeof program) return {"filtering system calls", E2BIG};
  std::memcpy(program, filter.data(), filter.size());
  const sock_fprog whole{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)), program};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) != 0) return Failed("filtering system calls");
  return {};
}

std::vector<std::string> BubblewrapWords(const ProcessRequest& request) {
  const std::string folder = request.folder.string();
  std::vector<std::string> words = {"bwrap",
                                    "--unshare-all",
                                    "--die-with-parent",
                                    "--new-session",
                                    "--cap-drop",
                                    "ALL",
                                    "--ro-bind",
                                    "/",
                                    "/",
                                    "--dev",
                                    "/dev",
                                    "--proc",
                                    "/proc",
                                    "--bind",
                                    folder,
                                    folder,
                                    "--chdir",
                                    folder,
                                    "--seccomp",
                                    std::to_string(kFilterDescriptor),
                                    "--",
                                    request.program.string()};
  words.insert(words.end(), request.arguments.begin(), request.arguments.end());
  return words;
}

}  // namespace tegula::internal
