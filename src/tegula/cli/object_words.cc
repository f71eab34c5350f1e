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
      "objects are where the channel is at least this; default: 0.5 for one channel, the largest channel for several");
  add("--min-area", min_area,
      "leave out smaller objects: 20um2 or 50px (of the full resolution); a bare number is in µm², or in pixels where "
      "the pixel size is unknown");
  add("--measure", measure,
      "what to measure beside area, place and means of the map: shape, intensity, neighbours or all; "
      "docs/objects.md explains each")
      ->allow_extra_args(false);
  add("--percentiles", percentiles, "of intensities, beside the median, separated by commas; default: 5,95");
  add("--neighbour-radius", radius, "within which neighbours are counted; default: 50um, or 100px");
  add("--object-type", object_type, "what QuPath makes of them")
      ->check(CLI::IsMember({"detection", "annotation", "cell"}))
      ->capture_default_str();
}

Result<app::ObjectRequest> ObjectWords::Request(const CLI::App& command) const {
  app::ObjectRequest request;
  request.classes = Names(objects);
  if (command.count("--threshold") > 0) request.threshold = threshold;
  if (!min_area.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.min_area, app::Quantity::ParseArea("--min-area", min_area));
  }
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
  request.object_type = object_type;
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
