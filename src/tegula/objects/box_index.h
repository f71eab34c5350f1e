// objects/box_index.h — which of many boxes meet a given one.
//
// Boxes are filed by the cell of a grid that their middle lies in; the cells are about as large as the boxes, so there
// is one grid per power of two of the size, all in one hash table. A few huge boxes then cost only those who meet them,
// unlike with one search radius for all.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace tegula::objects {

/// Pixels from `first` to `last`, both included; z (0 in 2D), y, x. Coordinates below 2^30.
struct PixelBox {
  std::array<std::int32_t, 3> first{};
  std::array<std::int32_t, 3> last{};

  constexpr bool Meets(const PixelBox& other) const noexcept {
    for (std::size_t axis = 0; axis < 3; ++axis)
      if (first[axis] > other.last[axis] || other.first[axis] > last[axis]) return false;
    return true;
  }
  /// The sum of both ends: twice the middle.
  constexpr std::int64_t TwiceMiddle(std::size_t axis) const noexcept {
    return static_cast<std::int64_t>(first[axis]) + last[axis];
  }
};

/// Boxes by place. Adding and finding take constant time where boxes of similar size overlap little. Finding is
/// thread-safe while nothing is added.
class BoxIndex {
 public:
  /// `capacity`: about how many boxes will be added.
  explicit BoxIndex(std::size_t capacity) : heads_(std::bit_ceil(std::max<std::size_t>(capacity, 64)), kNone) {}

  void Add(std::int32_t id, const PixelBox& box) {
    const std::int32_t level = LevelOf(box);
    std::array<std::int64_t, 3> cell{};
    for (std::size_t axis = 0; axis < 3; ++axis) cell[axis] = (box.TwiceMiddle(axis) >> 1) >> (level + 1);
    const std::uint64_t key = Key(level, cell);
    std::int32_t& head = heads_[BucketOf(key)];
    const std::int32_t entry = static_cast<std::int32_t>(entries_.size());
    entries_.push_back({key, box, id, head});
    head = entry;
    levels_[static_cast<std::size_t>(level)].push_back(entry);
  }

  /// Calls visit(id) for every box that meets `box`, in no particular order.
  template <class Visit>
  void ForEachMeeting(const PixelBox& box, const Visit& visit) const {
    for (std::int32_t level = 0; level < kLevels; ++level) {
      const std::vector<std::int32_t>& members = levels_[static_cast<std::size_t>(level)];
      if (members.empty()) continue;
      std::array<std::int64_t, 3> first{}, last{};
      double cells = 1;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::int64_t reach = std::int64_t{1} << level;
        first[axis] = (box.first[axis] - reach) >> (level + 1);
        last[axis] = (box.last[axis] + reach) >> (level + 1);
        cells *= static_cast<double>(last[axis] - first[axis] + 1);
      }
      if (cells > static_cast<double>(members.size())) {
        for (const std::int32_t entry : members) VisitIfMeets(entry, box, visit);
        continue;
      }
      for (std::int64_t z = first[0]; z <= last[0]; ++z)
        for (std::int64_t y = first[1]; y <= last[1]; ++y)
          for (std::int64_t x = first[2]; x <= last[2]; ++x) VisitCell(Key(level, {z, y, x}), box, visit);
    }
  }

 private:
  static constexpr std::int32_t kNone = -1;
  static constexpr std::int32_t kLevels = 32;

  struct Entry {
    std::uint64_t key;
    PixelBox box;
    std::int32_t id;
    std::int32_t next;
  };

  // No pixel of the box is further than 2^level from its middle.
  static std::int32_t LevelOf(const PixelBox& box) noexcept {
    std::int64_t reach = 0;
    for (std::size_t axis = 0; axis < 3; ++axis)
      reach = std::max(reach, (static_cast<std::int64_t>(box.last[axis]) - box.first[axis] + 1) / 2);
    return static_cast<std::int32_t>(std::bit_width(static_cast<std::uint64_t>(reach)));
  }
  static std::uint64_t Key(std::int32_t level, const std::array<std::int64_t, 3>& cell) noexcept {
    std::uint64_t key = static_cast<std::uint64_t>(level);
    for (const std::int64_t c : cell) {
      key = (key ^ static_cast<std::uint64_t>(c)) * 0x9E3779B97F4A7C15U;
      key ^= key >> 29;
    }
    return key;
  }
  std::size_t BucketOf(std::uint64_t key) const noexcept { return key & (heads_.size() - 1); }

  template <class Visit>
  void VisitCell(std::uint64_t key, const PixelBox& box, const Visit& visit) const {
    for (std::int32_t entry = heads_[BucketOf(key)]; entry != kNone;
         entry = entries_[static_cast<std::size_t>(entry)].next)
      if (entries_[static_cast<std::size_t>(entry)].key == key) VisitIfMeets(entry, box, visit);
  }
  template <class Visit>
  void VisitIfMeets(std::int32_t entry, const PixelBox& box, const Visit& visit) const {
    const Entry& found = entries_[static_cast<std::size_t>(entry)];
    if (found.box.Meets(box)) visit(found.id);
  }

  std::vector<std::int32_t> heads_;
  std::vector<Entry> entries_;
  std::array<std::vector<std::int32_t>, kLevels> levels_;
};

}  // namespace tegula::objects
