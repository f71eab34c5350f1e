// objects/testing/class_maps.h — small class maps for tests: drawn, random, and filled again from outlines.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/objects/region.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects::testing {

/// A small class map: row by row, kNoClass8 for none.
struct Map {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> labels;

  std::uint8_t at(std::int64_t y, std::int64_t x) const {
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? labels[static_cast<std::size_t>(y * width + x)] : kNoClass8;
  }
  ConstView Rows(std::int64_t begin, std::int64_t end) const {
    return {reinterpret_cast<const std::byte*>(labels.data()) + begin * width, DType::kU8, {end - begin, width}};
  }
  ConstView view() const { return Rows(0, height); }
};

/// '.' is no class, a digit its class.
inline Map Draw(const std::vector<std::string_view>& rows) {
  Map map{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size()), {}};
  for (const std::string_view row : rows)
    for (const char c : row) map.labels.push_back(c == '.' ? kNoClass8 : static_cast<std::uint8_t>(c - '0'));
  return map;
}

inline Map Filled(std::int64_t height, std::int64_t width, std::uint8_t label) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), label)};
}

inline Map RandomMap(std::mt19937& random, int largest) {
  const auto upto = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  Map map = Filled(upto(1, largest), upto(1, largest), kNoClass8);
  const int classes = upto(1, 3), empty_percent = upto(0, 70);
  for (std::uint8_t& label : map.labels)
    if (upto(0, 99) >= empty_percent) label = static_cast<std::uint8_t>(upto(0, classes - 1));
  return map;
}

using Pixels = std::set<Corner>;

/// The pixels whose centres lie in an odd number of rings; each pixel in at most one polygon.
inline Pixels Rasterise(const Region& region) {
  Pixels pixels;
  for (const Polygon& polygon : region.polygons) {
    const Box box = BoundsOf(polygon.outer);
    for (auto y = static_cast<std::int32_t>(box.y.begin); y < box.y.end; ++y)
      for (auto x = static_cast<std::int32_t>(box.x.begin); x < box.x.end; ++x) {
        bool inside = Encloses(polygon.outer, {y, x});
        for (const Ring& hole : polygon.holes) inside ^= Encloses(hole, {y, x});
        EXPECT_TRUE(!inside || pixels.insert({y, x}).second) << "polygons overlap at y=" << y << " x=" << x;
      }
  }
  return pixels;
}

/// To be shown when a test fails.
inline std::string ToString(const Map& map) {
  std::string text = "\n";
  for (std::int64_t y = 0; y < map.height; ++y, text += '\n')
    for (std::int64_t x = 0; x < map.width; ++x)
      text += map.at(y, x) == kNoClass8 ? '.' : static_cast<char>('0' + map.at(y, x));
  return text;
}

}  // namespace tegula::objects::testing
