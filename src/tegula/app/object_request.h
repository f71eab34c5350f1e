// app/object_request.h — what can be asked about objects, by `predict` and by `objects` alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/quantity.h"
#include "tegula/objects/cells/expand_labels.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/pipeline/objects_pass.h"

namespace tegula::app {

/// What is measured of each object.
struct ObjectMeasures {
  bool shape = false, intensity = false, neighbours = false;
  std::vector<double> percentiles = {5, 95};  ///< of intensities, beside the median
  std::optional<Quantity> neighbour_radius;   ///< else 50 µm, or 100 pixels where the pixel size is unknown

  /// "basic", "shape", "intensity", "neighbours", "all", of several the union. kInvalid for another word.
  Status Add(const std::string& group);
};

/// From which value on a pixel is of a class.
struct ClassThreshold {
  std::string class_name;  ///< or its index; empty: every class that is not named
  double value = 0;

  /// "0.5", "nucleus=0.5,other=0.3". kInvalid.
  static Result<std::vector<ClassThreshold>> Parse(const std::string& text);
};

/// How touching objects are taken apart.
struct SplitRequest {
  objects::SplitMethod method = objects::SplitMethod::kNone;
  std::string channel;  ///< of kSeeds, a name or index
  std::string depth;    ///< a length for kDistance, else in the channel's values; empty: 0.75 pixels of the map, or 0.1

  /// "distance", "seeds" (tops of the object's own channel), "seeds=CHANNEL". kInvalid.
  static Result<SplitRequest> Parse(const std::string& text);
};

/// What objects are written to.
enum class ObjectFile : std::uint8_t { kGeoJson, kCsv, kLabels, kLabelsTiff, kNuclei, kNucleiTiff };
struct ObjectFileRow {
  ObjectFile file;
  std::string_view word;  ///< as requests call it; of nuclei none: they come with the labels of their cells
  const char* name;       ///< of the file or folder
  const char* format;     ///< as records call it
  std::string_view description;
};
std::span<const ObjectFileRow> ObjectFiles() noexcept;
const char* NameOf(ObjectFile file) noexcept;
const char* FormatOf(ObjectFile file) noexcept;
/// The files with these words, each once. kInvalid.
Result<std::vector<ObjectFile>> ObjectFilesOf(const std::vector<std::string>& words);

/// Which objects to make of a map, and how they are measured.
struct ObjectRequest {
  std::vector<std::string> classes;        ///< names or 0-based indices of the map's channels; empty: no objects
  std::vector<ClassThreshold> thresholds;  ///< empty: 0.5 for one channel, the largest channel wins for several
  bool overlaps = true;                    ///< where several reach their thresholds, else only the largest counts
  objects::Connectivity connectivity = objects::Connectivity::kEdges;
  Quantity smooth;  ///< standard deviation of a Gaussian over the map's values
  SplitRequest split;
  Quantity fill_holes;  ///< smaller holes are filled
  Quantity min_area;    ///< smaller objects are left out
  bool drops_border = false;
  Quantity simplify;  ///< how far outlines with fewer corners may lie from the exact ones; 0: they are exact
  std::vector<ObjectFile> files = {ObjectFile::kGeoJson};
  ObjectMeasures measure;
  std::string object_type = "detection";   ///< QuPath's: detection, annotation, cell
  std::optional<Quantity> cell_expansion;  ///< how far cells reach beyond what is detected; else 5 µm, or 5 pixels
};

/// Whether what is detected are nuclei, around which there are cells.
inline bool MakesCells(const ObjectRequest& request) { return request.object_type == "cell"; }
/// What is written for the request: its files, and of cells images of their nuclei.
std::vector<ObjectFile> FilesOf(const ObjectRequest& request);

/// What a map holds, of which objects are to be made.
enum class MapKind : std::uint8_t {
  kValues,   ///< a channel of values per class
  kClasses,  ///< one channel: the number of each pixel's class
  kNumbers,  ///< one channel: numbers of objects that are made already
};

/// Everything of the request that decides the objects and their measurements, as a line of text.
std::string ToText(const ObjectRequest& request);

/// What is asked for that a map of this kind cannot tell. kInvalid.
Status CheckKind(const ObjectRequest& request, MapKind kind);

/// The channel of this name, or else with this 0-based index; kInvalid with the names there are.
Result<std::int32_t> ChannelOf(const std::string& wanted, const std::vector<std::string>& channels);
/// The channels that become objects; "all" are those whose names do not end in *, which QuPath ignores, or if all do,
/// every one. Errors as above.
Result<std::vector<std::int32_t>> LabelsOf(const std::vector<std::string>& classes,
                                           const std::vector<std::string>& channels);

/// How far cells reach beyond their nuclei, as asked for or by default.
Quantity CellExpansionLength(const ObjectRequest& request, const objects::MapFrame& frame) noexcept;
/// The same as it is made. kInvalid if that is no pixel of the map, or more than can be looked at.
Result<objects::Expansion> CellExpansionOf(const ObjectRequest& request, const objects::MapFrame& frame);
/// Whether what is asked for makes nuclei that overlap, which cells cannot hold, or speaks of cells without making any.
/// kInvalid.
Status CheckCells(const ObjectRequest& request, std::size_t classes, MapKind kind, const objects::MapFrame& frame);
/// How far outlines may be simplified, in pixels of the map; 0: not at all. kInvalid.
Result<double> ToleranceOf(const ObjectRequest& request, const objects::MapFrame& frame);
/// The options for a map in this frame. kInvalid for a length in µm where the pixel size is unknown.
Result<objects::MeasureOptions> MeasureOptionsOf(const ObjectMeasures& request, const objects::MapFrame& frame);
/// How objects of the classes `labels` are made of a map of values with these `channels`, or of the numbers of these
/// classes, for which CheckKind has been asked. kInvalid as above, for a channel that is not there, and for what does
/// not go together.
Result<pipeline::ObjectsOptions> ObjectsOptionsOf(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                                                  const std::vector<std::string>& channels,
                                                  const objects::MapFrame& frame, MapKind kind = MapKind::kValues);

}  // namespace tegula::app
