#include "tegula/objects/measure/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

namespace tegula::objects {
namespace {

using Group = MeasureGroup;
using Unit = MeasureUnit;

constexpr std::string_view kGroups[] = {"basic", "shape", "intensity", "neighbours"};  // by MeasureGroup

double Length(std::int64_t pixels, double step) { return static_cast<double>(pixels) * step; }

double Circularity(const RegionShape& s) {
  return s.crofton > 0 ? 4 * std::numbers::pi * s.area / (s.crofton * s.crofton) : 0;
}

// Where names and definitions of scikit-image and QuPath differ, scikit-image's definition holds under QuPath's name.
constexpr Measurement kMeasurements[] = {
    {"Area", Unit::kArea, Group::kBasic, "pixels within the outline times the area of a pixel",
     "scikit-image area; QuPath Area",
     [](const ObjectFacts& f) { return static_cast<double>(f.region.area_px) * f.frame.pixel_area(); }},
    {"Centroid X", Unit::kLength, Group::kBasic, "mean position of the pixels, from the slide's left edge",
     "scikit-image centroid + 0.5; QuPath Centroid X",
     [](const ObjectFacts& f) {
       return (f.frame.origin_x + f.frame.scale_x * f.region.centroid_x) * f.frame.unit_x();
     }},
    {"Centroid Y", Unit::kLength, Group::kBasic, "the same from the upper edge",
     "scikit-image centroid + 0.5; QuPath Centroid Y",
     [](const ObjectFacts& f) {
       return (f.frame.origin_y + f.frame.scale_y * f.region.centroid_y) * f.frame.unit_y();
     }},
    {"Box X", Unit::kLength, Group::kBasic, "left edge of the smallest box", "scikit-image bbox",
     [](const ObjectFacts& f) {
       return (f.frame.origin_x + f.frame.scale_x * static_cast<double>(f.region.bounds.x.begin)) * f.frame.unit_x();
     }},
    {"Box Y", Unit::kLength, Group::kBasic, "upper edge of the smallest box", "scikit-image bbox",
     [](const ObjectFacts& f) {
       return (f.frame.origin_y + f.frame.scale_y * static_cast<double>(f.region.bounds.y.begin)) * f.frame.unit_y();
     }},
    {"Box width", Unit::kLength, Group::kBasic, "width of the smallest box", "scikit-image bbox",
     [](const ObjectFacts& f) { return Length(f.region.bounds.width(), f.frame.step_x()); }},
    {"Box height", Unit::kLength, Group::kBasic, "height of the smallest box", "scikit-image bbox",
     [](const ObjectFacts& f) { return Length(f.region.bounds.height(), f.frame.step_y()); }},
    {"Class probability", Unit::kNone, Group::kBasic, "mean of the channel that made the object",
     "scikit-image intensity_mean of that channel",
     [](const ObjectFacts& f) { return f.own != nullptr ? f.own->mean : std::nan(""); }},
    {"Label", Unit::kNone, Group::kBasic, "number that the model gave the object", "scikit-image label",
     [](const ObjectFacts& f) { return static_cast<double>(f.region.number); }},
    {"Detection probability", Unit::kNone, Group::kBasic, "score that StarDist gave the object",
     "QuPath StarDist Detection probability", [](const ObjectFacts& f) { return static_cast<double>(f.region.score); }},
    {"Length", Unit::kLength, Group::kShape, "of the outline along pixel edges, holes included", "QuPath Length",
     [](const ObjectFacts& f) { return f.shape.length; }},
    {"Perimeter", Unit::kLength, Group::kShape, "estimated from border pixels and their neighbours",
     "scikit-image perimeter", [](const ObjectFacts& f) { return f.shape.perimeter; }},
    {"Perimeter (Crofton)", Unit::kLength, Group::kShape, "estimated by Crofton's formula in four directions",
     "scikit-image perimeter_crofton", [](const ObjectFacts& f) { return f.shape.crofton; }},
    {"Equivalent diameter", Unit::kLength, Group::kShape, "of the disc with the same area",
     "scikit-image equivalent_diameter_area",
     [](const ObjectFacts& f) { return std::sqrt(4 * f.shape.area / std::numbers::pi); }},
    {"Major axis", Unit::kLength, Group::kShape, "of the ellipse with the same second moments",
     "scikit-image axis_major_length", [](const ObjectFacts& f) { return f.shape.major_axis; }},
    {"Minor axis", Unit::kLength, Group::kShape, "of the ellipse with the same second moments",
     "scikit-image axis_minor_length", [](const ObjectFacts& f) { return f.shape.minor_axis; }},
    {"Orientation", Unit::kRadian, Group::kShape,
     "from the vertical to the major axis, counter-clockwise, -pi/2 to pi/2", "scikit-image orientation",
     [](const ObjectFacts& f) { return f.shape.orientation; }},
    {"Eccentricity", Unit::kNone, Group::kShape, "of that ellipse: 0 for a disc, near 1 for a line",
     "scikit-image eccentricity", [](const ObjectFacts& f) { return f.shape.eccentricity; }},
    {"Circularity", Unit::kNone, Group::kShape,
     "4 pi area / perimeter^2 with the Crofton perimeter: about 1 for a disc",
     "QuPath Circularity, of another perimeter", [](const ObjectFacts& f) { return Circularity(f.shape); }},
    {"Convex area", Unit::kArea, Group::kShape, "pixels within the convex hull of the pixels' edge middles",
     "scikit-image area_convex", [](const ObjectFacts& f) { return f.shape.convex_area; }},
    {"Solidity", Unit::kNone, Group::kShape, "area / convex area",
     "scikit-image solidity; QuPath Solidity, of the outline's hull",
     [](const ObjectFacts& f) { return f.shape.area / f.shape.convex_area; }},
    {"Max diameter", Unit::kLength, Group::kShape, "largest distance of two points of the convex hull's edge",
     "scikit-image feret_diameter_max", [](const ObjectFacts& f) { return f.shape.max_diameter; }},
    {"Min diameter", Unit::kLength, Group::kShape, "least distance of two parallel lines around the outline",
     "QuPath Min diameter", [](const ObjectFacts& f) { return f.shape.min_diameter; }},
    {"Holes", Unit::kNone, Group::kShape, "number of holes in the outline", "",
     [](const ObjectFacts& f) { return static_cast<double>(f.shape.holes); }},
    {"Hole area", Unit::kArea, Group::kShape, "of all holes together", "",
     [](const ObjectFacts& f) { return f.shape.hole_area; }},
    {"Mean", Unit::kNone, Group::kBasic, "of the channel over the object's pixels",
     "scikit-image intensity_mean; QuPath Mean", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.mean; }},
    {"Std.Dev.", Unit::kNone, Group::kIntensity, "standard deviation (of the population)",
     "scikit-image intensity_std; QuPath Std.Dev., of the sample", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.deviation; }},
    {"Min", Unit::kNone, Group::kIntensity, "smallest value", "scikit-image intensity_min; QuPath Min", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.min; }},
    {"Max", Unit::kNone, Group::kIntensity, "largest value", "scikit-image intensity_max; QuPath Max", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.max; }},
    {"Sum", Unit::kNone, Group::kIntensity, "of all values", "", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.sum; }},
    {"Median", Unit::kNone, Group::kIntensity, "the middle value, or the mean of the two",
     "scikit-image intensity_median; QuPath Median", nullptr,
     [](const ChannelStatistics& s, std::size_t) { return s.percentiles.front(); }},
    {"Percentile {}", Unit::kNone, Group::kIntensity, "--percentiles: as numpy.percentile, linear", "", nullptr,
     [](const ChannelStatistics& s, std::size_t percentile) { return s.percentiles[percentile]; }},
    {"Nearest neighbour distance", Unit::kLength, Group::kNeighbours, "to the nearest other object's centroid", "",
     nullptr, nullptr, [](const NeighbourFacts& f) { return f.nearest; }},
    {"Neighbours within {}", Unit::kNone, Group::kNeighbours,
     "--neighbour-radius: other objects whose centroids are as near", "", nullptr, nullptr,
     [](const NeighbourFacts& f) { return static_cast<double>(f.within); }},
};

// What tells of an object as one and not of what it is like: of a cell there is one.
bool IsOfWhole(const Measurement& what) {
  return what.of_neighbours != nullptr || what.name == "Class probability" || what.name == "Label" ||
         what.name == "Detection probability";
}

bool IsPercentile(const Measurement& what) { return what.name == "Percentile {}"; }

// The median is one of them, and the first.
Status CheckPercentiles(const std::vector<double>& percentiles) {
  std::set<double> seen;
  for (const double p : percentiles) {
    if (!(p >= 0 && p <= 100)) return InvalidError(fmt::format("{} is no percentile: use 0 to 100", p));
    if (!seen.insert(p).second) return InvalidError(fmt::format("percentile {} is asked for twice", p));
  }
  return Ok();
}

std::vector<std::string> DistinctNames(const MeasuredChannels& channels) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  const auto add = [&](const std::string& name) {
    std::string free = name;
    for (int n = 2; !taken.insert(free).second; ++n) free = fmt::format("{} {}", name, n);
    names.push_back(std::move(free));
  };
  for (const std::string& name : channels.map) add(name);
  for (const std::string& name : channels.image) add(taken.contains(name) ? name + " (image)" : name);
  return names;
}

}  // namespace

std::string_view MeasureGroupName(MeasureGroup group) { return kGroups[static_cast<std::size_t>(group)]; }

std::optional<MeasureGroup> MeasureGroupFromName(std::string_view name) {
  const auto* const found = std::ranges::find(kGroups, name);
  return found != std::end(kGroups) ? std::optional(static_cast<MeasureGroup>(found - kGroups)) : std::nullopt;
}

std::vector<std::string_view> MeasureGroupNames() { return {std::begin(kGroups), std::end(kGroups)}; }

std::span<const Measurement> Measurements() { return kMeasurements; }

std::string_view UnitText(MeasureUnit unit, bool in_um) {
  switch (unit) {
    case MeasureUnit::kNone: break;
    case MeasureUnit::kLength: return in_um ? "µm" : "px";
    case MeasureUnit::kArea: return in_um ? "µm^2" : "px^2";
    case MeasureUnit::kRadian: return "rad";
  }
  return "";
}

Result<MeasurementPlan> MeasurementPlan::Create(const MeasureOptions& options, const MeasuredChannels& channels,
                                                const MapFrame& frame) {
  TEGULA_TRY(CheckPercentiles(options.percentiles));
  if (options.neighbours && !(options.neighbour_radius > 0 && std::isfinite(options.neighbour_radius)))
    return InvalidError(
        fmt::format("neighbours within {} cannot be counted: use a positive radius", options.neighbour_radius));
  MeasurementPlan plan;
  plan.options_ = options;
  plan.frame_ = frame;
  plan.labels_are_channels_ = channels.labels_are_channels;
  plan.map_channels_ = channels.measures_map ? channels.map.size() : 0;
  plan.image_channels_ = options.intensity ? channels.image.size() : 0;
  if (options.intensity) {
    plan.percentiles_ = {50};
    for (const double p : options.percentiles) plan.percentiles_.push_back(p);
  }
  const auto is_wanted = [&](MeasureGroup group) {
    return group == Group::kBasic || (group == Group::kShape && options.shape) ||
           (group == Group::kIntensity && options.intensity) || (group == Group::kNeighbours && options.neighbours);
  };
  const auto add_all = [&](auto function, const std::string& channel, std::size_t number) {
    for (const Measurement& what : kMeasurements) {
      if (what.*function == nullptr || !is_wanted(what.group)) continue;
      if (what.name == "Class probability" && !channels.labels_are_channels) continue;
      if (what.name == "Label" && !channels.has_numbers) continue;
      if (what.name == "Detection probability" && !channels.has_scores) continue;
      if (!IsPercentile(what)) {
        plan.columns_.push_back(
            {&what,
             fmt::format(fmt::runtime(what.name),
                         fmt::format("{} {}", options.neighbour_radius, UnitText(Unit::kLength, frame.in_um()))),
             channel, number});
        continue;
      }
      for (std::size_t i = 1; i < plan.percentiles_.size(); ++i)
        plan.columns_.push_back(
            {&what, fmt::format(fmt::runtime(what.name), plan.percentiles_[i]), channel, number, i});
    }
  };
  add_all(&Measurement::of_object, "", 0);
  const std::vector<std::string> names = DistinctNames(channels);
  const std::size_t unmeasured = channels.has_classes ? 1 : 0, unread = channels.map.size() - plan.map_channels_;
  for (std::size_t c = 0; c < plan.map_channels_ + plan.image_channels_; ++c)
    add_all(&Measurement::of_channel, names[unread + c], unmeasured + c);
  add_all(&Measurement::of_neighbours, "", 0);
  return plan;
}

std::string MeasurementPlan::Name(std::size_t column, std::string_view part) const {
  const Column& c = columns_[column];
  std::string name = c.channel;
  const auto add = [&](std::string_view text, std::string_view between) {
    if (!name.empty() && !text.empty()) name += between;
    name += text;
  };
  if (!IsOfWhole(*c.what)) add(part, ": ");
  add(c.name, ": ");
  add(UnitText(c.what->unit, frame_.in_um()), " ");
  return name;
}

void MeasurementPlan::Fill(const Region& region, std::span<const ChannelStatistics> statistics,
                           std::span<double> values) const {
  const RegionShape shape = options_.shape ? ShapeOf(region, frame_) : RegionShape{};
  const ObjectFacts facts{region, frame_, shape,
                          labels_are_channels_ ? &statistics[static_cast<std::size_t>(region.label)] : nullptr};
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.what->of_object != nullptr) values[i] = column.what->of_object(facts);
    if (column.what->of_channel != nullptr)
      values[i] = column.what->of_channel(statistics[column.number], column.percentile);
  }
}

void MeasurementPlan::FillNeighbours(const NeighbourFacts& facts, std::span<double> values) const {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].what->of_neighbours != nullptr) values[i] = columns_[i].what->of_neighbours(facts);
}

}  // namespace tegula::objects
