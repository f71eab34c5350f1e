// server/http_server.h — the server: a port, the rules of who may ask, and the table of routes behind them.
//
// cpp-httplib understands requests and writes answers; connections are Tegula's own (core/lobby.h), so that whoever
// sends or reads slowly holds up nobody. Nothing but http_server.cc knows the library.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/server/guard.h"
#include "tegula/server/http.h"

namespace tegula::server {

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< where it listens
  int port = 0;                       ///< 0: any that is free
  std::string token;
  std::vector<std::string> hosts;                        ///< as Guard takes them
  double request_seconds = 10;                           ///< in which a request must have come in
  std::int64_t request_bytes = 65536;                    ///< of a request's line and headers
  std::int64_t body_bytes = Limits{}.description_bytes;  ///< of what a POST sends
  double idle_seconds = 5;                               ///< that a connection may wait for its next request
  int connections = 256;                                 ///< at once that send or take something; the oldest must go
  int threads = 64;                                      ///< requests that are answered at once; others wait
  double requests_per_second = 1000;                     ///< answered; more are refused with 429
};

/// One thread at a time, but its routes are called by many.
class HttpServer {
 public:
  /// Listens; connections wait until Serve. kIo if the address or port is not to be had.
  static Result<std::unique_ptr<HttpServer>> Bind(ServerOptions options, std::vector<Route> routes);
  ~HttpServer();

  int port() const noexcept;
  /// Answers until it is told to stop; then requests that have begun are answered and the call returns.
  Status Serve(const std::stop_token& stop);

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace tegula::server
