// server/waited.h — the progress of work whose answer comes at once, as long as somebody waits for it.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "tegula/core/run_context.h"

namespace tegula::server {

/// Ends the work when nobody waits any more. Borrows `is_gone`.
class Waited final : public Progress {
 public:
  Waited(const std::function<bool()>& is_gone, std::stop_source stop) : is_gone_(is_gone), stop_(std::move(stop)) {}
  void Update(std::string_view, std::int64_t, std::int64_t, std::string_view) override {
    if (is_gone_()) stop_.request_stop();
  }
  void Note(std::string_view) override {}

 private:
  const std::function<bool()>& is_gone_;
  std::stop_source stop_;
};

}  // namespace tegula::server
