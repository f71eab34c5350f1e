// net/testing/scripted_http.h — a network that does what a test says.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tegula/net/http.h"

namespace tegula::net {

/// One answer: its head, the content, and how it ends.
struct ScriptedAnswer {
  HttpHead head;
  std::string content;
  bool complete = true;
  bool is_final = false;
};

/// What was asked and what is answered, shared with the test and by all that ask.
struct Script {
  std::map<std::string, std::vector<ScriptedAnswer>> answers;  ///< by address, in order; the last one stays
  std::vector<HttpRequest> requests;
  std::mutex mutex;  ///< of both, while requests are made
};

/// One thread at a time; several may share a script.
class ScriptedHttp final : public Http {
 public:
  explicit ScriptedHttp(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result<HttpEnd> Get(const HttpRequest& request, Sink sink, const std::stop_token& stop) override {
    if (stop.stop_requested()) return CancelledError();
    const ScriptedAnswer answer = Next(request);
    if (answer.head.status == 0) return HttpEnd{{}, false, "the connection was lost", answer.is_final};
    TEGULA_TRY(sink(answer.head, answer.content));
    return HttpEnd{answer.head, answer.complete, answer.complete ? "" : "the connection was lost"};
  }

 private:
  ScriptedAnswer Next(const HttpRequest& request) {
    const std::lock_guard lock(script_->mutex);
    script_->requests.push_back(request);
    std::vector<ScriptedAnswer>& answers = script_->answers[request.url];
    if (answers.empty()) return {{.status = 404}, ""};
    ScriptedAnswer answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    return answer;
  }

  std::shared_ptr<Script> script_;
};

}  // namespace tegula::net
