#include "tegula/app/object_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/find_channel.h"
#include "tegula/core/text.h"
#include "tegula/objects/simplify/simplify_outline.h"

namespace tegula::app {
namespace {

using objects::SplitMethod;

constexpr Quantity kRadius{50, Quantity::Unit::kMicrometre}, kRadiusInPixels{100, Quantity::Unit::kPixel};
// QuPath's cell detection has the same.
constexpr Quantity kExpansion{5, Quantity::Unit::kMicrometre}, kExpansionInPixels{5, Quantity::Unit::kPixel};
// Of 0.25 to 3 pixels the one with which most nuclei of the Data Science Bowl's ground truths are found again when
// those that touch are joined and split.
constexpr double kDepthInPixels = 0.75;
constexpr double kDepthOfValues = 0.1;
constexpr double kThreshold = 0.5;
constexpr ObjectFileRow kFiles[] = {
    {ObjectFile::kGeoJson, "geojson", "objects.geojson", "geojson", "outlines and measurements, as QuPath reads them"},
    {ObjectFile::kCsv, "csv", "objects.csv", "csv", "a table of the measurements"},
    {ObjectFile::kLabels, "labels", "objects.ome.zarr", "ome-zarr", "an image of the objects' numbers as OME-Zarr"},
    {ObjectFile::kLabelsTiff, "labels-tiff", "objects.ome.tif", "ome-tiff", "the same as OME-TIFF"},
    {ObjectFile::kNuclei, "", "nuclei.ome.zarr", "ome-zarr", ""},
    {ObjectFile::kNucleiTiff, "", "nuclei.ome.tif", "ome-tiff", ""},
};

std::string ToText(const ObjectMeasures& measure) {
  return fmt::format("{}{}{} percentiles {} radius {}", measure.shape ? "shape " : "",
                     measure.intensity ? "intensity " : "", measure.neighbours ? "neighbours " : "",
                     fmt::join(measure.percentiles, ","),
                     measure.neighbour_radius ? ToText(*measure.neighbour_radius) : "default");
}

// A length in pixels of the map, where it has the same number of them along both axes, or nearly so.
Result<double> LengthInMapPixels(std::string_view what, const Quantity& length, const objects::MapFrame& frame) {
  TEGULA_ASSIGN_OR_RETURN(const double units, LengthInUnits(what, length, frame));
  return units / std::sqrt(frame.pixel_area());
}

// By channel.
Result<std::vector<double>> ThresholdsOf(const ObjectRequest& request, const std::vector<std::string>& channels) {
  double of_all = kThreshold;
  for (const ClassThreshold& threshold : request.thresholds)
    if (threshold.class_name.empty()) of_all = threshold.value;
  std::vector<double> thresholds(channels.size(), of_all);
  for (const ClassThreshold& threshold : request.thresholds) {
    if (threshold.class_name.empty()) continue;
    TEGULA_ASSIGN_OR_RETURN(const std::int32_t channel,
                            ChannelOf(threshold.class_name, channels).Context("--threshold"));
    thresholds[static_cast<std::size_t>(channel)] = threshold.value;
  }
  return thresholds;
}

std::vector<pipeline::ObjectPass> PassesOf(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                                           const std::vector<double>& thresholds, MapKind kind) {
  if (kind == MapKind::kClasses) return {{objects::ClassNumbers{static_cast<std::int64_t>(thresholds.size())}, labels}};
  const bool is_given = !request.thresholds.empty();
  if (thresholds.size() > 1 && !is_given) return {{objects::Argmax{}, labels}};
  if (thresholds.size() > 1 && !request.overlaps) return {{objects::Argmax{thresholds}, labels}};
  std::vector<pipeline::ObjectPass> passes;
  for (const std::int32_t label : labels)
    passes.push_back({objects::Threshold{label, thresholds[static_cast<std::size_t>(label)]}, {}, label});
  return passes;
}

Status SetSplit(const ObjectRequest& request, const std::vector<std::string>& channels,
                const std::vector<double>& thresholds, const objects::MapFrame& frame,
                pipeline::ObjectsOptions& options) {
  options.split.method = request.split.method;
  options.split.connectivity = request.connectivity;
  if (request.split.method == SplitMethod::kSeeds) {
    TEGULA_ASSIGN_OR_RETURN(const std::int32_t channel, ChannelOf(request.split.channel, channels).Context("--split"));
    options.split_channel = channel;
    options.split.seed_threshold = thresholds[static_cast<std::size_t>(channel)];
    if (!request.split.depth.empty())
      return InvalidError("--split-depth is for tops; seeds of a channel are where it reaches its --threshold");
  } else if (request.split.method == SplitMethod::kValues) {
    options.split.depth = kDepthOfValues;
    if (request.split.depth.empty()) return Ok();
    const std::optional<double> depth = ParseDouble(request.split.depth);
    if (!depth || !(*depth > 0))
      return InvalidError(fmt::format(
          "--split-depth {} is no difference of the channel's values: write a positive number", request.split.depth));
    options.split.depth = *depth;
  } else if (request.split.method == SplitMethod::kDistance) {
    options.split.depth = kDepthInPixels;
    if (request.split.depth.empty()) return Ok();
    TEGULA_ASSIGN_OR_RETURN(const Quantity depth, Quantity::ParseLength("--split-depth", request.split.depth));
    TEGULA_ASSIGN_OR_RETURN(options.split.depth, LengthInMapPixels("--split-depth", depth, frame));
    if (!(options.split.depth > 0))
      return InvalidError("--split-depth 0 would split everywhere: use a positive length");
  } else if (!request.split.depth.empty()) {
    return InvalidError("--split-depth says how deep a pass must be to split objects: say by what with --split");
  }
  return Ok();
}

}  // namespace

Status ObjectMeasures::Add(const std::string& group) {
  const std::optional<objects::MeasureGroup> known = objects::MeasureGroupFromName(group);
  if (!known && group != "all")
    return InvalidError(fmt::format("--measure {} is not known: there are {} and all", group,
                                    fmt::join(objects::MeasureGroupNames(), ", ")));
  shape = shape || !known || *known == objects::MeasureGroup::kShape;
  intensity = intensity || !known || *known == objects::MeasureGroup::kIntensity;
  neighbours = neighbours || !known || *known == objects::MeasureGroup::kNeighbours;
  return Ok();
}

Result<std::vector<ClassThreshold>> ClassThreshold::Parse(const std::string& text) {
  std::vector<ClassThreshold> thresholds;
  for (const std::string& part : Split(text, ',')) {
    const std::size_t equals = part.rfind('=');
    const std::string_view word = part;
    const std::optional<double> value = ParseDouble(Trim(equals == std::string::npos ? word : word.substr(equals + 1)));
    if (!value || std::isnan(*value))
      return InvalidError(fmt::format(
          "--threshold {} is no threshold: write a number, or one per class as nucleus=0.5,other=0.3", text));
    thresholds.push_back({equals == std::string::npos ? "" : std::string(Trim(word.substr(0, equals))), *value});
    for (std::size_t i = 0; i + 1 < thresholds.size(); ++i)
      if (thresholds[i].class_name == thresholds.back().class_name)
        return InvalidError(fmt::format("--threshold {} says two thresholds for one class; leave one", text));
  }
  return thresholds;
}

Result<SplitRequest> SplitRequest::Parse(const std::string& text) {
  constexpr std::string_view kSeedsOf = "seeds=";
  SplitRequest request;
  if (text == "distance") {
    request.method = SplitMethod::kDistance;
  } else if (text == "seeds") {
    request.method = SplitMethod::kValues;
  } else if (text.starts_with(kSeedsOf) && text.size() > kSeedsOf.size()) {
    request.method = SplitMethod::kSeeds;
    request.channel = text.substr(kSeedsOf.size());
  } else {
    return InvalidError(fmt::format("--split {} is not known: there are distance, seeds and seeds=CHANNEL", text));
  }
  return request;
}

std::span<const ObjectFileRow> ObjectFiles() noexcept { return kFiles; }

const char* NameOf(ObjectFile file) noexcept { return kFiles[static_cast<std::size_t>(file)].name; }
const char* FormatOf(ObjectFile file) noexcept { return kFiles[static_cast<std::size_t>(file)].format; }

Result<std::vector<ObjectFile>> ObjectFilesOf(const std::vector<std::string>& words) {
  std::vector<ObjectFile> files;
  std::vector<std::string_view> known;
  for (const ObjectFileRow& row : kFiles) {
    if (row.word.empty()) continue;
    known.push_back(row.word);
    if (std::ranges::find(words, row.word) != words.end()) files.push_back(row.file);
  }
  for (const std::string& word : words)
    if (std::ranges::find(known, word) == known.end())
      return InvalidError(fmt::format("--object-files {} is not known: there are {}", word, fmt::join(known, ", ")));
  if (files.empty())
    return InvalidError("--object-files names no file: there are " + fmt::format("{}", fmt::join(known, ", ")));
  return files;
}

std::vector<ObjectFile> FilesOf(const ObjectRequest& request) {
  std::vector<ObjectFile> files = request.files;
  for (const ObjectFile file : request.files) {
    if (MakesCells(request) && file == ObjectFile::kLabels) files.push_back(ObjectFile::kNuclei);
    if (MakesCells(request) && file == ObjectFile::kLabelsTiff) files.push_back(ObjectFile::kNucleiTiff);
  }
  return files;
}

std::string ToText(const ObjectRequest& request) {
  std::vector<std::string> thresholds, files;
  for (const ObjectFile file : request.files) files.emplace_back(kFiles[static_cast<std::size_t>(file)].word);
  for (const ClassThreshold& threshold : request.thresholds)
    thresholds.push_back(fmt::format("{}={}", threshold.class_name, threshold.value));
  return fmt::format(
      "thresholds {}{}; {}-connected; smooth {}; split {} {} {}; fill holes {}; min area {}{}; measured {}; {}; "
      "simplify {}; {}",
      fmt::join(thresholds, ","), request.overlaps ? "" : ", the largest counts",
      request.connectivity == objects::Connectivity::kEdges ? 4 : 8, ToText(request.smooth),
      static_cast<int>(request.split.method), request.split.channel, request.split.depth, ToText(request.fill_holes),
      ToText(request.min_area), request.drops_border ? ", none at the edge" : "", ToText(request.measure),
      request.object_type + (request.cell_expansion ? " +" + ToText(*request.cell_expansion) : ""),
      ToText(request.simplify), fmt::join(files, ","));
}

Status CheckKind(const ObjectRequest& request, MapKind kind) {
  struct Row {
    bool is_asked;
    std::string_view option;
    bool is_for_classes = false;
  };
  const bool splits = request.split.method != SplitMethod::kNone || !request.split.depth.empty();
  const Row rows[] = {{!request.thresholds.empty(), "--threshold"},
                      {!request.overlaps, "--overlaps"},
                      {request.smooth.value > 0, "--smooth"},
                      {splits && request.split.method != SplitMethod::kDistance, "--split seeds"},
                      {splits, "--split", true},
                      {request.connectivity != objects::Connectivity::kEdges, "--connectivity", true},
                      {request.fill_holes.value > 0, "--fill-holes", true},
                      {request.simplify.value > 0, "--simplify", true}};
  if (kind == MapKind::kValues) return Ok();
  for (const Row& row : rows) {
    if (!row.is_asked || (kind == MapKind::kClasses && row.is_for_classes)) continue;
    if (kind == MapKind::kClasses)
      return InvalidError(fmt::format(
          "{} is for channels of probabilities, and this prediction holds only the class of each pixel; predict it "
          "without --values argmax",
          row.option));
    return InvalidError(fmt::format(
        "{} is for channels of probabilities; the objects of this output are made and numbered already", row.option));
  }
  if (kind == MapKind::kClasses || MakesCells(request)) return Ok();
  for (const ObjectFile file : request.files)
    if (file == ObjectFile::kLabels || file == ObjectFile::kLabelsTiff)
      return InvalidError(
          fmt::format("--object-files {} is not made of objects that are numbered already: the "
                      "prediction itself is the image of their numbers",
                      kFiles[static_cast<std::size_t>(file)].word));
  return Ok();
}

Result<std::int32_t> ChannelOf(const std::string& wanted, const std::vector<std::string>& channels) {
  const std::optional<std::size_t> found = FindChannel(wanted, channels);
  if (!found)
    return InvalidError(
        fmt::format("there is no channel {} to make objects of; there are {}", wanted, fmt::join(channels, ", ")));
  return static_cast<std::int32_t>(*found);
}

Result<std::vector<std::int32_t>> LabelsOf(const std::vector<std::string>& classes,
                                           const std::vector<std::string>& channels) {
  const bool all_ignored = std::ranges::all_of(channels, [](const std::string& name) { return name.ends_with('*'); });
  std::vector<std::int32_t> labels;
  for (const std::string& wanted : classes) {
    if (wanted == "all") {
      for (std::size_t i = 0; i < channels.size(); ++i)
        if (all_ignored || !channels[i].ends_with('*')) labels.push_back(static_cast<std::int32_t>(i));
      continue;
    }
    TEGULA_ASSIGN_OR_RETURN(const std::int32_t label, ChannelOf(wanted, channels));
    labels.push_back(label);
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

Quantity CellExpansionLength(const ObjectRequest& request, const objects::MapFrame& frame) noexcept {
  return request.cell_expansion.value_or(frame.in_um() ? kExpansion : kExpansionInPixels);
}

Result<objects::Expansion> CellExpansionOf(const ObjectRequest& request, const objects::MapFrame& frame) {
  constexpr std::string_view kOption = "--cell-expansion";
  const Quantity length = CellExpansionLength(request, frame);
  if (length.is_zero())
    return InvalidError("--cell-expansion 0 leaves nuclei as they are: make them --object-type detection");
  TEGULA_ASSIGN_OR_RETURN(const double distance, LengthInUnits(kOption, length, frame));
  const double least = std::min(frame.step_y(), frame.step_x()),
               most = least * static_cast<double>(objects::Expansion::kLargestReach);
  if (distance < least || distance > most)
    return InvalidError(fmt::format("{} {} is {:.3g} pixels of the map: cells can reach 1 to {} beyond their nuclei",
                                    kOption, ToText(length), distance / least, objects::Expansion::kLargestReach));
  return objects::Expansion(distance, frame.step_y(), frame.step_x());
}

Status CheckCells(const ObjectRequest& request, std::size_t classes, MapKind kind, const objects::MapFrame& frame) {
  if (!MakesCells(request))
    return request.cell_expansion ? InvalidError("--cell-expansion is for cells: add --object-type cell") : Ok();
  TEGULA_TRY(CellExpansionOf(request, frame));
  if (classes < 2 || kind == MapKind::kNumbers) return Ok();
  if (kind == MapKind::kValues && request.overlaps && !request.thresholds.empty())
    return InvalidError(
        "cells never overlap, and with --threshold nuclei of several classes may: add --overlaps never, or name one "
        "class with --objects");
  if (!request.fill_holes.is_zero())
    return InvalidError(
        "cells never overlap, and with --fill-holes nuclei may lie within those of another class: leave it out, or "
        "name one class with --objects");
  return Ok();
}

Result<double> ToleranceOf(const ObjectRequest& request, const objects::MapFrame& frame) {
  if (request.simplify.is_zero()) return 0;
  TEGULA_ASSIGN_OR_RETURN(const double tolerance, LengthInMapPixels("--simplify", request.simplify, frame));
  if (tolerance < objects::kLeastTolerance || tolerance > objects::kLargestTolerance)
    return InvalidError(
        fmt::format("--simplify {} is {:.3g} pixels of the map: below {} no corner can go, and above {} outlines would "
                    "lose pixels",
                    ToText(request.simplify), tolerance, objects::kLeastTolerance, objects::kLargestTolerance));
  return tolerance;
}

Result<objects::MeasureOptions> MeasureOptionsOf(const ObjectMeasures& request, const objects::MapFrame& frame) {
  objects::MeasureOptions options{.shape = request.shape,
                                  .intensity = request.intensity,
                                  .neighbours = request.neighbours,
                                  .percentiles = request.percentiles};
  const Quantity radius = request.neighbour_radius.value_or(frame.in_um() ? kRadius : kRadiusInPixels);
  TEGULA_ASSIGN_OR_RETURN(options.neighbour_radius, LengthInUnits("--neighbour-radius", radius, frame));
  return options;
}

Result<pipeline::ObjectsOptions> ObjectsOptionsOf(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                                                  const std::vector<std::string>& channels,
                                                  const objects::MapFrame& frame, MapKind kind) {
  if (!request.overlaps && request.thresholds.empty())
    return InvalidError("--overlaps never is for thresholds: without --threshold the largest channel wins anyway");
  TEGULA_ASSIGN_OR_RETURN(const std::vector<double> thresholds, ThresholdsOf(request, channels));
  pipeline::ObjectsOptions options;
  options.passes = PassesOf(request, labels, thresholds, kind);
  options.connectivity = request.connectivity;
  TEGULA_ASSIGN_OR_RETURN(const double sigma, LengthInUnits("--smooth", request.smooth, frame));
  options.smooth_y = sigma / frame.step_y();
  options.smooth_x = sigma / frame.step_x();
  TEGULA_TRY(SetSplit(request, channels, thresholds, frame, options));
  TEGULA_ASSIGN_OR_RETURN(const double holes, AreaInMapPixels("--fill-holes", request.fill_holes, frame));
  TEGULA_ASSIGN_OR_RETURN(const double area, AreaInMapPixels("--min-area", request.min_area, frame));
  options.filter.fill_holes_below_px = static_cast<std::int64_t>(std::ceil(holes));
  options.filter.min_area_px = static_cast<std::int64_t>(std::ceil(area));
  options.drops_border = request.drops_border;
  return options;
}

}  // namespace tegula::app
