// app/view/object_tiles.h — the objects of a part of an image, as a page draws them.
//
// Level L has pixels of 2^L image pixels; its tiles are squares of kObjectTile of them, of which tile (column, row)
// begins at column * kObjectTile, row * kObjectTile. In a tile is every object that reaches into it and whose box is
// kLeastShown pixels of the level or longer, with the number of all smaller ones whose boxes' middles lie in the tile
// and how much they cover, by cell and class. So nothing is left out without being counted.
//
// Outlines are those of the object with fewer points: from level 1 on both lie within kObjectTolerance of each other,
// at level 0 all points stay. Outlines that leave the tile are cut kObjectMargin outside, along lines that are not
// seen.
//
// The form is binary, little-endian, each list beginning at a multiple of its element's size:
//   uint32 magic "TGO1", objects, rings, points, cells, classes' bytes = 2, then two that are 0
//   uint32 number[objects]         of the object, by its place in the file
//   uint32 ring_end[objects]       the rings of object i are those from ring_end[i - 1] to ring_end[i]
//   uint32 point_end[rings]        the same of the points of rings; rings are closed, without a repeated point
//   uint32 cell_at[cells]          row * kObjectCells + column of a cell of kObjectTile / kObjectCells pixels
//   uint32 cell_count[cells]       smaller objects of one class in it
//   float  cell_cover[cells]       their areas as a share of the cell's; more than 1 if they overlap
//   int16  point[points][2]        x, y from the tile's corner in steps of 1 / kObjectSteps pixel of the level
//   uint16 class[objects]
//   uint16 cell_class[cells]
#pragma once

#include <cstdint>
#include <string>

#include "tegula/app/view/object_set.h"
#include "tegula/app/view/object_table.h"

namespace tegula::app {

inline constexpr std::int64_t kObjectTile = 512;
inline constexpr std::int64_t kObjectMargin = 16;
inline constexpr std::int64_t kObjectCells = 64;
inline constexpr double kObjectSteps = 32;
inline constexpr double kLeastShown = 2;
inline constexpr double kObjectTolerance = 0.35;
inline constexpr int kObjectLevels = 30;

struct ObjectTilePlace {
  int level = 0;
  std::int64_t column = 0, row = 0;
};

/// A tile of the objects with an area between `areas.least` and `areas.most`. kNotFound for a place where no object can
/// be; kExhausted for a tile of more than 256 MB. Cost: the boxes that meet the tile, and the points of those drawn.
Result<std::string> ObjectTile(const ObjectSet& set, const ObjectTilePlace& place, const AreaRange& areas);

}  // namespace tegula::app
