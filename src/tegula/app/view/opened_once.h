// app/view/opened_once.h — what is opened by a name and kept between requests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"

namespace tegula::app {

/// Keeps the values that were used last. Thread-safe; one that is asked for while it is opened is waited for, and one
/// that could not be opened is tried again the next time.
template <class Value>
class OpenedOnce {
 public:
  explicit OpenedOnce(std::size_t most) : most_(most) {}

  /// The value of this name, by `open` if it is not there or what it was made of had another stamp. Errors of `open`.
  Result<Value> Get(const std::string& name, const std::string& stamp, FunctionRef<Result<Value>()> open) {
    std::shared_ptr<Slot> slot;
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::find_if(slots_.begin(), slots_.end(),
                                      [&](const auto& row) { return row->name == name && row->stamp == stamp; });
      if (found != slots_.end()) {
        slots_.splice(slots_.begin(), slots_, found);
      } else {
        // What it was before is not asked for any more.
        slots_.remove_if([&](const auto& row) { return row->name == name; });
        slots_.push_front(std::make_shared<Slot>(name, stamp));
        if (slots_.size() > most_) slots_.pop_back();
      }
      slot = slots_.front();
    }
    const std::lock_guard lock(slot->opening);
    if (slot->value) return *slot->value;
    Result<Value> opened = open();
    if (opened.ok()) {
      slot->value = *std::move(opened);
      return *slot->value;
    }
    const std::lock_guard forget(mutex_);
    slots_.remove(slot);
    return opened.error();
  }

 private:
  // A place for one value. `opening` is held while it is opened; `value` is set once.
  struct Slot {
    Slot(std::string its_name, std::string its_stamp) : name(std::move(its_name)), stamp(std::move(its_stamp)) {}
    const std::string name, stamp;
    std::mutex opening;
    std::optional<Value> value;
  };
  const std::size_t most_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Slot>> slots_;  // newest first
};

}  // namespace tegula::app
