#include "tegula/server/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>  // lint-allow: a client that breaks the rules
#include <unistd.h>      // lint-allow: as above

#include <atomic>
#include <latch>
#include <nlohmann/json.hpp>
#include <thread>

#include "tegula/core/text.h"

namespace tegula::server {
namespace {

constexpr const char* kToken = "0123456789abcdef";
constexpr std::size_t kLargeBytes = 10 << 20;
constexpr const char* kJson = "Content-Type: application/json\r\n";

// A socket with which a test says whatever it wants.
class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  bool Send(std::string_view text) {
    while (is_connected_ && !text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return is_connected_;
  }
  std::string ReadUntil(std::string_view end) {
    std::string all;
    for (char c = 0; !all.ends_with(end) && ::recv(socket_, &c, 1, 0) == 1;) all += c;
    return all;
  }
  // Until the server closes the connection.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }

 private:
  int socket_;
  bool is_connected_ = false;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    options.token = kToken;
    std::vector<Route> routes;
    routes.push_back({"GET", "/api/echo/{word}", "", "", {}, [](const Request& request) -> Result<Response> {
                        return JsonResponse(request.value("word") + "|" + request.value("more"));
                      }});
    routes.push_back({"GET",
                      "/assets/{file}",
                      "",
                      "",
                      {},
                      [](const Request& request) -> Result<Response> {
                        return JsonResponse(request.value("file") == "large" ? std::string(kLargeBytes, 'a') : "asset");
                      },
                      true});
    routes.push_back({"GET", "/api/fails", "", "", {}, [](const Request&) -> Result<Response> {
                        return NotFoundError("no such thing");
                      }});
    routes.push_back({"POST",
                      "/api/body",
                      "",
                      "",
                      {},
                      [](const Request& request) -> Result<Response> {
                        return JsonResponse(std::to_string(request.body.text("word").size()));
                      },
                      false,
                      {{"word", "string", ""}}});
    routes.push_back({"GET", "/api/waits", "", "", {}, [this](const Request& request) -> Result<Response> {
                        begun_.count_down();
                        while (!request.is_gone()) std::this_thread::yield();
                        ended_.count_down();
                        return CancelledError();
                      }});
    server_ = *HttpServer::Bind(options, routes);
    thread_ = std::jthread([this](const std::stop_token& stop) { EXPECT_TRUE(server_->Serve(stop).ok()); });
  }

  std::string Ask(const std::string& request) {
    Client client(server_->port());
    client.Send(request);
    return client.ReadAll();
  }
  std::string Get(const std::string& path, const std::string& headers = "Host: localhost\r\n") {
    return Ask("GET " + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
  }
  std::string Post(const std::string& path, const std::string& body, const std::string& headers = kJson) {
    return Ask("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  static std::string WithToken(const std::string& path) {
    return path + (path.find('?') == std::string::npos ? "?" : "&") + "token=" + kToken;
  }
  static int StatusOf(const std::string& answer) {
    return answer.size() < 12 ? 0 : static_cast<int>(ParseInt(answer.substr(9, 3)).value_or(0));
  }
  static std::string BodyOf(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
  }

  std::latch begun_{1}, ended_{1};
  std::unique_ptr<HttpServer> server_;
  std::jthread thread_;
};

TEST_F(HttpServerTest, AnswersWithTheTokenOnly) {
  Start();
  EXPECT_EQ(BodyOf(Get(WithToken("/api/echo/a"))), "a|");
  EXPECT_EQ(BodyOf(Get("/api/echo/a", std::string("Host: localhost\r\nAuthorization: Bearer ") + kToken + "\r\n")),
            "a|");
  EXPECT_EQ(StatusOf(Get("/api/echo/a")), 401);
  EXPECT_EQ(StatusOf(Get("/api/echo/a?token=0123456789abcdee")), 401);
  EXPECT_EQ(StatusOf(Get("/assets/x.js")), 200);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/nothing"))), 404);
}

TEST_F(HttpServerTest, RefusesOtherHostsAndOrigins) {
  Start();
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"), "Host: evil.example\r\n")), 403);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"), "")), 403);
  EXPECT_EQ(StatusOf(Get("/assets/x.js", "Host: evil.example\r\n")), 403);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"), "Host: localhost\r\nOrigin: http://evil.example\r\n")), 403);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"), "Host: localhost\r\nOrigin: http://localhost\r\n")), 200);
}

TEST_F(HttpServerTest, DecodesPartsOnceAndLetsNoneReachFurther) {
  Start();
  EXPECT_EQ(BodyOf(Get(WithToken("/api/echo/a%20b?more=%2e%2e%2Fc"))), "a b|../c");
  // What is decoded into a slash is not one part of the path any more.
  EXPECT_EQ(StatusOf(Get(WithToken("/assets/..%2f..%2fetc%2fpasswd"))), 404);
  EXPECT_EQ(StatusOf(Get(WithToken("/assets/../../etc/passwd"))), 404);
}

TEST_F(HttpServerTest, ForbidsTheBrowserEverythingFromElsewhere) {
  Start();
  const std::string answer = Get(WithToken("/api/echo/a"));
  EXPECT_NE(answer.find("Content-Security-Policy: default-src 'none'"), std::string::npos);
  EXPECT_NE(answer.find("Referrer-Policy: no-referrer"), std::string::npos);
  EXPECT_EQ(answer.find("Access-Control-Allow-Origin"), std::string::npos);
}

TEST_F(HttpServerTest, TellsErrorsAsJson) {
  Start();
  const std::string answer = Get(WithToken("/api/fails"));
  EXPECT_EQ(StatusOf(answer), 404);
  EXPECT_EQ(nlohmann::json::parse(BodyOf(answer))["error"], "no such thing");
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  Start({.request_seconds = 0.3, .idle_seconds = 0.3});
  for (const std::string& request :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(1000, '\0') + "\r\n\r\n",
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\r\n\r\n")}) {
    Client client(server_->port());
    client.Send(request);
    client.Send("\r\n\r\n");
    EXPECT_NE(StatusOf(client.ReadAll()), 200);
  }
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
}

TEST_F(HttpServerTest, CutsOffWhoSendsTooMuch) {
  Start({.request_seconds = 2, .request_bytes = 100'000, .body_bytes = 100'000, .idle_seconds = 0.3});
  EXPECT_NE(StatusOf(Get(WithToken("/api/echo/" + std::string(9000, 'a')))), 200);
  EXPECT_EQ(StatusOf(Ask("GET " + std::string(200'000, 'a'))), 431);
  std::string headers = "Host: localhost\r\n";
  for (int i = 0; i < 20'000; ++i) headers += "X-" + std::to_string(i) + ": a\r\n";
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"), headers)), 431);
  const std::string post =
      "POST " + WithToken("/api/body") + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + kJson;
  EXPECT_EQ(StatusOf(Post(WithToken("/api/body"), R"({"word": "hello"})")), 200);
  EXPECT_EQ(StatusOf(Ask(post + "Content-Length: 99999999999\r\n\r\n" + std::string(90'000, 'a'))), 413);
  std::string chunks;
  for (int i = 0; i < 200; ++i) chunks += "400\r\n" + std::string(1024, 'a') + "\r\n";
  EXPECT_NE(StatusOf(Ask(post + "Transfer-Encoding: chunked\r\n\r\n" + chunks)), 200);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
}

TEST_F(HttpServerTest, TakesJsonAndNothingElse) {
  Start();
  const std::string path = WithToken("/api/body");
  const std::string answer = Post(path, R"({"word": "hello"})", "Content-Type: Application/JSON; charset=utf-8\r\n");
  EXPECT_EQ(StatusOf(answer), 200);
  EXPECT_EQ(BodyOf(answer), "5");
  const std::string large = R"({"word": ")" + std::string(3 << 20, 'a') + R"("})";
  EXPECT_EQ(BodyOf(Post(path, large)), std::to_string(3 << 20));
  // What a form of another server's page could send without being asked.
  for (const std::string type :
       {"", "Content-Type: text/plain\r\n", "Content-Type: multipart/form-data; boundary=a\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n"})
    EXPECT_EQ(StatusOf(Post(path, R"({"word": "hello"})", type)), 415) << type;
  EXPECT_EQ(StatusOf(Post(path, "hello")), 400);
  EXPECT_EQ(StatusOf(Post(path, R"({"other": 1})")), 400);
  EXPECT_EQ(StatusOf(Ask("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + kJson + "\r\n")),
            400);
}

TEST_F(HttpServerTest, ReadsNoBodyOfThoseWhoMayNotAsk) {
  Start();
  const std::string body = R"({"word": ")" + std::string(200'000, 'a') + R"("})";
  EXPECT_EQ(StatusOf(Post("/api/body", body)), 401);
  EXPECT_EQ(StatusOf(Post(WithToken("/api/body"), body, std::string("Origin: http://evil.example\r\n") + kJson)), 403);
  // What was not read is not taken for the next request of the connection.
  const std::string hidden = "GET " + WithToken("/api/echo/hidden") + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Client client(server_->port());
  client.Send("POST /api/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(hidden.size()) +
              "\r\n\r\n" + hidden);
  const std::string answer = client.ReadAll();
  EXPECT_EQ(StatusOf(answer), 401);
  EXPECT_EQ(answer.find("hidden|"), std::string::npos);
}

TEST_F(HttpServerTest, CutsOffWhoSendsTooSlowly) {
  Start({.request_seconds = 0.3, .idle_seconds = 0.3});
  Client slow(server_->port()), silent(server_->port());
  ASSERT_TRUE(slow.Send("GET / HTTP/1.1\r\nHost: loc"));
  EXPECT_EQ(StatusOf(slow.ReadAll()), 408);
  EXPECT_EQ(silent.ReadAll(), "");
}

// In what follows there is one thread and nobody is cut off for being slow: whoever held the thread would hold it for
// ever.
constexpr double kForEver = 1e6;

TEST_F(HttpServerTest, AnswersWhileOthersSendSlowly) {
  Start({.request_seconds = kForEver, .idle_seconds = kForEver, .connections = 8, .threads = 1});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 32; ++i) {
    slow.push_back(std::make_unique<Client>(server_->port()));
    ASSERT_TRUE(slow.back()->Send("GET / HTTP/1.1\r\nHost: loc"));
    EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
  }
  // Whoever has been at it longest had to go for those who came later; the last may go on.
  EXPECT_EQ(slow.front()->ReadAll(), "");
  ASSERT_TRUE(slow.back()->Send("alhost\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(StatusOf(slow.back()->ReadAll()), 404);
}

TEST_F(HttpServerTest, AnswersWhileOthersDoNotReadTheirAnswers) {
  Start({.request_seconds = kForEver, .idle_seconds = kForEver, .connections = 8, .threads = 1});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<Client>(server_->port()));
    slow.back()->Send("GET /assets/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
  }
  for (const auto& client : slow) EXPECT_EQ(BodyOf(client->ReadAll()).size(), kLargeBytes);
}

TEST_F(HttpServerTest, AnswersWhileOthersWithoutTokenPromiseABody) {
  Start({.request_seconds = kForEver, .idle_seconds = kForEver, .threads = 1});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<Client>(server_->port()));
    slow.back()->Send("POST /api/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{");
  }
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
  for (const auto& client : slow) EXPECT_EQ(StatusOf(client->ReadAll()), 401);
}

TEST_F(HttpServerTest, AnswersWhileOthersKeepTheirConnections) {
  Start({.request_seconds = kForEver, .idle_seconds = kForEver, .threads = 1});
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(std::make_unique<Client>(server_->port()));
    idle.back()->Send("GET " + WithToken("/api/echo/a") + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(BodyOf(idle.back()->ReadUntil("a|")), "a|");
  }
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
}

TEST_F(HttpServerTest, AnswersManyClientsAtOnce) {
  Start({.connections = 16, .threads = 4});
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 200; ++i)
      clients.emplace_back([&, i]() {
        const std::string word = std::to_string(i);
        // One that had to go for another asks again.
        while (BodyOf(Get(WithToken("/api/echo/" + word))) != word + "|") continue;
        ++answered;
      });
  }
  EXPECT_EQ(answered, 200);
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOfOneConnection) {
  Start();
  const std::string one = "GET " + WithToken("/api/echo/a") + " HTTP/1.1\r\nHost: localhost\r\n";
  const std::string both = Ask(one + "\r\n" + one + "Connection: close\r\n\r\n");
  EXPECT_NE(both.find("a|HTTP/1.1 200"), std::string::npos);
}

TEST_F(HttpServerTest, RefusesMoreThanItsRate) {
  Start({.requests_per_second = 5});
  int refused = 0;
  for (int i = 0; i < 50; ++i) refused += StatusOf(Get(WithToken("/api/echo/a"))) == 429 ? 1 : 0;
  EXPECT_GT(refused, 0);
}

TEST_F(HttpServerTest, LetsNobodyWithoutTokenUseUpTheRate) {
  Start({.requests_per_second = 5});
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(StatusOf(Get("/api/echo/a")), 401);
    refused += StatusOf(Get("/assets/x.js")) == 429 ? 1 : 0;
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(StatusOf(Get(WithToken("/api/echo/a"))), 200);
}

TEST_F(HttpServerTest, TellsAHandlerThatNobodyWaitsAnyMore) {
  Start();
  {
    Client client(server_->port());
    client.Send("GET " + WithToken("/api/waits") + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    begun_.wait();
  }
  ended_.wait();
}

TEST_F(HttpServerTest, EndsWhenItIsToldToEvenIfClientsStay) {
  Start();
  Client idle(server_->port()), waiting(server_->port());
  waiting.Send("GET " + WithToken("/api/waits") + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  begun_.wait();
  thread_.request_stop();
  thread_.join();
}

TEST_F(HttpServerTest, EndsEvenIfABodyDoesNotCome) {
  Start({.request_seconds = kForEver, .idle_seconds = kForEver});
  Client sends(server_->port());
  sends.Send("POST " + WithToken("/api/body") + " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n" + kJson +
             "Content-Length: 1000\r\n\r\n");
  EXPECT_EQ(StatusOf(sends.ReadUntil("\r\n\r\n")), 100);  // its body is waited for
  thread_.request_stop();
  thread_.join();
}

TEST_F(HttpServerTest, SaysWhenItsPortIsTaken) {
  Start();
  const auto other = HttpServer::Bind({.port = server_->port()}, {});
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().what.find("--port"), std::string::npos);
}

TEST(OpenApi, DescribesEveryRouteButThoseOfThePage) {
  const std::vector<Route> routes = {
      {"GET", "/", "the page", "text/html", {}, {}},
      {"GET", "/api/tiles/{level}", "a tile", "image/png", {{"level", "of the pyramid"}, {"z", "the plane"}}, {}}};
  const auto api = nlohmann::json::parse(OpenApiOf(routes, "1.0"));
  EXPECT_EQ(api["paths"].size(), 1U);
  const auto& tile = api["paths"]["/api/tiles/{level}"]["get"];
  EXPECT_EQ(tile["parameters"][0]["in"], "path");
  EXPECT_EQ(tile["parameters"][1]["in"], "query");
  EXPECT_EQ(tile["parameters"][1]["required"], false);
  EXPECT_FALSE(tile.contains("requestBody"));
}

TEST(OpenApi, DescribesWhatIsSent) {
  const std::vector<Route> routes = {{"POST",
                                      "/api/runs",
                                      "a run",
                                      "application/json",
                                      {},
                                      {},
                                      false,
                                      {{"image", "string", "the image", true}, {"channels", "strings", "names"}}}};
  const auto api = nlohmann::json::parse(OpenApiOf(routes, "1.0"));
  const auto& schema = api["paths"]["/api/runs"]["post"]["requestBody"]["content"]["application/json"]["schema"];
  EXPECT_EQ(schema["required"], nlohmann::json({"image"}));
  EXPECT_EQ(schema["properties"]["image"]["description"], "the image");
  EXPECT_EQ(schema["properties"]["channels"]["items"]["type"], "string");
}

}  // namespace
}  // namespace tegula::server
