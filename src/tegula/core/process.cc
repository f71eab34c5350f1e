#include "tegula/core/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "tegula/core/confinement.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"

namespace tegula {
namespace {

constexpr std::size_t kOutputBytes = 4 << 20, kErrorBytes = 16 << 10;
constexpr int kPollMs = 50;  // how soon a wish to stop is seen

Error SystemError(std::string_view step, int number) {
  return IoError(fmt::format("{} failed: {}", step, std::strerror(number)));
}

// An open file that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> NewPipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("making a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// A file in memory, to be read from its start.
Result<Descriptor> FileWith(const std::string& content) {
  Descriptor file(::memfd_create("tegula", MFD_CLOEXEC));
  if (!file.is_open()) return SystemError("making a file in memory", errno);
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t written =
        ::pwrite(file.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (written < 0) return SystemError("writing a file in memory", errno);
    done += static_cast<std::size_t>(written);
  }
  return file;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that the new process needs, made before it is there.
class Start {
 public:
  static Result<Start> Prepare(const ProcessRequest& request) {
    Start start(request);
    TEGULA_ASSIGN_OR_RETURN(start.input_, FileWith(request.input));
    TEGULA_ASSIGN_OR_RETURN(start.filter_file_, FileWith(start.filter_));
    TEGULA_ASSIGN_OR_RETURN(start.output_, NewPipe());
    TEGULA_ASSIGN_OR_RETURN(start.error_, NewPipe());
    TEGULA_ASSIGN_OR_RETURN(start.failure_, NewPipe());
    start.words_ = {request.program.string()};
    start.words_.insert(start.words_.end(), request.arguments.begin(), request.arguments.end());
    start.program_ = request.program.string();
    if (request.confinement == Confinement::kBubblewrap) {
      TEGULA_ASSIGN_OR_RETURN(const Path bubblewrap, FindProgram("bwrap"));
      start.words_ = internal::BubblewrapWords(request);
      start.program_ = bubblewrap.string();
    }
    return start;
  }

  Result<pid_t> Run() {
    std::vector<char*> words = Pointers(words_), environment = Pointers(environment_);
    const pid_t child = ::_Fork();
    if (child == 0) Become(words.data(), environment.data());
    if (child < 0) return SystemError("starting a process", errno);
    output_.write.Close();
    error_.write.Close();
    failure_.write.Close();
    return child;
  }

  // What went wrong before the program ran; waits until it does.
  Status StartFailure() {
    internal::Failure failure;
    ssize_t got = 0;
    do {
      got = ::read(failure_.read.get(), &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof failure) return Ok();
    if (failure.number == ENOENT && failure.step == kBecoming) return NotFoundError("there is no program " + program_);
    Error error = SystemError(failure.step, failure.number);
    error.context.push_back(program_);
    return error;
  }

  const Descriptor& output() const { return output_.read; }
  const Descriptor& error() const { return error_.read; }

 private:
  static constexpr const char* kBecoming = "starting the program";

  explicit Start(const ProcessRequest& request)
      : limits_(request.limits),
        confinement_(request.confinement),
        folder_(request.folder.string()),
        namespaces_(request.folder),
        filter_(internal::SocketFilter()),
        environment_(request.environment) {}

  // In the new process: system calls only.
  [[noreturn]] void Become(char* const* words, char* const* environment) const {
    const internal::Failure failure = Prepared();
    if (failure.number == 0) ::execve(program_.c_str(), words, environment);
    const internal::Failure told = failure.number != 0 ? failure : internal::Failure{kBecoming, errno};
    [[maybe_unused]] const ssize_t written = ::write(failure_.write.get(), &told, sizeof told);
    ::_exit(127);
  }

  internal::Failure Prepared() const {
    // What a library opened without this mark is none of the program's business.
    ::close_range(internal::kFilterDescriptor, ~0U, CLOSE_RANGE_CLOEXEC);
    ::setsid();  // a group of its own, and no terminal
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(input_.get(), STDIN_FILENO) < 0 || ::dup2(output_.write.get(), STDOUT_FILENO) < 0 ||
        ::dup2(error_.write.get(), STDERR_FILENO) < 0)
      return {"connecting a process", errno};
    if (::chdir(folder_.c_str()) != 0) return {"entering the folder", errno};
    if (const internal::Failure failure = internal::EnterLimits(limits_); failure.number != 0) return failure;
    switch (confinement_) {
      case Confinement::kNone:
        return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? internal::Failure{}
                                                             : internal::Failure{"giving up new privileges", errno};
      case Confinement::kNamespaces: {
        const internal::Failure failure = namespaces_.Enter();
        return failure.number != 0 ? failure : internal::EnterSocketFilter(filter_);
      }
      case Confinement::kBubblewrap: break;
    }
    // Were it this descriptor already, dup2 would leave it to be closed.
    const int duplicate = ::fcntl(filter_file_.get(), F_DUPFD, internal::kFilterDescriptor + 1);
    if (duplicate < 0 || ::dup2(duplicate, internal::kFilterDescriptor) < 0) return {"connecting a process", errno};
    ::close(duplicate);
    return {};
  }

  ProcessLimits limits_;
  Confinement confinement_;
  std::string folder_, program_;
  internal::NamespacePlan namespaces_;
  std::string filter_;
  std::vector<std::string> environment_, words_;
  Descriptor input_, filter_file_;
  Pipe output_, error_, failure_;
};

// A started process; ended with all of its group when destroyed.
class Running {
 public:
  explicit Running(pid_t child) : child_(child) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    ::kill(-child_, SIGKILL);
    ::kill(child_, SIGKILL);
    while (!exit_code_) Poll(0);
  }

  // The exit code once it has ended.
  std::optional<int> Poll(int options = WNOHANG) {
    int status = 0;
    if (exit_code_) return exit_code_;
    const pid_t ended = ::waitpid(child_, &status, options);
    if (ended == child_) exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (ended < 0 && errno != EINTR) exit_code_ = 127;
    // What it started may hold the pipes.
    if (exit_code_) ::kill(-child_, SIGKILL);
    return exit_code_;
  }

 private:
  pid_t child_;
  std::optional<int> exit_code_;
};

// Reads what is there; false at the end.
bool ReadSome(int file, std::string& to) {
  std::array<char, 1 << 14> buffer;
  const ssize_t got = ::read(file, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  to.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

void Follow(const Start& start, int timeout_ms, bool (&is_open)[2], ProcessOutcome& outcome) {
  pollfd files[] = {{is_open[0] ? start.output().get() : -1, POLLIN, 0},
                    {is_open[1] ? start.error().get() : -1, POLLIN, 0}};
  if (::poll(files, 2, timeout_ms) <= 0) return;
  if (files[0].revents != 0) is_open[0] = ReadSome(files[0].fd, outcome.output);
  if (files[1].revents != 0) is_open[1] = ReadSome(files[1].fd, outcome.error_tail);
  if (outcome.output.size() > kOutputBytes) outcome.output.resize(kOutputBytes);
  if (outcome.error_tail.size() > 2 * kErrorBytes) outcome.error_tail.erase(0, outcome.error_tail.size() - kErrorBytes);
}

}  // namespace

std::string_view ConfinementName(Confinement confinement) {
  switch (confinement) {
    case Confinement::kNone: return "no sandbox";
    case Confinement::kNamespaces: return "kernel namespaces";
    case Confinement::kBubblewrap: return "bubblewrap";
  }
  return "no sandbox";
}

Result<ProcessOutcome> RunProcess(const ProcessRequest& request, const std::stop_token& stop) {
  TEGULA_ASSIGN_OR_RETURN(Start start, Start::Prepare(request));
  const double begin = MonotonicSeconds();
  TEGULA_ASSIGN_OR_RETURN(const pid_t child, start.Run());
  Running running(child);
  TEGULA_TRY(start.StartFailure());
  ProcessOutcome outcome;
  bool is_open[2] = {true, true};
  std::optional<int> exit_code;
  while (!exit_code) {
    const bool is_silent = !is_open[0] && !is_open[1];
    Follow(start, is_silent ? 1 : kPollMs, is_open, outcome);
    exit_code = running.Poll();
    if (exit_code) break;
    if (stop.stop_requested()) return CancelledError();
    if (request.limits.wall_seconds > 0 && MonotonicSeconds() - begin > request.limits.wall_seconds)
      return ExhaustedError(fmt::format("{} was ended after {}", request.program.filename().string(),
                                        HumanSeconds(request.limits.wall_seconds)));
  }
  // Its last words; who else holds a pipe is not waited for.
  for (int i = 0; i < 1000 && (is_open[0] || is_open[1]); ++i) {
    const std::size_t before = outcome.output.size() + outcome.error_tail.size();
    const bool were_open[2] = {is_open[0], is_open[1]};
    Follow(start, 0, is_open, outcome);
    if (outcome.output.size() + outcome.error_tail.size() == before && is_open[0] == were_open[0] &&
        is_open[1] == were_open[1])
      break;
  }
  if (outcome.error_tail.size() > kErrorBytes) outcome.error_tail.erase(0, outcome.error_tail.size() - kErrorBytes);
  outcome.exit_code = *exit_code;
  return outcome;
}

Result<Path> FindProgram(std::string_view name) {
  for (const std::string& folder : Split(EnvironmentVariable("PATH"), ':')) {
    const Path path = Path(folder) / name;
    if (path.is_absolute() && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return NotFoundError(fmt::format("there is no program {} in the folders of $PATH", name));
}

Result<Confinement> FindConfinement() {
  constexpr double kSeconds = 10;
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create("tegula-confinement"));
  ProcessRequest request{.program = "/bin/true", .folder = folder.path(), .limits = {.wall_seconds = kSeconds}};
  std::vector<std::string> reasons;
  for (const Confinement confinement : {Confinement::kBubblewrap, Confinement::kNamespaces}) {
    request.confinement = confinement;
    const Result<ProcessOutcome> outcome = RunProcess(request);
    if (outcome.ok() && outcome->exit_code == 0) return confinement;
    const std::string reason(outcome.ok() ? Trim(outcome->error_tail) : ToString(outcome.error()));
    reasons.push_back(fmt::format("{} ({})", ConfinementName(confinement), reason.empty() ? "it failed" : reason));
  }
  return UnsupportedError(fmt::format("this system lets programs set apart code of strangers neither with {}",
                                      fmt::join(reasons, " nor with ")));
}

}  // namespace tegula
