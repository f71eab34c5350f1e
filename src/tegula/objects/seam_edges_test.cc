#include "tegula/objects/seam_edges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tegula/core/random.h"
#include "tegula/objects/region_tracer.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kSize = 640;
const std::vector<std::int64_t> kSeams = {100, 200, 300, 400, 500};

// Discs at random places. `cut`: what lies beyond a seam right of a disc's centre is lost.
std::vector<Region> Discs(bool cut) {
  std::vector<std::uint8_t> classes(kSize * kSize, kNoClass8);
  const auto around = [](double centre, double r) {
    return Intersect(Interval{static_cast<std::int64_t>(centre - r), static_cast<std::int64_t>(centre + r) + 1},
                     Interval{0, kSize});
  };
  for (int i = 0; i < 900; ++i) {
    const double cy = UniformAt(1, 0, i, 0) * kSize, cx = UniformAt(1, 1, i, 0) * kSize,
                 r = 4 + 5 * UniformAt(1, 2, i, 0);
    const Interval rows = around(cy, r), columns = around(cx, r);
    for (std::int64_t y = rows.begin; y < rows.end; ++y)
      for (std::int64_t x = columns.begin; x < columns.end; ++x) {
        const double dy = static_cast<double>(y) + 0.5 - cy, dx = static_cast<double>(x) + 0.5 - cx;
        if (dy * dy + dx * dx > r * r) continue;
        bool is_lost = false;
        for (const std::int64_t seam : kSeams) is_lost = is_lost || (cx < static_cast<double>(seam) && x >= seam);
        if (!cut || !is_lost) classes[static_cast<std::size_t>(y * kSize + x)] = 0;
      }
  }
  return TraceRegions({reinterpret_cast<const std::byte*>(classes.data()), DType::kU8, {kSize, kSize}}).value();
}

std::optional<SeamEdgeFinding> FindingOf(const std::vector<Region>& regions, const std::vector<std::int64_t>& rows,
                                         const std::vector<std::int64_t>& columns) {
  SeamEdges edges(kSize, kSize, rows, columns);
  for (const Region& region : regions) edges.Add(region);
  return edges.Finding();
}

TEST(SeamEdges, AreNoneInOutlinesThatKnowNoSeams) {
  const auto finding = FindingOf(Discs(false), kSeams, kSeams);
  ASSERT_TRUE(finding.has_value());
  EXPECT_GT(finding->on_seams, 0);
  EXPECT_GT(finding->by_chance, 0);
  EXPECT_EQ(finding->excess, 0);
}

TEST(SeamEdges, AreFoundWhereTilesCutObjects) {
  const std::vector<Region> regions = Discs(true);
  const auto finding = FindingOf(regions, {}, kSeams);
  ASSERT_TRUE(finding.has_value());
  EXPECT_GT(finding->excess, 100);
  EXPECT_EQ(finding->excess, std::llround(static_cast<double>(finding->on_seams) - finding->by_chance));
  EXPECT_EQ(FindingOf(regions, {208, 408}, {208, 408})->excess, 0) << "where no tile ends";
}

TEST(SeamEdges, HolesHaveOutlinesToo) {
  const Region region{.polygons = {{{{0, 0}, {0, 300}, {300, 300}, {300, 0}, {0, 0}},
                                    {{{190, 190}, {200, 190}, {200, 195}, {190, 195}, {190, 190}}}}}};
  EXPECT_EQ(FindingOf({region}, {200}, {})->on_seams, 5);
}

TEST(SeamEdges, NeedSeamsAndSomethingBesideThem) {
  EXPECT_FALSE(FindingOf(Discs(false), {}, {}).has_value());
  std::vector<std::int64_t> everywhere;
  for (std::int64_t line = 16; line < kSize; line += 16) everywhere.push_back(line);
  EXPECT_FALSE(FindingOf({}, everywhere, everywhere).has_value());
}

}  // namespace
}  // namespace tegula::objects
