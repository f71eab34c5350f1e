#include "tegula/core/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tegula/core/platform.h"
#include "tegula/core/process.h"

extern char** environ;

namespace tegula {
namespace {

constexpr std::size_t kPiece = 16384;

// What of `events` has come about, or is wrong; 0 if nothing has after so long.
int Wait(int socket, short events, double seconds) noexcept {
  const double until = MonotonicSeconds() + seconds;
  for (;;) {
    pollfd poll{socket, events, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::max(0.0, until - MonotonicSeconds()) * 1000));
    if (ready >= 0 || errno != EINTR) return ready > 0 ? poll.revents : 0;
  }
}

ssize_t Receive(int socket, char* out, std::size_t size, int flags) noexcept {
  for (;;) {
    const ssize_t got = ::recv(socket, out, size, flags);
    if (got >= 0 || errno != EINTR) return got;
  }
}

Connection::Address AddressOf(int socket, int (*name)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (name(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, ntohs(v6.sin6_port)};
  }
  return {};
}

}  // namespace

Connection::~Connection() {
  // The other side is told that nothing follows before the socket goes; what it still sends is of no interest.
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

Connection::Head Connection::ReadHead(std::size_t most_bytes) {
  for (;;) {
    // The line that ends a head is empty, and so is a first line that begins none.
    const std::string_view head = std::string_view(in_).substr(begin_);
    if (head.starts_with("\r\n")) return Head::kWhole;
    if (const std::size_t end = head.find("\n\r\n", seen_); end != std::string_view::npos)
      return end > most_bytes ? Head::kTooLarge : Head::kWhole;
    seen_ = head.size() < 2 ? 0 : head.size() - 2;
    if (head.size() > most_bytes) return Head::kTooLarge;
    char bytes[kPiece];
    const ssize_t got = Receive(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Head::kPart;
    if (got <= 0) return Head::kEnded;
    in_.erase(0, begin_);
    begin_ = 0;
    in_.append(bytes, static_cast<std::size_t>(got));
  }
}

bool Connection::Flush() noexcept {
  while (sent_ < out_.size()) {
    const ssize_t sent = ::send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (sent <= 0) return false;
    sent_ += static_cast<std::size_t>(sent);
  }
  out_ = std::string();
  sent_ = 0;
  return true;
}

std::int64_t Connection::Forget(std::int64_t bytes) noexcept {
  bytes -= static_cast<std::int64_t>(in_.size() - begin_);
  begin_ = in_.size();
  char ignored[kPiece];
  while (bytes > 0) {
    const ssize_t got = Receive(socket_, ignored, sizeof ignored, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return bytes;
    if (got <= 0) return 0;
    bytes -= got;
  }
  return 0;
}

void Connection::Allow(double seconds, std::int64_t bytes) noexcept {
  until_ = MonotonicSeconds() + seconds;
  left_ = bytes;
}

std::int64_t Connection::Read(char* out, std::size_t size) noexcept {
  seen_ = 0;
  if (begin_ < in_.size()) {
    const std::size_t given = std::min(size, in_.size() - begin_);
    std::memcpy(out, in_.data() + begin_, given);
    begin_ += given;
    return static_cast<std::int64_t>(given);
  }
  const double left_s = until_ - MonotonicSeconds();
  if (left_ <= 0 || left_s <= 0 || Wait(socket_, POLLIN, left_s) == 0) return -1;
  const ssize_t got = Receive(socket_, out, std::min(size, static_cast<std::size_t>(left_)), 0);
  if (got > 0) left_ -= got;
  return got;
}

std::int64_t Connection::Write(const char* bytes, std::size_t size) {
  std::string_view rest(bytes, size);
  while (out_.empty() && !rest.empty()) {
    const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent <= 0) return -1;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  out_.append(rest);
  return static_cast<std::int64_t>(size);
}

std::int64_t Connection::WriteAll(const char* bytes, std::size_t size) noexcept {
  const std::string_view parts[] = {std::string_view(out_).substr(sent_), std::string_view(bytes, size)};
  for (std::string_view part : parts) {
    while (!part.empty()) {
      if ((Wait(socket_, POLLOUT | POLLRDHUP, kPatience) & POLLOUT) == 0) return -1;
      const ssize_t sent = ::send(socket_, part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
      if (sent <= 0) return -1;
      part.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  out_.clear();
  sent_ = 0;
  return static_cast<std::int64_t>(size);
}

bool Connection::WaitReadable(double seconds) const noexcept {
  return begin_ < in_.size() || Wait(socket_, POLLIN, seconds) != 0;
}

bool Connection::IsWritable() const noexcept {
  return (Wait(socket_, POLLOUT | POLLRDHUP, kPatience) & POLLOUT) != 0 && !IsPeerGone();
}

bool Connection::IsPeerGone() const noexcept {
  return (Wait(socket_, POLLRDHUP, 0) & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void Connection::EndAnswers() const noexcept { ::shutdown(socket_, SHUT_WR); }

void Connection::Cut() const noexcept { ::shutdown(socket_, SHUT_RD); }

Connection::Address Connection::peer() const { return AddressOf(socket_, &::getpeername); }
Connection::Address Connection::own() const { return AddressOf(socket_, &::getsockname); }

void TakeFreedPort(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

void CloseSocket(int socket) { ::close(socket); }

bool OpenInBrowser(const std::string& address) {
  const bool has_screen = !EnvironmentVariable("DISPLAY").empty() || !EnvironmentVariable("WAYLAND_DISPLAY").empty();
  const Result<Path> opener = FindProgram("xdg-open");
  if (!has_screen || !opener.ok()) return false;
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  if (::posix_spawn_file_actions_init(&files) != 0) return false;
  if (::posix_spawnattr_init(&attributes) != 0) {
    ::posix_spawn_file_actions_destroy(&files);
    return false;
  }
  // A session of its own: Ctrl-C in the terminal is not for the browser.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
  std::string program = opener->string(), argument = address;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, program.c_str(), &files, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return failed == 0;
}

}  // namespace tegula
