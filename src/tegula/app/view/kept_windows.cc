#include "tegula/app/view/kept_windows.h"

namespace tegula::app {

std::uint64_t KeptWindows::NewOwner() {
  const std::lock_guard lock(mutex_);
  return ++owners_;
}

KeptWindows::Window KeptWindows::Find(std::uint64_t owner, std::size_t window) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find({owner, window});
  if (found == index_.end()) return nullptr;
  rows_.splice(rows_.begin(), rows_, found->second);
  return rows_.front().second;
}

void KeptWindows::Keep(std::uint64_t owner, std::size_t window, Window made) {
  const std::lock_guard lock(mutex_);
  const Key key{owner, window};
  if (const auto found = index_.find(key); found != index_.end()) Erase(found->second);
  bytes_ += made->bytes();
  rows_.emplace_front(key, std::move(made));
  index_[key] = rows_.begin();
  while (bytes_ > budget_ && rows_.size() > 1) Erase(std::prev(rows_.end()));
}

void KeptWindows::Forget(std::uint64_t owner) {
  const std::lock_guard lock(mutex_);
  for (auto row = index_.lower_bound({owner, 0}); row != index_.end() && row->first.first == owner;)
    Erase((row++)->second);
}

std::int64_t KeptWindows::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void KeptWindows::Erase(Rows::iterator row) {
  bytes_ -= row->second->bytes();
  index_.erase(row->first);
  rows_.erase(row);
}

}  // namespace tegula::app
