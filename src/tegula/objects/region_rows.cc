#include "tegula/objects/region_rows.h"

#include <algorithm>

namespace tegula::objects {

RegionRows::RegionRows(const std::vector<Polygon>& polygons) {
  const auto add = [&](const Ring& ring) { corners_.insert(corners_.end(), ring.begin(), ring.end() - 1); };
  for (const Polygon& polygon : polygons) {
    add(polygon.outer);
    for (const Ring& hole : polygon.holes) add(hole);
  }
  std::sort(corners_.begin(), corners_.end());
}

// Changes the edges by the corners at the upper side of the row.
void RegionRows::Cross() {
  before_.swap(edges_);
  edges_.clear();
  std::size_t old = 0;
  while (at_ < corners_.size() && corners_[at_].y == y_) {
    const std::int32_t x = corners_[at_].x;
    std::size_t times = 0;
    for (; at_ < corners_.size() && corners_[at_] == Corner{y_, x}; ++at_) ++times;
    while (old < before_.size() && before_[old] < x) edges_.push_back(before_[old++]);
    const bool was = old < before_.size() && before_[old] == x;
    if (was) ++old;
    if (was != (times % 2 == 1)) edges_.push_back(x);
  }
  edges_.insert(edges_.end(), before_.begin() + static_cast<std::ptrdiff_t>(old), before_.end());
  runs_.clear();
  for (std::size_t i = 0; i + 1 < edges_.size(); i += 2) runs_.push_back({edges_[i], edges_[i + 1]});
}

bool RegionRows::Next() {
  do {
    if (runs_.empty() && at_ == corners_.size()) return false;
    y_ = runs_.empty() ? corners_[at_].y : y_ + 1;
    if (at_ < corners_.size() && corners_[at_].y == y_) Cross();
  } while (runs_.empty());
  return true;
}

}  // namespace tegula::objects
