#include "tegula/server/http_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "tegula/core/connection.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/server/rate_limit.h"

namespace tegula::server {
namespace {

constexpr double kLookForStop = 0.1;   // seconds
constexpr double kLinger = 1;          // seconds
constexpr int kKnocking = 512;         // connections that wait to be accepted
constexpr int kMostRequests = 10'000;  // of one connection

// What every answer says to the browser: nothing from elsewhere, nothing in frames, no guessing of types. The sum is
// that of an empty style, with which the page keeps OpenSeadragon from writing one.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr const char* kDocumentPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
constexpr std::pair<const char*, const char*> kHeaders[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

// A connection as the library wants to see it.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.WaitReadable(0); }
  bool is_writable() const override { return connection_.IsWritable(); }
  ssize_t read(char* out, std::size_t size) override { return static_cast<ssize_t>(connection_.Read(out, size)); }
  ssize_t write(const char* bytes, std::size_t size) override {
    return static_cast<ssize_t>(connection_.Write(bytes, size));
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { Fill(connection_.peer(), ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { Fill(connection_.own(), ip, port); }
  socket_t socket() const override { return connection_.socket(); }

 private:
  static void Fill(Connection::Address address, std::string& ip, int& port) {
    ip = std::move(address.ip);
    port = address.port;
  }
  Connection& connection_;
};

// The library's threads; knows how many connections wait for one. What it is told by the thread that listens is also
// when that thread looks whether the server is to stop: another must not close its socket under it.
class Workers final : public httplib::TaskQueue {
 public:
  Workers(int threads, std::atomic<int>& waiting, std::function<void()> look)
      : pool_(static_cast<std::size_t>(threads)), waiting_(waiting), look_(std::move(look)) {}
  void enqueue(std::function<void()> task) override {
    look_();
    ++waiting_;
    pool_.enqueue([this, task = std::move(task)]() {
      --waiting_;
      task();
    });
  }
  void shutdown() override { pool_.shutdown(); }
  void on_idle() override { look_(); }

 private:
  httplib::ThreadPool pool_;
  std::atomic<int>& waiting_;
  std::function<void()> look_;
};

// "/a/{b}" as the pattern "/a/([^/]+)", and the names in braces.
std::string PatternOf(std::string_view path, std::vector<std::string>& names) {
  std::string pattern;
  while (!path.empty()) {
    const std::size_t open = path.find('{'), close = path.find('}');
    for (const char c : path.substr(0, open)) pattern += c == '.' ? std::string("\\.") : std::string(1, c);
    if (open == std::string_view::npos) break;
    names.emplace_back(path.substr(open + 1, close - open - 1));
    pattern += "([^/]+)";
    path.remove_prefix(close + 1);
  }
  return pattern;
}

// Whether a media type is that of JSON, whatever parameters follow it. Pages of other servers cannot send it unasked.
bool IsJson(const std::string& type) { return ToLower(Trim(type.substr(0, type.find(';')))) == "application/json"; }

}  // namespace

class HttpServer::Listener final : public httplib::Server {
 public:
  Listener(ServerOptions options, std::vector<Route> routes)
      : options_(std::move(options)),
        routes_(std::move(routes)),
        guard_(options_.token, options_.hosts),
        rate_(options_.requests_per_second, options_.requests_per_second) {
    for (const Route& route : routes_) Add(route);
    set_pre_routing_handler([this](const httplib::Request& asked, httplib::Response& answer) {
      std::optional<Response> refusal = Refuse(asked);
      if (!refusal) return HandlerResponse::Unhandled;
      if (HasBody(asked)) LeaveBody(asked, answer);
      Send(std::move(*refusal), answer);
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request& asked, httplib::Response& answer) {
      if (!answer.body.empty() || asked.method == "HEAD") return;
      Send(WithStatus(NotFoundError(answer.status == 404 ? "there is nothing at this address"
                                                         : "this request is not understood"),
                      answer.status),
           answer);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& answer, std::exception_ptr) {
      Send(ResponseOf(InternalError("the request could not be answered")), answer);
    });
    set_payload_max_length(static_cast<std::size_t>(options_.body_bytes));
    set_socket_options(&TakeFreedPort);  // the library's own lets others listen at the same port
    set_tcp_nodelay(true);
    set_idle_interval(0, static_cast<time_t>(kLookForStop * 1e6));
    new_task_queue = [this]() {
      return new Workers(options_.connections, waiting_, [this]() {
        if (stop_.stop_requested() && svr_sock_ != INVALID_SOCKET) stop();
      });
    };
  }

  Status BindNow() {
    if (options_.port != 0) {
      port_ = bind_to_port(options_.address, options_.port) ? options_.port : -1;
    } else {
      port_ = bind_to_any_port(options_.address);
    }
    if (port_ > 0) {
      AllowKnocking(svr_sock_, kKnocking);
      return Ok();
    }
    return IoError(fmt::format("cannot listen at {} port {}; another program may have it: choose one with --port",
                               options_.address, options_.port));
  }

  Status Serve(const std::stop_token& stop_asked) {
    stop_ = stop_asked;
    if (listen_after_bind() || stop_asked.stop_requested()) return Ok();
    return IoError("the server has lost its port");
  }

  int port() const noexcept { return port_; }

 private:
  static Knock KnockOf(const httplib::Request& asked) {
    const auto header = [&](const char* name) -> std::string_view {
      const auto found = asked.headers.find(name);
      return found == asked.headers.end() ? std::string_view() : std::string_view(found->second);
    };
    const auto token = asked.params.find("token");
    return {header("Host"), header("Origin"), header("Authorization"),
            token == asked.params.end() ? std::string_view() : std::string_view(token->second)};
  }

  static bool HasBody(const httplib::Request& asked) { return asked.method != "GET" && asked.method != "HEAD"; }

  // What is told before a body is read: whoever may not ask, or sends something else, has no 8 MiB of memory.
  std::optional<Response> Refuse(const httplib::Request& asked) const {
    const Knock knock = KnockOf(asked);
    if (const Status status = guard_.CheckPlace(knock); !status.ok()) return WithStatus(status.error(), 403);
    if (!HasBody(asked)) return std::nullopt;
    if (const Status status = guard_.CheckToken(knock); !status.ok()) return WithStatus(status.error(), 401);
    if (asked.method == "POST" && !IsJson(asked.get_header_value("Content-Type")))
      return WithStatus(InvalidError("a request that sends something sends JSON: Content-Type: application/json"), 415);
    const std::optional<std::int64_t> length = ParseInt(asked.get_header_value("Content-Length"));
    if (length && *length > options_.body_bytes)
      return WithStatus(InvalidError(fmt::format("{} bytes are more than the {} that a request may send", *length,
                                                 options_.body_bytes)),
                        413);
    return std::nullopt;
  }

  // The rest of the connection is no request, so it ends with this answer.
  void LeaveBody(const httplib::Request& asked, httplib::Response& answer) {
    answer.set_header("Connection", "close");
    const std::int64_t length = ParseInt(asked.get_header_value("Content-Length")).value_or(options_.body_bytes);
    const std::lock_guard lock(mutex_);
    if (const auto found = connections_.find(&asked); found != connections_.end())
      found->second.bytes_left = std::min(std::max<std::int64_t>(length, 0), options_.body_bytes);
  }

  static Response WithStatus(const Error& error, int status) {
    Response response = ResponseOf(error);
    response.status = status;
    return response;
  }

  static void Send(Response response, httplib::Response& answer) {
    answer.status = response.status;
    for (const auto& [name, value] : kHeaders) answer.set_header(name, value);
    answer.set_header("Content-Security-Policy", response.is_document ? kDocumentPolicy : kPolicy);
    answer.set_header("Cache-Control", response.may_be_kept ? "private, max-age=31536000, immutable" : "no-store");
    if (!response.stream) {
      answer.set_content(response.body, response.type);
      return;
    }
    answer.set_chunked_content_provider(response.type,
                                        [stream = std::move(response.stream)](std::size_t, httplib::DataSink& sink) {
                                          const auto write = [&](std::string_view bytes) {
                                            return sink.is_writable() && sink.write(bytes.data(), bytes.size());
                                          };
                                          if (!stream(write)) sink.done();
                                          return true;
                                        });
  }

  void Add(const Route& route) {
    std::vector<std::string> names;
    const std::string pattern = PatternOf(route.path, names);
    const auto handler = [this, &route, names](const httplib::Request& asked, httplib::Response& answer) {
      Send(Answer(route, names, asked), answer);
    };
    if (route.method == "GET") Get(pattern, handler);
    if (route.method == "POST") Post(pattern, httplib::Server::Handler(handler));
    if (route.method == "DELETE") Delete(pattern, httplib::Server::Handler(handler));
  }

  Response Answer(const Route& route, const std::vector<std::string>& names, const httplib::Request& asked) {
    if (!route.is_public)
      if (const Status status = guard_.CheckToken(KnockOf(asked)); !status.ok()) return WithStatus(status.error(), 401);
    if (!rate_.Take(MonotonicSeconds()))
      return WithStatus(ExhaustedError(fmt::format("more than {} requests in a second are not answered; wait a moment",
                                                   options_.requests_per_second)),
                        429);
    Request request;
    for (const auto& [name, value] : asked.params) request.values.emplace(name, value);
    for (std::size_t i = 0; i < names.size(); ++i) request.values[names[i]] = asked.matches[i + 1];
    if (route.method == "POST") {
      Result<JsonBody> body = JsonBody::Parse(asked.body, route.body);
      if (!body.ok()) return ResponseOf(body.error());
      request.body = *std::move(body);
    }
    request.is_gone = GoneCheckOf(asked);
    Result<Response> response = Guarded("the server", [&]() { return route.handler(request); });
    return response.ok() ? std::move(*response) : ResponseOf(response.error());
  }

  // The library does not tell a handler on which connection it is asked, so connections are found by their request.
  std::function<bool()> GoneCheckOf(const httplib::Request& asked) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(&asked);
    if (found == connections_.end()) return []() { return false; };
    return
        [this, connection = found->second.connection]() { return connection->IsPeerGone() || stop_.stop_requested(); };
  }

  // Instead of the library's own, whose time limits are of each byte and not of the request.
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket);
    ConnectionStream stream(connection);
    for (int number = 0; number < kMostRequests; ++number) {
      if (!AwaitRequest(connection)) return true;
      connection.Allow(options_.request_seconds, options_.request_bytes);
      const bool is_last = number + 1 == kMostRequests || waiting_ > 0;
      bool is_closed = false;
      const httplib::Request* begun = nullptr;
      const bool is_done = process_request(stream, is_last, is_closed, [&](httplib::Request& request) {
        // The library would compress at its best, which takes seconds; between two ends of a machine nothing is gained.
        request.headers.erase("Accept-Encoding");
        // Without a length there is no body; the library would read until the connection ends.
        if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
          request.headers.emplace("Content-Length", "0");
        if (HasBody(request)) connection.Allow(options_.request_seconds, options_.body_bytes);
        const std::lock_guard lock(mutex_);
        begun = &request;
        connections_[begun] = {&connection, std::nullopt};
      });
      std::optional<std::int64_t> bytes_left;
      {
        const std::lock_guard lock(mutex_);
        if (const auto found = connections_.find(begun); found != connections_.end()) {
          bytes_left = found->second.bytes_left;
          connections_.erase(found);
        }
      }
      if (bytes_left) Linger(connection, *bytes_left);
      if (!is_done || is_closed || is_last || bytes_left) return true;
    }
    return true;
  }

  // A socket that is closed before all was read takes the answer with it.
  void Linger(Connection& connection, std::int64_t bytes) const {
    connection.Allow(kLinger, bytes);
    char ignored[4096];
    while (!stop_.stop_requested() && connection.Read(ignored, sizeof ignored) > 0) continue;
  }

  // Whether there is another request; none if others wait for the thread, or the server stops.
  bool AwaitRequest(const Connection& connection) const {
    const double until = MonotonicSeconds() + options_.idle_seconds;
    while (svr_sock_ != INVALID_SOCKET && !stop_.stop_requested()) {
      if (connection.WaitReadable(kLookForStop)) return true;
      if (MonotonicSeconds() > until || (waiting_ > 0 && MonotonicSeconds() > until - options_.idle_seconds + 1)) break;
    }
    return false;
  }

  const ServerOptions options_;
  const std::vector<Route> routes_;
  const Guard guard_;
  RateLimit rate_;
  std::atomic<int> waiting_ = 0;
  std::stop_token stop_;
  int port_ = -1;
  std::mutex mutex_;  // of what follows
  struct Asking {
    const Connection* connection = nullptr;
    std::optional<std::int64_t> bytes_left;  ///< of a body that nobody reads
  };
  std::map<const httplib::Request*, Asking> connections_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Bind(ServerOptions options, std::vector<Route> routes) {
  return Guarded("cpp-httplib", [&]() -> Result<std::unique_ptr<HttpServer>> {
    auto listener = std::make_unique<Listener>(std::move(options), std::move(routes));
    TEGULA_TRY(listener->BindNow());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
  });
}

int HttpServer::port() const noexcept { return listener_->port(); }
Status HttpServer::Serve(const std::stop_token& stop) {
  return Guarded("cpp-httplib", [&]() { return listener_->Serve(stop); });
}

}  // namespace tegula::server
