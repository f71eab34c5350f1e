#include "tegula/objects/cellpose/cleaning.h"

#include <vector>

namespace tegula::objects {
namespace {

enum class Place : std::uint8_t { kHole, kOutside, kObject };

// Finds and fills holes of one object after another, in memory that is used again. One thread at a time.
class HoleFiller {
 public:
  /// Gives the pixels of `label`, all of which lie in `box`, and those of its holes the number `name`.
  void Fill(LabelMap& labels, std::uint32_t label, const Box& box, std::uint32_t name) {
    Draw(labels, label, box);
    FloodFromEdges(box);
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      std::uint32_t* row = labels.row(y).data();
      const Place* place = places_.data() + IndexOf(box, y, box.x.begin);
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x)
        if (*place++ != Place::kOutside) row[x] = name;
    }
  }

 private:
  static std::int64_t Stride(const Box& box) noexcept { return box.width() + 2; }
  static std::int64_t IndexOf(const Box& box, std::int64_t y, std::int64_t x) noexcept {
    return (y - box.y.begin + 1) * Stride(box) + x - box.x.begin + 1;
  }

  // The box, in a frame that keeps the flood within.
  void Draw(const LabelMap& labels, std::uint32_t label, const Box& box) {
    places_.assign(static_cast<std::size_t>((box.height() + 2) * Stride(box)), Place::kObject);
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      const std::uint32_t* row = labels.row(y).data();
      Place* place = places_.data() + IndexOf(box, y, box.x.begin);
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x) *place++ = row[x] == label ? Place::kObject : Place::kHole;
    }
  }

  void Reach(std::int64_t index) {
    Place& place = places_[static_cast<std::size_t>(index)];
    if (place != Place::kHole) return;
    place = Place::kOutside;
    reached_.push_back(index);
  }

  void FloodFromEdges(const Box& box) {
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      Reach(IndexOf(box, box.y.begin, x));
      Reach(IndexOf(box, box.y.end - 1, x));
    }
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      Reach(IndexOf(box, y, box.x.begin));
      Reach(IndexOf(box, y, box.x.end - 1));
    }
    while (!reached_.empty()) {
      const std::int64_t from = reached_.back();
      reached_.pop_back();
      for (const std::int64_t step : {-Stride(box), std::int64_t{-1}, std::int64_t{1}, Stride(box)}) Reach(from + step);
    }
  }

  std::vector<Place> places_;
  std::vector<std::int64_t> reached_;  ///< outside, with neighbours that are yet to be looked at
};

}  // namespace

void RemoveSmallObjects(LabelMap& labels, std::int64_t min_size) {
  if (min_size <= 0) return;
  const std::vector<std::int64_t> counts = labels.PixelCounts();
  std::vector<std::uint32_t> names(counts.size());
  for (std::size_t label = 0; label < counts.size(); ++label) names[label] = static_cast<std::uint32_t>(label);
  // cellpose drops the first count that there is, which is meant to be that of the background, and takes the n-th of
  // the others for that of object n.
  std::size_t place = 0;
  for (const std::int64_t count : counts) {
    if (count == 0) continue;
    if (place > 0 && count < min_size) names[place] = 0;
    ++place;
  }
  labels.Rename(names);
  labels.Renumber();
}

void FillHoles(LabelMap& labels) {
  const std::vector<Box> boxes = labels.Boxes();
  HoleFiller filler;
  std::uint32_t name = 0;
  // An object may have gone into a hole since its box was taken; it has used up a number all the same.
  for (std::size_t label = 1; label < boxes.size(); ++label)
    if (!boxes[label].empty()) filler.Fill(labels, static_cast<std::uint32_t>(label), boxes[label], ++name);
}

}  // namespace tegula::objects
