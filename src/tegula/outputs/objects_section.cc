#include "tegula/outputs/objects_section.h"

#include <fmt/format.h>

#include "tegula/core/text.h"
#include "tegula/outputs/charts.h"
#include "tegula/outputs/heat.h"
#include "tegula/outputs/html.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/png.h"

namespace tegula::outputs {
namespace {

// The area of a class, or of one of its objects if divided by their number.
std::string AreaText(const ObjectsRecord& objects, double divisor) {
  if (objects.area_um2 <= 0) return ReadableNumber(objects.area_px / divisor) + " px";
  const double area_um2 = objects.area_um2 / divisor;
  return area_um2 < 1e5 ? ReadableNumber(area_um2) + " µm²" : ReadableNumber(area_um2 / 1e6) + " mm²";
}

std::string Table(const std::vector<ObjectsRecord>& records, double area_mm2, std::string_view of) {
  std::string html = "<table><tr><th>Class</th><th class=\"number\">Count</th>";
  if (area_mm2 > 0)
    html += fmt::format("<th class=\"number\">Per mm² of the {0}</th><th class=\"number\">Share of the {0}</th>", of);
  html += "<th class=\"number\">Area of all</th><th class=\"number\">Mean area</th></tr>";
  for (const ObjectsRecord& objects : records) {
    const Rgb colour = ColourFromText(objects.colour).value_or(PaletteColour(objects.channel));
    const auto count = static_cast<double>(objects.count);
    html += fmt::format(
        "<tr><td><span class=\"swatch\" style=\"background:{}\"></span>{}</td><td "
        "class=\"number\">{}</td>",
        TextOf(colour), EscapeHtml(objects.class_name), GroupedInteger(objects.count));
    if (area_mm2 > 0)
      html += fmt::format("<td class=\"number\">{}</td><td class=\"number\">{} %</td>",
                          ReadableNumber(count / area_mm2), ReadableNumber(1e-4 * objects.area_um2 / area_mm2));
    html += fmt::format("<td class=\"number\">{}</td><td class=\"number\">{}</td></tr>", AreaText(objects, 1),
                        objects.count > 0 ? AreaText(objects, count) : "–");
  }
  return html + "</table>\n";
}

// "Area µm^2" as people write it.
std::string Readable(std::string name) {
  if (name.ends_with("^2")) name.replace(name.size() - 2, 2, "²");
  return name;
}

std::string Histograms(const std::vector<MeasuredValues>& measured) {
  std::string html;
  std::int64_t above = 0;
  for (const MeasuredValues& one : measured) {
    const Histogram histogram = HistogramOf(one.values);
    above += histogram.above;
    html += HistogramSvg(histogram, Readable(one.name));
  }
  if (html.empty()) return {};
  html = "<div class=\"charts\">" + html + "</div>\n";
  if (above > 0)
    html += "<p class=\"small\">A last, paler bar also holds the objects whose values lie beyond the axis.</p>\n";
  return html;
}

Result<std::string> Density(const DensityPicture& density) {
  TEGULA_ASSIGN_OR_RETURN(const std::string png, EncodePng(density.pixels_yxc.view()).Context("density"));
  std::vector<std::string> stops;
  for (const Rgb& stop : kDensityStops) stops.push_back(fmt::format("#{:02x}{:02x}{:02x}", stop.r, stop.g, stop.b));
  return fmt::format(
      "<h3>Where they are</h3><figure class=\"density\"><img src=\"{}\" alt=\"Density of objects\"><div "
      "class=\"scale\">"
      "<span>0</span><i style=\"background:linear-gradient(to right,{})\"></i><span>{} {}</span></div></figure>\n",
      PngDataUri(png), Join(stops, ","), ReadableNumber(density.highest), EscapeHtml(density.unit));
}

Result<std::string> Gallery(const std::vector<ObjectPicture>& gallery) {
  if (gallery.empty()) return std::string();
  std::string html = "<h3>Some of them, drawn by lot</h3><div class=\"gallery\">";
  for (const ObjectPicture& picture : gallery) {
    const std::string caption = EscapeHtml(picture.caption);
    TEGULA_ASSIGN_OR_RETURN(const std::string png, EncodePng(picture.pixels_yxc.view()).Context(picture.caption));
    html += fmt::format("<figure><img src=\"{}\" alt=\"{}\"><figcaption>{}</figcaption></figure>\n", PngDataUri(png),
                        caption, caption);
  }
  return html + "</div>\n";
}

}  // namespace

Result<std::string> ObjectsHtml(const std::vector<ObjectsRecord>& records, const ObjectFigures& figures,
                                double area_mm2, std::string_view of) {
  if (records.empty()) return std::string();
  std::string html = "<section><h2>Objects</h2>" + Table(records, area_mm2, of) + Histograms(figures.measured);
  if (figures.density) {
    TEGULA_ASSIGN_OR_RETURN(const std::string density, Density(*figures.density));
    html += density;
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string gallery, Gallery(figures.gallery));
  html += gallery;
  if (!figures.seams.empty()) html += fmt::format("<p class=\"small\">{}</p>\n", EscapeHtml(figures.seams));
  return html + "</section>\n";
}

}  // namespace tegula::outputs
