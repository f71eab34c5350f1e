// objects/measure/measurements.h — what can be measured of an object: one table, and the columns of a run.
//
// Names are those that QuPath's users know from its tables where it has the measurement, else scikit-image's in the
// same style. The rule: what is measured, then the unit ("Area µm^2"; px and px^2 of the slide where the pixel size is
// unknown; none for plain numbers); of a channel "CHANNEL: Mean"; of QuPath's cells "Cell: Area µm^2",
// "Nucleus: Area µm^2", "CHANNEL: Nucleus: Mean". The table stands in measurements.cc and
// docs/objects.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/map_frame.h"
#include "tegula/objects/measure/region_shape.h"
#include "tegula/objects/region.h"

namespace tegula::objects {

enum class MeasureGroup : std::uint8_t { kBasic, kShape, kIntensity, kNeighbours };
std::string_view MeasureGroupName(MeasureGroup group);
/// Nothing for a name that is none.
std::optional<MeasureGroup> MeasureGroupFromName(std::string_view name);
std::vector<std::string_view> MeasureGroupNames();

enum class MeasureUnit : std::uint8_t { kNone, kLength, kArea, kRadian };

/// Of one channel over an object's pixels; pixels that are not numbers are left out, and without any others all is NaN.
struct ChannelStatistics {
  double mean = 0, deviation = 0, min = 0, max = 0, sum = 0;
  std::vector<double> percentiles = {};  ///< the median, then those that were asked for
};

/// To the objects around an object.
struct NeighbourFacts {
  double nearest = 0;       ///< between centroids, in units; NaN without another object
  std::int64_t within = 0;  ///< other objects whose centroids lie within the radius
};

/// What a row of the table is computed from.
struct ObjectFacts {
  const Region& region;
  const MapFrame& frame;
  const RegionShape& shape;
  const ChannelStatistics* own;  ///< of the channel that made the object; null if none did
};

/// One row. Exactly one of the functions is set; {} in a name is the percentile or the radius.
struct Measurement {
  std::string_view name;
  MeasureUnit unit;
  MeasureGroup group;
  std::string_view meaning;
  std::string_view same_as;  ///< who calls the same what
  double (*of_object)(const ObjectFacts& facts) = nullptr;
  double (*of_channel)(const ChannelStatistics& statistics, std::size_t percentile) = nullptr;
  double (*of_neighbours)(const NeighbourFacts& facts) = nullptr;
};
std::span<const Measurement> Measurements();
/// "µm^2", "px", "" ...: as it stands behind the name.
std::string_view UnitText(MeasureUnit unit, bool in_um);

/// What is asked for; the basic ones always are.
struct MeasureOptions {
  bool shape = false, intensity = false, neighbours = false;
  std::vector<double> percentiles = {};  ///< beside the median, 0 to 100
  double neighbour_radius = 0;           ///< in units
  friend bool operator==(const MeasureOptions&, const MeasureOptions&) = default;
};

/// The channels that are measured: of the map first (of which the mean is basic), then of the image.
struct MeasuredChannels {
  std::vector<std::string> map, image;
  bool labels_are_channels = false;  ///< a region's label is the number of the map's channel that made it
  bool measures_map = true;          ///< else the map's channels are only there to tell the image's names apart
  bool has_classes = false;          ///< the map is one channel of numbers of classes, of which nothing is measured
  bool has_numbers = false;          ///< regions come of an image of numbered objects
  bool has_scores = false;           ///< and have scores
};

/// The columns of a run, and how they are filled. Immutable and thread-safe.
class MeasurementPlan {
 public:
  /// Channels of one name are told apart: those of the image get " (image)", further ones a number. kInvalid for a
  /// percentile outside 0 to 100, two equal ones, or a radius that is not positive although neighbours are asked for.
  static Result<MeasurementPlan> Create(const MeasureOptions& options, const MeasuredChannels& channels,
                                        const MapFrame& frame);

  const MeasureOptions& options() const noexcept { return options_; }
  const MapFrame& frame() const noexcept { return frame_; }
  std::size_t columns() const noexcept { return columns_.size(); }
  /// With units. `part` is "" or, of a cell, "Cell", "Nucleus" or "Cytoplasm"; columns that a cell has once (how it was
  /// found, its neighbours) do without.
  std::string Name(std::size_t column, std::string_view part = "") const;
  /// Of which channel the column is; "" if of none.
  const std::string& Channel(std::size_t column) const noexcept { return columns_[column].channel; }

  /// How many of the map's channels are measured, and of the image's.
  std::size_t map_channels() const noexcept { return map_channels_; }
  std::size_t image_channels() const noexcept { return image_channels_; }
  /// The percentiles a ChannelStatistics has; none if only means are asked for.
  const std::vector<double>& percentiles() const noexcept { return percentiles_; }

  /// Fills `values` (one per column) but those of neighbours. `statistics`: of the map's channels, also
  /// one of classes, then the image's.
  void Fill(const Region& region, std::span<const ChannelStatistics> statistics, std::span<double> values) const;
  /// Fills those of neighbours.
  void FillNeighbours(const NeighbourFacts& facts, std::span<double> values) const;

 private:
  struct Column {
    const Measurement* what = nullptr;
    std::string name;  ///< as the table has it, filled in
    std::string channel;
    std::size_t number = 0;      ///< of the channel
    std::size_t percentile = 0;  ///< of percentiles_
  };
  MeasureOptions options_;
  MapFrame frame_;
  std::size_t map_channels_ = 0, image_channels_ = 0;
  bool labels_are_channels_ = false;
  std::vector<double> percentiles_;
  std::vector<Column> columns_;
};

}  // namespace tegula::objects
