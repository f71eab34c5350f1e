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

  struct Named {
    std::string name;
    std::shared_ptr<LivePrediction> live;  ///< null: there is none
  };
  /// The one that has what is asked for.
  Named Of(const LiveRequest& request);
  /// One of the same image by the same model with the same settings, maybe of another plane; null if there is none.
  std::shared_ptr<LivePrediction> Like(const LiveRequest& request);
  /// Under the name of what it was asked for; the same request has the same name.
  std::string Add(const LiveRequest& request, std::shared_ptr<LivePrediction> live);
  /// kNotFound if it was never there or has made room.
  Result<std::shared_ptr<LivePrediction>> Find(const std::string& name);

 private:
  struct Row {
    std::string kind;  // of all but the plane
    std::string name;
    std::shared_ptr<LivePrediction> live;
  };
  std::mutex mutex_;
  std::list<Row> kept_;  // newest first
};

}  // namespace tegula::app
