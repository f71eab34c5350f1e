#include "tegula/server/events.h"

#include <fmt/format.h>

#include "tegula/core/platform.h"

namespace tegula::server {

using Json = nlohmann::ordered_json;

namespace {
constexpr double kBetweenEvents = 0.1;  // seconds
}  // namespace

void Events::Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) {
  {
    const std::lock_guard lock(mutex_);
    const double now = MonotonicSeconds();
    if (stage == stage_ && done < total && now < last_ + kBetweenEvents) return;
    stage_ = stage, last_ = now;
  }
  Send("progress", {{"stage", stage}, {"done", done}, {"total", total}, {"unit", unit}});
}

void Events::Note(std::string_view sentence) { Send("note", {{"note", sentence}}); }

void Events::Send(std::string_view event, const Json& data) {
  const std::lock_guard lock(mutex_);
  // Nobody listens: what is done for this answer ends.
  if (!write_(fmt::format("event: {}\ndata: {}\n\n", event, Dump(data)))) stop_.request_stop();
}

void Events::Fail(const Error& error) { Send("failed", {{"code", CodeName(error.code)}, {"error", ToString(error)}}); }

}  // namespace tegula::server
