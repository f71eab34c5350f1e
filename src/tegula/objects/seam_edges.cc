#include "tegula/objects/seam_edges.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tegula::objects {
namespace {

constexpr std::int64_t kStep = 16, kBeside = 4;  // lines on either side of a seam
constexpr std::size_t kFewestLines = 4;
constexpr double kDeviations = 4;

// Lengths on lines beside the seams, each line once; lines at the map's edge are not like others.
void AppendBeside(const std::vector<std::int64_t>& seams, const std::vector<std::int64_t>& on_line,
                  std::vector<double>& lengths) {
  std::vector<std::int64_t> lines;
  for (const std::int64_t seam : seams)
    for (std::int64_t i = -kBeside; i <= kBeside; ++i) lines.push_back(seam + i * kStep);
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  for (const std::int64_t line : lines)
    if (line > 0 && line + 1 < std::ssize(on_line) && !std::ranges::binary_search(seams, line))
      lengths.push_back(static_cast<double>(on_line[static_cast<std::size_t>(line)]));
}

}  // namespace

void SeamEdges::Add(const Region& region) noexcept {
  for (const Polygon& polygon : region.polygons) {
    Add(polygon.outer);
    for (const Ring& hole : polygon.holes) Add(hole);
  }
}

void SeamEdges::Add(const Ring& ring) noexcept {
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const Corner a = ring[i], b = ring[i + 1];
    const std::int64_t length = std::abs(std::int64_t{b.y} - a.y) + std::abs(std::int64_t{b.x} - a.x);
    if (length < kStraight) continue;
    if (a.y == b.y) on_row_[static_cast<std::size_t>(a.y)] += length;
    if (a.x == b.x) on_column_[static_cast<std::size_t>(a.x)] += length;
  }
}

std::optional<SeamEdgeFinding> SeamEdges::Finding() const {
  SeamEdgeFinding finding;
  for (const std::int64_t row : rows_) finding.on_seams += on_row_[static_cast<std::size_t>(row)];
  for (const std::int64_t column : columns_) finding.on_seams += on_column_[static_cast<std::size_t>(column)];
  std::vector<double> beside;
  AppendBeside(rows_, on_row_, beside);
  AppendBeside(columns_, on_column_, beside);
  const auto seams = static_cast<double>(rows_.size() + columns_.size());
  if (seams == 0 || beside.size() < kFewestLines) return std::nullopt;
  double sum = 0, squares = 0;
  for (const double length : beside) sum += length;
  const double mean = sum / static_cast<double>(beside.size());
  for (const double length : beside) squares += (length - mean) * (length - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(beside.size() - 1) * seams);
  finding.by_chance = mean * seams;
  // A single straight edge is chance wherever it lies.
  const double most = finding.by_chance + kDeviations * std::max(deviation, static_cast<double>(kStraight));
  if (static_cast<double>(finding.on_seams) > most)
    finding.excess = std::llround(static_cast<double>(finding.on_seams) - finding.by_chance);
  return finding;
}

}  // namespace tegula::objects
