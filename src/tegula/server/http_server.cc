#include "tegula/server/http_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "tegula/core/lobby.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/server/rate_limit.h"

namespace tegula::server {
namespace {

constexpr double kLastAnswers = 0.5;   // seconds to take them, when the server stops
constexpr int kMostRequests = 10'000;  // of one connection, as its answers say

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

// A connection as the library wants to see it. An answer that is there is written without waiting, and what the other
// side does not take at once is left to the lobby; one that is made while it is sent waits.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.WaitReadable(0); }
  bool is_writable() const override { return connection_.IsWritable(); }
  ssize_t read(char* out, std::size_t size) override { return static_cast<ssize_t>(connection_.Read(out, size)); }
  ssize_t write(const char* bytes, std::size_t size) override {
    return static_cast<ssize_t>(waits_ ? connection_.WriteAll(bytes, size) : connection_.Write(bytes, size));
  }
  const Connection& connection() const { return connection_; }
  void set_waits() { waits_ = true; }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { Fill(connection_.peer(), ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { Fill(connection_.own(), ip, port); }
  socket_t socket() const override { return connection_.socket(); }

 private:
  static void Fill(Connection::Address address, std::string& ip, int& port) {
    ip = std::move(address.ip);
    port = address.port;
  }
  Connection& connection_;
  bool waits_ = false;
};

struct Threads final : httplib::ThreadPool {
  using httplib::ThreadPool::ThreadPool;
  ~Threads() override { shutdown(); }
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

// What those are told who are refused before they have asked.
std::string ClosingAnswer(int status, std::string_view reason, const Error& error) {
  const std::string body = ResponseOf(error).body;
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status,
      reason, body.size(), body);
}

Lobby::Rules RulesOf(const ServerOptions& options) {
  return {.head_seconds = options.request_seconds,
          .idle_seconds = options.idle_seconds,
          .head_bytes = static_cast<std::size_t>(options.request_bytes),
          .connections = static_cast<std::size_t>(options.connections),
          .late = ClosingAnswer(
              408, "Request Timeout",
              InvalidError(fmt::format("a request must have come in within {:g} s", options.request_seconds))),
          .large = ClosingAnswer(431, "Request Header Fields Too Large",
                                 InvalidError(fmt::format("the line and the headers of a request have at most {} bytes",
                                                          options.request_bytes)))};
}

bool HasBody(const httplib::Request& asked) { return asked.method != "GET" && asked.method != "HEAD"; }

// Whether everybody on the way understands the same: where a request ends, and whom it asks. A proxy that took another
// of two Hosts or lengths would let through what is refused here, or the other way round.
Status CheckForm(const httplib::Request& asked) {
  static constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "DELETE"};
  if (std::find(std::begin(kMethods), std::end(kMethods), asked.method) == std::end(kMethods))
    return InvalidError(fmt::format("there is no '{}' here", asked.method));
  for (const char* name : {"Host", "Origin", "Authorization", "Content-Type", "Content-Length", "Transfer-Encoding"})
    if (asked.headers.count(name) > 1) return InvalidError(fmt::format("a request has one {} at most", name));
  const std::string length = asked.get_header_value("Content-Length");
  const bool has_length = asked.has_header("Content-Length"), is_chunked = asked.has_header("Transfer-Encoding");
  if (has_length && (length.empty() || length.find_first_not_of("0123456789") != std::string::npos))
    return InvalidError(fmt::format("'{}' is no length of a request's body", length));
  if (is_chunked && ToLower(asked.get_header_value("Transfer-Encoding")) != "chunked")
    return UnsupportedError("a request's body has a length or is chunked");
  if (is_chunked && has_length) return InvalidError("a request's body has a length or is chunked, not both");
  if (!HasBody(asked) && (is_chunked || (has_length && length != "0")))
    return InvalidError(fmt::format("a {} sends no body", asked.method));
  return Ok();
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
        rate_(options_.requests_per_second, options_.requests_per_second),
        public_rate_(options_.requests_per_second, options_.requests_per_second) {
    for (const Route& route : routes_) Add(route);
    set_pre_routing_handler([this](const httplib::Request& asked, httplib::Response& answer) {
      std::optional<Response> refusal = Refuse(asked);
      if (!refusal) return HandlerResponse::Unhandled;
      LeaveBody(asked, answer);
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
    set_keep_alive_timeout(static_cast<time_t>(options_.idle_seconds));  // what answers say; the lobby keeps to it
    set_keep_alive_max_count(kMostRequests);
  }
  ~Listener() override {
    if (const int socket = svr_sock_.exchange(INVALID_SOCKET); socket != INVALID_SOCKET) CloseSocket(socket);
  }

  Status BindNow() {
    if (options_.port != 0) {
      port_ = bind_to_port(options_.address, options_.port) ? options_.port : -1;
    } else {
      port_ = bind_to_any_port(options_.address);
    }
    if (port_ > 0) {
      lobby_.emplace(svr_sock_, RulesOf(options_),
                     [this](std::unique_ptr<Connection> connection) { Enqueue(std::move(connection)); });
      return Ok();
    }
    return IoError(fmt::format("cannot listen at {} port {}; another program may have it: choose one with --port",
                               options_.address, options_.port));
  }

  Status Serve(const std::stop_token& stop_asked) {
    stop_ = stop_asked;
    threads_.emplace(static_cast<std::size_t>(options_.threads));
    lobby_->Run(stop_asked);
    // From here on the library ends what it streams, and nobody waits for the rest of a body.
    const int socket = svr_sock_.exchange(INVALID_SOCKET);
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [request, asking] : asked_) asking.stream->connection().Cut();
    }
    threads_.reset();
    lobby_->Finish(kLastAnswers);
    CloseSocket(socket);
    return Ok();
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

  // What is told before a body is read: whoever may not ask, or sends something else, has no 8 MiB of memory.
  std::optional<Response> Refuse(const httplib::Request& asked) const {
    if (const Status status = CheckForm(asked); !status.ok()) return WithStatus(status.error(), 400);
    const Knock knock = KnockOf(asked);
    if (const Status status = guard_.CheckPlace(knock); !status.ok()) return WithStatus(status.error(), 403);
    if (!HasBody(asked)) return std::nullopt;
    if (const Status status = guard_.CheckToken(knock); !status.ok()) return WithStatus(status.error(), 401);
    if (asked.method == "POST" && !IsJson(asked.get_header_value("Content-Type")))
      return WithStatus(InvalidError("a request that sends something sends JSON: Content-Type: application/json"), 415);
    const std::string length = asked.get_header_value("Content-Length");
    if (!length.empty() && ParseInt(length).value_or(options_.body_bytes + 1) > options_.body_bytes)
      return WithStatus(InvalidError(fmt::format("{} bytes are more than the {} that a request may send", length,
                                                 options_.body_bytes)),
                        413);
    return std::nullopt;
  }

  // The rest of the connection is no request, so it ends with this answer.
  void LeaveBody(const httplib::Request& asked, httplib::Response& answer) {
    answer.set_header("Connection", "close");
    const std::int64_t length = ParseInt(asked.get_header_value("Content-Length")).value_or(options_.body_bytes);
    const std::lock_guard lock(mutex_);
    if (const auto found = asked_.find(&asked); found != asked_.end())
      found->second.bytes_left = std::clamp<std::int64_t>(length, 0, options_.body_bytes);
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
      Response response = Answer(route, names, asked);
      if (response.stream) LetWait(asked);
      Send(std::move(response), answer);
    };
    if (route.method == "GET") Get(pattern, handler);
    if (route.method == "POST") Post(pattern, httplib::Server::Handler(handler));
    if (route.method == "DELETE") Delete(pattern, httplib::Server::Handler(handler));
  }

  Response Answer(const Route& route, const std::vector<std::string>& names, const httplib::Request& asked) {
    if (!route.is_public)
      if (const Status status = guard_.CheckToken(KnockOf(asked)); !status.ok()) return WithStatus(status.error(), 401);
    if (!(route.is_public ? public_rate_ : rate_).Take(MonotonicSeconds()))
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
    const auto found = asked_.find(&asked);
    if (found == asked_.end()) return []() { return false; };
    return
        [this, stream = found->second.stream]() { return stream->connection().IsPeerGone() || stop_.stop_requested(); };
  }

  void LetWait(const httplib::Request& asked) {
    const std::lock_guard lock(mutex_);
    if (const auto found = asked_.find(&asked); found != asked_.end()) found->second.stream->set_waits();
  }

  void Enqueue(std::unique_ptr<Connection> connection) {
    // What the library enqueues must be copyable.
    auto held = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));
    threads_->enqueue([this, held]() {
      const Lobby::Then then = ServeOne(**held);
      lobby_->Return(std::move(*held), then);
    });
  }

  // Answers the request whose head has come in.
  Lobby::Then ServeOne(Connection& connection) {
    ConnectionStream stream(connection);
    connection.Allow(0, 0);
    bool is_closed = false;
    const httplib::Request* begun = nullptr;
    const bool is_done = process_request(stream, stop_.stop_requested(), is_closed, [&](httplib::Request& request) {
      // The library would compress at its best, which takes seconds; between two ends of a machine nothing is gained.
      request.headers.erase("Accept-Encoding");
      // Without a length there is no body; the library would read until the connection ends.
      if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
        request.headers.emplace("Content-Length", "0");
      if (HasBody(request)) connection.Allow(options_.request_seconds, options_.body_bytes);
      const std::lock_guard lock(mutex_);
      begun = &request;
      asked_[begun] = {&stream, std::nullopt};
      if (stop_.stop_requested()) connection.Cut();
    });
    std::optional<std::int64_t> bytes_left;
    const std::lock_guard lock(mutex_);
    if (const auto found = asked_.find(begun); found != asked_.end()) {
      bytes_left = found->second.bytes_left;
      asked_.erase(found);
    }
    // What has no line and headers of a request has no end either.
    if (begun == nullptr) return {.goes_on = false, .forgets = options_.request_bytes};
    const bool goes_on = is_done && !is_closed && !bytes_left && !stop_.stop_requested();
    return {.goes_on = goes_on, .forgets = bytes_left.value_or(0)};
  }

  const ServerOptions options_;
  const std::vector<Route> routes_;
  const Guard guard_;
  RateLimit rate_, public_rate_;  // whoever has no token uses up nothing of those who have one
  std::stop_token stop_;
  int port_ = -1;
  std::optional<Lobby> lobby_;
  std::optional<Threads> threads_;
  std::mutex mutex_;  // of what follows
  struct Asking {
    ConnectionStream* stream = nullptr;
    std::optional<std::int64_t> bytes_left;  ///< of a body that nobody reads
  };
  std::map<const httplib::Request*, Asking> asked_;
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
