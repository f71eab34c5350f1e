// app/view/kept_windows.h — what live predictions have made, for as long as memory is allowed for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "tegula/tensor/tensor.h"

namespace tegula::app {

/// One budget for all predictions of a viewer: the windows that were looked at longest ago go first. Thread-safe.
class KeptWindows {
 public:
  using Window = std::shared_ptr<const Tensor>;

  explicit KeptWindows(std::int64_t budget_bytes) : budget_(budget_bytes) {}

  /// A number under which one prediction keeps its windows.
  std::uint64_t NewOwner();
  /// The window, or null.
  Window Find(std::uint64_t owner, std::size_t window);
  /// The newest stays, however large it is.
  void Keep(std::uint64_t owner, std::size_t window, Window made);
  /// All of one owner go.
  void Forget(std::uint64_t owner);
  std::int64_t budget() const noexcept { return budget_; }
  std::int64_t bytes() const;

 private:
  using Key = std::pair<std::uint64_t, std::size_t>;
  using Rows = std::list<std::pair<Key, Window>>;
  void Erase(Rows::iterator row);

  const std::int64_t budget_;
  mutable std::mutex mutex_;
  std::uint64_t owners_ = 0;
  Rows rows_;  // newest first
  std::map<Key, Rows::iterator> index_;
  std::int64_t bytes_ = 0;
};

}  // namespace tegula::app
