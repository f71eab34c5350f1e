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

void Connection::Allow(double seconds, std::int64_t bytes) noexcept {
  until_ = MonotonicSeconds() + seconds;
  left_ = bytes;
}

bool Connection::Wait(short events, double seconds) const noexcept {
  const double until = MonotonicSeconds() + seconds;
  for (;;) {
    pollfd poll{socket_, events, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::max(0.0, until - MonotonicSeconds()) * 1000));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

std::int64_t Connection::Read(char* out, std::size_t size) noexcept {
  if (left_ <= 0) return -1;
  if (begin_ == end_) {
    const double left_s = until_ - MonotonicSeconds();
    if (left_s <= 0 || !Wait(POLLIN, left_s)) return -1;
    ssize_t got = -1;
    do got = ::recv(socket_, buffer_, sizeof buffer_, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t given = std::min({size, end_ - begin_, static_cast<std::size_t>(left_)});
  std::memcpy(out, buffer_ + begin_, given);
  begin_ += given;
  left_ -= static_cast<std::int64_t>(given);
  return static_cast<std::int64_t>(given);
}

std::int64_t Connection::Write(const char* bytes, std::size_t size) noexcept {
  std::size_t done = 0;
  while (done < size) {
    if (!Wait(POLLOUT, kPatience)) return -1;
    const ssize_t sent = ::send(socket_, bytes + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (sent <= 0) return -1;
    done += static_cast<std::size_t>(sent);
  }
  return static_cast<std::int64_t>(size);
}

bool Connection::WaitReadable(double seconds) const noexcept { return begin_ < end_ || Wait(POLLIN, seconds); }

bool Connection::IsWritable() const noexcept { return Wait(POLLOUT, 0) && !IsPeerGone(); }

bool Connection::IsPeerGone() const noexcept {
  pollfd poll{socket_, POLLIN | POLLRDHUP, 0};
  if (::poll(&poll, 1, 0) <= 0) return false;
  return (poll.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Connection::Address Connection::peer() const { return AddressOf(socket_, &::getpeername); }
Connection::Address Connection::own() const { return AddressOf(socket_, &::getsockname); }

void TakeFreedPort(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

void AllowKnocking(int socket, int connections) { ::listen(socket, connections); }

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
