// zoo/testing/scripted_http.h — a network that does what a test says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tegula/zoo/http.h"

namespace tegula::zoo {

/// One answer: its head, the content, and how it ends.
struct ScriptedAnswer {
  HttpHead head;
  std::string content;
  bool complete = true;
};

/// What was asked and what is answered, shared with the test.
struct Script {
  std::map<std::string, std::vector<ScriptedAnswer>> answers;  ///< by address, in order; the last one stays
  std::vector<HttpRequest> requests;
};

/// One thread at a time.
class ScriptedHttp final : public Http {
 public:
  explicit ScriptedHttp(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result<HttpEnd> Get(const HttpRequest& request, Sink sink, const std::stop_token& stop) override {
    if (stop.stop_requested()) return CancelledError();
    script_->requests.push_back(request);
    std::vector<ScriptedAnswer>& answers = script_->answers[request.url];
    if (answers.empty()) return HttpEnd{HttpHead{.status = 404}, true, ""};
    const ScriptedAnswer answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    if (answer.head.status == 0) return HttpEnd{{}, false, "the connection was lost"};
    TEGULA_TRY(sink(answer.head, answer.content));
    return HttpEnd{answer.head, answer.complete, answer.complete ? "" : "the connection was lost"};
  }

 private:
  std::shared_ptr<Script> script_;
};

}  // namespace tegula::zoo
