// objects/pool.h — numbered slots that are used again, and numbered values that can be merged.
//
// Everything that lives while rows stream by (corners, chains, regions) stands in one of these, so that memory follows
// what is alive and nothing is allocated per pixel.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace tegula::objects {

/// Values of T under 32-bit numbers. References last until the next New. One thread at a time.
template <class T>
class Pool {
 public:
  using Id = std::int32_t;

  Id New(T value) {
    if (free_.empty()) {
      slots_.push_back(std::move(value));
      return static_cast<Id>(slots_.size()) - 1;
    }
    const Id id = free_.back();
    free_.pop_back();
    (*this)[id] = std::move(value);
    return id;
  }
  T& operator[](Id id) noexcept { return slots_[static_cast<std::size_t>(id)]; }
  const T& operator[](Id id) const noexcept { return slots_[static_cast<std::size_t>(id)]; }
  /// Moves the value out; its number may be given to another.
  T Take(Id id) {
    free_.push_back(id);
    return std::exchange((*this)[id], T{});
  }
  std::int64_t used() const noexcept { return static_cast<std::int64_t>(slots_.size() - free_.size()); }
  /// How many more values there are numbers for.
  std::int64_t left() const noexcept { return std::numeric_limits<Id>::max() - used(); }

 private:
  std::vector<T> slots_;
  std::vector<Id> free_;
};

/// Values of T of which two can be merged; both numbers then lead to the one value (union-find). One thread at a time.
template <class T>
class MergePool {
 public:
  using Id = std::int32_t;

  Id New(T value) {
    const Id id = slots_.New({-1, std::move(value)});
    slots_[id].parent = id;
    return id;
  }
  /// The root of `id`: the number that holds its value.
  Id Find(Id id) noexcept {
    while (slots_[id].parent != id) {
      Id& parent = slots_[id].parent;
      parent = slots_[parent].parent;
      id = parent;
    }
    return id;
  }
  /// The value of a root.
  T& operator[](Id root) noexcept { return slots_[root].value; }
  /// Makes the root `from` another name of the root `into` and drops its value.
  void Merge(Id into, Id from) {
    slots_[from] = {into, T{}};
    merged_.push_back(from);
  }
  /// Moves the value of a root out and frees its number.
  T Take(Id root) { return slots_.Take(root).value; }
  /// Frees all merged numbers: nobody may hold one from here on.
  void FreeMerged() {
    for (const Id id : merged_) slots_.Take(id);
    merged_.clear();
  }

 private:
  struct Slot {
    Id parent = -1;
    T value;
  };
  Pool<Slot> slots_;
  std::vector<Id> merged_;
};

}  // namespace tegula::objects
