// core/connection.h — a network connection that somebody else has opened to this program: what a server reads requests
// from. A request's head is read, and an answer sent, as far as that goes without waiting: a lobby (core/lobby.h) holds
// the connections in between. Only a body, and an answer whose length nobody knows, are waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tegula {

/// Owns the socket and closes it. One thread at a time, but IsPeerGone and Cut may be called by any.
class Connection {
 public:
  /// Takes over a connected socket.
  explicit Connection(int socket) noexcept : socket_(socket) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Without waiting.
  enum class Head { kPart, kWhole, kTooLarge, kEnded };
  /// Reads what has come in of a request's line and headers, to the empty line that ends them.
  Head ReadHead(std::size_t most_bytes);
  /// Whether the first bytes of a request are there.
  bool has_begun() const noexcept { return begin_ < in_.size(); }
  /// Sends what Write has left; whether the connection still is one.
  bool Flush() noexcept;
  std::size_t unsent_bytes() const noexcept { return out_.size() - sent_; }
  /// Reads and forgets up to `bytes`; what is left of them, 0 when nothing follows.
  std::int64_t Forget(std::int64_t bytes) noexcept;

  /// What may still be read beyond that which has come in, and until when, from now on.
  void Allow(double seconds, std::int64_t bytes) noexcept;
  /// Up to `size` bytes; 0 when the other side has ended, -1 when the allowance is used up or the connection is broken.
  std::int64_t Read(char* out, std::size_t size) noexcept;
  /// Sends what the other side takes at once and keeps the rest for Flush.
  std::int64_t Write(const char* bytes, std::size_t size);
  /// Sends all or fails: -1 if nothing could be sent for `kPatience` seconds.
  std::int64_t WriteAll(const char* bytes, std::size_t size) noexcept;
  /// Whether there is something to read, waiting for at most so long.
  bool WaitReadable(double seconds) const noexcept;
  /// Whether the other side takes more, once it has read what was sent; it has as long as for WriteAll.
  bool IsWritable() const noexcept;
  /// Whether the other side has closed the connection. Bytes that it sent before are not read for that.
  bool IsPeerGone() const noexcept;
  /// Tells the other side that nothing follows; what it sends is still read.
  void EndAnswers() const noexcept;
  /// Nothing is read any more: whoever waits for that is told that the other side has ended.
  void Cut() const noexcept;

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
  int socket_;
  double until_ = 0;
  std::int64_t left_ = 0;
  std::string in_, out_;
  std::size_t begin_ = 0, seen_ = 0, sent_ = 0;  ///< given of in_, searched of in_, sent of out_
};

/// For a socket that is going to listen: a port whose last server has just ended can be had again, one that still has a
/// server cannot.
void TakeFreedPort(int socket);
void CloseSocket(int socket);

/// Opens an address in the person's browser, if there is a screen for one; whether that was tried. Returns at once.
bool OpenInBrowser(const std::string& address);

}  // namespace tegula
