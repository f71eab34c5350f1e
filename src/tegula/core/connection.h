// core/connection.h — a network connection that somebody else has opened to this program: what a server reads requests
// from. Whoever sends slowly, or without end, is cut off: each request has a time and a number of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tegula {

/// Owns the socket and closes it. Reads through a buffer. One thread at a time, but IsPeerGone may be called by any.
class Connection {
 public:
  /// Takes over a connected socket.
  explicit Connection(int socket) noexcept : socket_(socket) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// What may still be read, and until when, from now on.
  void Allow(double seconds, std::int64_t bytes) noexcept;
  /// Up to `size` bytes; 0 when the other side has ended, -1 when the allowance is used up or the connection is broken.
  std::int64_t Read(char* out, std::size_t size) noexcept;
  /// Sends all or fails: -1 if nothing could be sent for `kPatience` seconds.
  std::int64_t Write(const char* bytes, std::size_t size) noexcept;
  /// Whether there is something to read, waiting for at most so long.
  bool WaitReadable(double seconds) const noexcept;
  bool IsWritable() const noexcept;
  /// Whether the other side has closed the connection. Bytes that it sent before are not read for that.
  bool IsPeerGone() const noexcept;
  /// The other side's address, and this side's: numbers, not names.
  struct Address {
    std::string ip;
    int port = 0;
  };
  Address peer() const;
  Address own() const;
  int socket() const noexcept { return socket_; }

  static constexpr double kPatience = 10;

 private:
  bool Wait(short events, double seconds) const noexcept;

  int socket_;
  double until_ = 0;
  std::int64_t left_ = 0;
  char buffer_[4096];
  std::size_t begin_ = 0, end_ = 0;
};

/// For a socket that is going to listen: a port whose last server has just ended can be had again, one that still has a
/// server cannot.
void TakeFreedPort(int socket);
/// For a socket that listens: so many may knock at once without being turned away.
void AllowKnocking(int socket, int connections);

/// Opens an address in the person's browser, if there is a screen for one; whether that was tried. Returns at once.
bool OpenInBrowser(const std::string& address);

}  // namespace tegula
