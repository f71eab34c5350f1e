// objects/annotations/json_tree.h — JSON as a tree in which the coordinates of a geometry take 16 bytes per position.
//
// An annotation of a whole slide has millions of positions; as nested lists of values each would take more than 100
// bytes. So lists that are called "coordinates" become flat arrays while they are read. Objects keep the order of their
// members.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/annotations/point.h"

namespace tegula::objects {

/// Nested lists of positions [x, y, ...]; what follows y is left out.
struct JsonCoordinates {
  static constexpr int kDeepest = 4;

  /// How many lists are around a number: 1 for a single position, 4 for polygons; 0 if there is no position.
  int depth = 0;
  std::vector<Point> points = {};
  /// Per list at depth k + 1, how many lists (positions in the innermost) at depth k + 2 have ended with it.
  std::array<std::vector<std::size_t>, kDeepest - 1> ends = {};
  /// Why this is no such list, to follow "its polygon"; empty if it is one.
  std::string problem = {};
};

struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kTruth, kNumber, kText, kList, kObject, kCoordinates };

  Kind kind = Kind::kNull;
  double number = 0;  ///< 0 or 1 of a truth value
  std::string text = {};
  std::string name = {};                ///< as a member of an object
  std::vector<JsonValue> members = {};  ///< of an object or a list
  std::unique_ptr<JsonCoordinates> coordinates = {};

  /// The first member of that name that is not null, or nothing.
  const JsonValue* Find(std::string_view wanted) const noexcept;
};

struct JsonLimits {
  std::int64_t values = 0;     ///< without positions
  std::int64_t positions = 0;  ///< altogether
  int depth = 0;               ///< lists and objects within each other
};

/// Reads a text that begins at byte `offset` of its file. kCorrupt if it is no JSON, kExhausted for a limit; the
/// sentences begin with "it" or "its".
Result<JsonValue> ParseJson(std::string_view text, std::int64_t offset, const JsonLimits& limits);

}  // namespace tegula::objects
