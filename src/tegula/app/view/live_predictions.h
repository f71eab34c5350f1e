// app/view/live_predictions.h — the predictions that are looked at, by their names.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "tegula/app/view/live_prediction.h"

namespace tegula::app {

/// Keeps those that were used last: each holds a network. Thread-safe.
class LivePredictions {
 public:
  static constexpr std::size_t kMost = 3;

  /// Under the name of what it was asked for; the same request has the same name.
  static std::string NameOf(const LiveRequest& request);
  void Add(const std::string& name, std::shared_ptr<LivePrediction> live);
  /// kNotFound if it was never there or has made room.
  Result<std::shared_ptr<LivePrediction>> Find(const std::string& name);

 private:
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<LivePrediction>>> kept_;  // newest first
};

}  // namespace tegula::app
