// app/view/object_set.h — the objects of a file, small enough to be looked at by the million.
//
// A GeoJSON file (of `tegula predict`, `tegula objects` or QuPath) is read once. Outlines are kept as differences in
// hundredths of a pixel, which is what Tegula and QuPath write; measurements as columns of doubles. Objects that a file
// nests within others are objects like them; of a cell its outline is kept and not its nucleus. Lines become rings
// there and back, points diamonds of kPointRadius, so that all that is looked at are rings.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/annotations/annotation.h"
#include "tegula/objects/box_index.h"
#include "tegula/outputs/palette.h"

namespace tegula::app {

/// A rectangle in pixels of the full resolution, both ends included. Empty: it meets nothing.
struct ObjectBox {
  double y0 = std::numeric_limits<double>::infinity(), x0 = std::numeric_limits<double>::infinity();
  double y1 = -std::numeric_limits<double>::infinity(), x1 = -std::numeric_limits<double>::infinity();
};

/// Immutable and thread-safe once it is read.
class ObjectSet {
 public:
  struct Class {
    std::string name;  ///< empty: of objects without class
    outputs::Rgb colour;
    std::int64_t objects = 0;
  };
  static constexpr double kPointRadius = 3;
  /// In pixels: what a coordinate may be to either side of zero, for boxes of 32 bits.
  static constexpr double kFarthest = 1 << 29;
  static constexpr std::size_t kMostMeasurements = 1024;
  /// What a set may take; a million nuclei of 24 corners with their basic measurements take 0.34 GB.
  static constexpr std::int64_t kMostBytes = 2LL << 30;

  /// Errors of objects::ReadGeoJson; kExhausted beyond `most_bytes`, kInvalid for coordinates beyond kFarthest. Gives
  /// up with kCancelled when `is_gone` says that nobody waits. Cost: that of ReadGeoJson.
  static Result<std::shared_ptr<const ObjectSet>> Read(const Path& path, const RunContext& context,
                                                       const std::function<bool()>& is_gone,
                                                       std::int64_t most_bytes = kMostBytes);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(rows_.size()); }
  const std::vector<Class>& classes() const noexcept { return classes_; }
  const std::vector<std::string>& measurements() const noexcept { return measurements_; }
  /// Sentences about what is shown otherwise than the file says.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  /// Memory of all of it.
  std::int64_t bytes() const noexcept;

  // Of object `i`, by its place in the file.
  std::size_t class_of(std::int64_t i) const noexcept { return row(i).of_class; }
  /// In pixels of the full resolution; of surfaces without their holes.
  double area(std::int64_t i) const noexcept { return row(i).area; }
  ObjectBox box(std::int64_t i) const noexcept;
  std::string_view id(std::int64_t i) const noexcept;
  std::string_view name(std::int64_t i) const noexcept;
  /// NaN where there is no number.
  double value(std::int64_t i, std::size_t measurement) const noexcept {
    return columns_[measurement][static_cast<std::size_t>(i)];
  }
  /// Its rings, each without a repeated last point; inside is what an odd number of them enclose. Replaces `out`.
  void RingsOf(std::int64_t i, std::vector<objects::PointRing>& out) const;
  /// Calls visit(i) for every object whose box meets `box`, in no particular order.
  void ForEachMeeting(const ObjectBox& box, FunctionRef<void(std::int64_t i)> visit) const;
  /// Whether a point lies in one.
  bool Contains(std::int64_t i, objects::Point point) const;

 private:
  // Lengths in hundredths of a pixel.
  struct Row {
    std::int64_t y = 0, x = 0;            // of the box's first corner
    std::int64_t height = -1, width = 0;  // -1: nothing is to be seen
    std::uint64_t rings = 0;              // where they begin in rings_
    std::uint64_t text = 0;               // where its id begins in texts_, behind which its name stands
    double area = 0;
    std::uint16_t of_class = 0;
  };
  class Builder;

  ObjectSet() : index_(0) {}
  const Row& row(std::int64_t i) const noexcept { return rows_[static_cast<std::size_t>(i)]; }

  std::vector<Row> rows_;
  std::vector<std::uint8_t> rings_;  // variable-length numbers: rings, and of each its points and their differences
  std::string texts_;                // each ends with a zero
  std::vector<Class> classes_;
  std::vector<std::string> measurements_;
  std::vector<std::vector<double>> columns_;
  std::vector<std::string> notes_;
  objects::BoxIndex index_;
};

}  // namespace tegula::app
