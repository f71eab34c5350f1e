// server/events.h — progress as server-sent events, while something is done for an answer.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>

#include "tegula/core/run_context.h"
#include "tegula/server/http.h"

namespace tegula::server {

/// Writes "progress" at most ten times a second, "note", and what Send is given. Asks `stop` to stop when nobody
/// listens any more. Thread-safe.
class Events final : public Progress {
 public:
  Events(const Response::Write& write, std::stop_source stop) : write_(write), stop_(std::move(stop)) {}

  void Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) override;
  void Note(std::string_view sentence) override;
  void Send(std::string_view event, const nlohmann::ordered_json& data);
  /// "failed" with code and sentence.
  void Fail(const Error& error);

 private:
  const Response::Write& write_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::string stage_;
  double last_ = 0;
};

}  // namespace tegula::server
