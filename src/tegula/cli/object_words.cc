#include "tegula/cli/object_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/cli/commands.h"
#include "tegula/cli/image_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

constexpr const char* kGroup = "objects";

}  // namespace

void ObjectWords::AddTo(CLI::App& command) {
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(kGroup);
  };
  add("--objects", objects,
      "make objects of these channels of the map, by name or index, separated by commas; all: every channel");
  add("--threshold", threshold,
      "objects are where the channel is at least this: 0.5 for all, or nucleus=0.5,other=0.3; default: 0.5 for one "
      "channel, the largest channel for several");
  add("--overlaps", overlaps,
      "with --threshold: keep, objects of several classes may overlap; or never, of those that reach their thresholds "
      "only the largest counts")
      ->check(CLI::IsMember({"keep", "never"}))
      ->capture_default_str();
  add("--connectivity", connectivity, "4: pixels of an object share edges; 8: or corners")
      ->check(CLI::IsMember({4, 8}))
      ->capture_default_str();
  add("--smooth", smooth,
      "smooth the map before objects are made: the standard deviation of a Gaussian, such as 0.5um or 1px");
  add("--split", split,
      "take touching objects apart: distance (at necks of their outlines), seeds (between tops of their channel), or "
      "seeds=CHANNEL (between regions of another channel, such as one of centres)");
  add("--split-depth", split_depth,
      "how much narrower than both objects a neck is at least (a length; default: 0.75 pixels of the map), or how much "
      "lower than both tops a pass is (default: 0.1)");
  add("--fill-holes", fill_holes, "fill smaller holes: an area as for --min-area");
  add("--min-area", min_area,
      "leave out smaller objects: 20um2 or 50px (of the full resolution); a bare number is in µm², or in pixels where "
      "the pixel size is unknown");
  add("--border-objects", border, "what to do with objects that the image's edge cuts: keep or drop")
      ->check(CLI::IsMember({"keep", "drop"}))
      ->capture_default_str();
  add("--simplify", simplify,
      "outlines with fewer corners that lie within this length of the exact ones and keep their pixels: 0.36 to 0.49 "
      "pixels of the map; default: exact outlines");
  add("--measure", measure,
      "what to measure beside area, place and means of the map: shape, intensity, neighbours or all; "
      "docs/objects.md explains each")
      ->allow_extra_args(false);
  add("--percentiles", percentiles, "of intensities, beside the median, separated by commas; default: 5,95");
  add("--neighbour-radius", radius, "within which neighbours are counted; default: 50um, or 100px");
  add("--object-type", object_type,
      "what QuPath makes of them; cell: what is found are nuclei, around which cells are grown that never overlap")
      ->check(CLI::IsMember({"detection", "annotation", "cell"}))
      ->capture_default_str();
  add("--cell-expansion", cell_expansion,
      "with --object-type cell: how far cells reach beyond their nuclei: 5um or 20px (of the full resolution); "
      "default: "
      "5um as in QuPath, or 5px where the pixel size is unknown");
  std::string kinds;
  for (const app::ObjectFileRow& row : app::ObjectFiles())
    if (!row.word.empty()) kinds += fmt::format("{}{}: {}", kinds.empty() ? "" : "; ", row.word, row.description);
  command.add_option("--object-files", files, "what is written of them, separated by commas; " + kinds)
      ->group(kGroup)
      ->capture_default_str();
}

Result<app::ObjectRequest> ObjectWords::Request(const CLI::App& command) const {
  app::ObjectRequest request;
  request.classes = Names(objects);
  if (!threshold.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.thresholds, app::ClassThreshold::Parse(threshold));
  }
  request.overlaps = overlaps == "keep";
  request.connectivity = connectivity == 8 ? objects::Connectivity::kCorners : objects::Connectivity::kEdges;
  if (!smooth.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.smooth, app::Quantity::ParseLength("--smooth", smooth));
  }
  if (!split.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.split, app::SplitRequest::Parse(split));
  }
  request.split.depth = split_depth;
  if (!fill_holes.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.fill_holes, app::Quantity::ParseArea("--fill-holes", fill_holes));
  }
  if (!min_area.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.min_area, app::Quantity::ParseArea("--min-area", min_area));
  }
  request.drops_border = border == "drop";
  for (const std::string& list : measure)
    for (const std::string& group : Names(list)) TEGULA_TRY(request.measure.Add(group));
  if (command.count("--percentiles") > 0) request.measure.percentiles.clear();
  for (const std::string& word : Names(percentiles)) {
    const std::optional<double> percentile = ParseDouble(word);
    if (!percentile) return InvalidError(fmt::format("--percentiles {} is no number from 0 to 100", word));
    request.measure.percentiles.push_back(*percentile);
  }
  if (!radius.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.measure.neighbour_radius, app::Quantity::ParseLength("--neighbour-radius", radius));
  }
  if (!simplify.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.simplify, app::Quantity::ParseLength("--simplify", simplify));
  }
  TEGULA_ASSIGN_OR_RETURN(request.files, app::ObjectFilesOf(Names(files)));
  request.object_type = object_type;
  if (!cell_expansion.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.cell_expansion, app::Quantity::ParseLength("--cell-expansion", cell_expansion));
  }
  return request;
}

std::string MeasurementsText() {
  std::vector<std::vector<std::string>> rows = {{"--measure", "name", "unit", "meaning", "as"}};
  for (const objects::Measurement& what : objects::Measurements())
    rows.push_back({std::string(objects::MeasureGroupName(what.group)),
                    (what.of_channel != nullptr ? "CHANNEL: " : "") + std::string(what.name),
                    std::string(objects::UnitText(what.unit, true)), std::string(what.meaning),
                    std::string(what.same_as)});
  return Table(rows);
}

}  // namespace tegula::cli
