#include "tegula/outputs/verification_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/outputs/charts.h"
#include "tegula/outputs/html.h"

namespace tegula::outputs {
namespace {

// Differences are shown over so many times less than what is allowed, up to the largest.
constexpr double kShownBelow = 1000;

std::string Row(std::string_view what, std::string_view number) {
  return fmt::format("<tr><td>{}</td><td class=\"number\">{}</td></tr>", what, number);
}

std::string Share(std::int64_t part, std::int64_t of) {
  return of == 0 ? GroupedInteger(part)
                 : fmt::format("{} ({} %)", GroupedInteger(part),
                               ReadableNumber(100.0 * static_cast<double>(part) / static_cast<double>(of)));
}

std::string Numbers(const VerificationRecord& r) {
  if (r.pixels == 0) return {};
  std::string html = "<table>";
  if (r.of_windows > 1)
    html += Row("Windows predicted again",
                fmt::format("{} of {}", GroupedInteger(r.windows), GroupedInteger(r.of_windows)));
  if (r.verified_with_px > 0)
    html += Row("Context of the tiles, and of these windows",
                fmt::format("{} and {} px", r.context_px, r.verified_with_px));
  html += Row("Pixels compared", GroupedInteger(r.pixels));
  html += Row("Largest difference", ReadableNumber(r.largest));
  html += Row("Allowed", ReadableNumber(r.allowed));
  html += Row("Mean difference", ReadableNumber(r.mean));
  html += Row("Pixels that differ by more", Share(r.pixels_beyond, r.pixels));
  if (r.pixels_at_steps > 0)
    html += Row("Others that lie at a threshold or between two whole numbers", Share(r.pixels_at_steps, r.pixels));
  if (r.largest > 0)
    html += Row("The largest lies at y, x", fmt::format("{:.0f}, {:.0f}", std::floor(r.y), std::floor(r.x)));
  if (r.from_seam_px >= 0) html += Row("Its distance from the nearest seam", fmt::format("{} px", r.from_seam_px));
  return html + Row("Time", HumanSeconds(r.wall_s)) + "</table>\n";
}

Result<std::string> FigureOf(const TensorPlane& plane, ValueRange range, ColourScale scale) {
  TEGULA_ASSIGN_OR_RETURN(const std::string picture, PlaneHtml(plane, range, scale));
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", picture, EscapeHtml(plane.caption));
}

Result<std::string> FiguresOf(const VerificationRecord& record, const VerificationFigures& figures) {
  std::string html = "<div class=\"pictures\">";
  const double base = record.allowed > 0 ? record.allowed : 1;
  const double largest = std::isfinite(record.largest) ? std::max(record.largest, base) : base;
  for (const TensorPlane& plane : figures.maps) {
    TEGULA_ASSIGN_OR_RETURN(const std::string figure,
                            FigureOf(plane, {base / kShownBelow, largest}, ColourScale::kHeatByDecades));
    html += figure;
  }
  for (const TensorPlane& plane : figures.results) {
    TEGULA_ASSIGN_OR_RETURN(const std::string figure, FigureOf(plane, RangeOf(plane.yx), ColourScale::kGrey));
    html += figure;
  }
  return html + "</div>\n";
}

}  // namespace

Result<std::string> VerificationHtml(std::span<const VerificationRecord> records,
                                     std::span<const VerificationFigures> figures) {
  if (records.empty()) return std::string();
  std::string html = "<section><h2>Are tiles the whole?</h2>";
  for (std::size_t i = 0; i < records.size(); ++i) {
    const VerificationRecord& record = records[i];
    if (records.size() > 1) html += fmt::format("<h3>{}</h3>", EscapeHtml(record.output));
    html += fmt::format("<p>{}</p>", EscapeHtml(record.verdict)) + Numbers(record);
    if (i < figures.size() && (!figures[i].maps.empty() || !figures[i].results.empty())) {
      TEGULA_ASSIGN_OR_RETURN(const std::string shown, FiguresOf(record, figures[i]));
      html += shown;
    }
    html += DeviationSvg(record.seam_distances, record.by_seam_distance, record.allowed,
                         "pixels from the nearest seam between tiles; largest difference there");
  }
  return html + "</section>\n";
}

}  // namespace tegula::outputs
