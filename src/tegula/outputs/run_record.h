// outputs/run_record.h — everything that decided a result, as plain text and numbers beside the result.
//
// Months later the record answers with what, on what and how a result was made; a run that is continued compares itself
// with it and refuses to go on differently. It knows nothing of the modules that fill it: strings, numbers and lists
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::outputs {

/// The file it stands in. It is the last of the results to come: where it is, they are complete.
inline constexpr const char* kRunRecordName = "run.json";

struct MachineRecord {
  std::string processor;
  std::int64_t cores = 0;
  friend bool operator==(const MachineRecord&, const MachineRecord&) = default;
};
struct ModelRecord {
  std::string name, id, version, path;
  std::string description_sha256;  ///< of rdf.yaml
  std::string weights_format, weights_sha256;
  std::string license;
  std::vector<std::string> cite;
  friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};
struct EngineRecord {
  std::string name, version, precision;
  std::int64_t threads = 0;
  std::string chosen_because;  ///< one clause
  friend bool operator==(const EngineRecord&, const EngineRecord&) = default;
};
struct LevelRecord {
  std::int64_t height = 0, width = 0;
  double downsample = 1;
  friend bool operator==(const LevelRecord&, const LevelRecord&) = default;
};
struct ImageRecord {
  std::string path, format, dtype;
  std::vector<LevelRecord> levels;                  ///< largest first
  double pixel_size_y_um = 0, pixel_size_x_um = 0;  ///< of the largest level; 0 if unknown
  std::vector<std::string> channels;
  friend bool operator==(const ImageRecord&, const ImageRecord&) = default;
};
struct StatisticRecord {
  std::string tensor, measure;
  double percentile = 0;          ///< 0 for other measures
  std::vector<std::string> axes;  ///< reduced
  std::vector<double> values;     ///< one per position along the kept axes
  friend bool operator==(const StatisticRecord&, const StatisticRecord&) = default;
};
/// Along one axis: pixels of the image, and windows.
struct TileAxisRecord {
  std::string axis;  ///< t, z, y or x
  std::int64_t image = 0, padded = 0;
  std::int64_t tile = 0, context = 0, grid = 1;
  std::int64_t windows = 0;
  friend bool operator==(const TileAxisRecord&, const TileAxisRecord&) = default;
};
struct TilePlanRecord {
  std::vector<TileAxisRecord> axes;  ///< those that the model has
  std::string border;
  std::int64_t windows = 0;  ///< that were predicted
  std::int64_t skipped = 0;  ///< others, which do not touch the region
  friend bool operator==(const TilePlanRecord&, const TilePlanRecord&) = default;
};
/// One output of the model's own test tensors.
struct TestRecord {
  std::string output;
  double max_abs_error = 0, absolute_tolerance = 0, relative_tolerance = 0;
  bool passed = false;
  friend bool operator==(const TestRecord&, const TestRecord&) = default;
};
struct StageRecord {
  std::string name;
  double wall_s = 0, cpu_s = 0;
  friend bool operator==(const StageRecord&, const StageRecord&) = default;
};
struct ObjectsRecord {
  std::string class_name;
  std::int64_t count = 0;
  double area_px = 0;        ///< of all of them, in pixels of the largest level
  double area_um2 = 0;       ///< 0 if the pixel size is unknown
  std::int64_t channel = 0;  ///< of the output
  std::string colour;        ///< "#rrggbb"; empty: that of the channel
  friend bool operator==(const ObjectsRecord&, const ObjectsRecord&) = default;
};
/// An output held against what other windows, or one window for all of the image, give (docs/exactness.md).
struct VerificationRecord {
  std::string output;
  std::string asked;    ///< how many windows: a number, or "all"
  std::string against;  ///< "whole image", "windows", "patches"; "nothing" where one window was all there was
  std::int64_t windows = 0, of_windows = 0;             ///< that were predicted again, of how many
  std::int64_t context_px = 0, verified_with_px = 0;    ///< along the axis where it is largest; 0 for the whole
  std::int64_t pixels = 0;                              ///< that were compared
  double largest = 0, mean = 0, allowed = 0;            ///< differences of values
  std::int64_t pixels_beyond = 0, pixels_at_steps = 0;  ///< that differ by more; and that may, as rounding decides
  double y = 0, x = 0;                                  ///< of the largest, in pixels of the largest level
  std::int64_t z = 0, t = 0, channel = 0;
  std::int64_t from_seam_px = -1;            ///< of the image as it is bound; -1: no difference, no seam
  std::string enough;                        ///< the context that would be: an option of the command line
  std::vector<std::int64_t> seam_distances;  ///< beginnings of bins of distances from the nearest seam
  std::vector<double> by_seam_distance;      ///< the largest difference in each
  double wall_s = 0;
  bool passed = false;
  std::string verdict;  ///< one sentence
  friend bool operator==(const VerificationRecord&, const VerificationRecord&) = default;
};
/// How the values of an output of the model are stored.
struct StoredRecord {
  std::string output;
  std::string values;  ///< "own", "uint8", "argmax", ...
  std::string dtype;
  std::string axes;                         ///< "cyx": of the array, slowest first
  std::vector<std::int64_t> shape;          ///< along these
  double scale_factor = 1, add_offset = 0;  ///< value = stored number * scale_factor + add_offset
  std::vector<std::string> classes;         ///< what 0, 1, ... stand for, if they are classes
  std::int64_t clipped_values = 0, not_numbers = 0;
  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};
struct OutputRecord {
  std::string kind, path;
  std::string format, compression;  ///< "ome-zarr", "zstd:3"; empty where there is none
  friend bool operator==(const OutputRecord&, const OutputRecord&) = default;
};

/// Something that was asked for, in words.
struct FactRecord {
  std::string what, value;
  friend bool operator==(const FactRecord&, const FactRecord&) = default;
};

/// How tissue was told from background in one channel.
struct ThresholdRecord {
  std::string channel;
  double threshold = 0;  ///< tissue has more
  bool counted = true;   ///< false: it has no dark background with something brighter on it, so it was left out
  friend bool operator==(const ThresholdRecord&, const ThresholdRecord&) = default;
};
struct TissueRecord {
  std::string method;                  ///< one sentence
  std::int64_t height = 0, width = 0;  ///< of the mask, in its pixels
  double downsample = 1;               ///< pixels of the largest level per pixel of the mask
  std::vector<ThresholdRecord> thresholds;
  double share = 0;  ///< of the image that is tissue
  friend bool operator==(const TissueRecord&, const TissueRecord&) = default;
};
/// The part of the image that was asked for.
struct RegionRecord {
  std::vector<std::string> asked;    ///< in the words of the command; they add up
  double area_px = 0, area_um2 = 0;  ///< in pixels of the largest level; the latter 0 if the pixel size is unknown
  double share = 0;                  ///< of the image
  std::optional<TissueRecord> tissue;
  friend bool operator==(const RegionRecord&, const RegionRecord&) = default;
};

/// Where the pixels of an output lie: slide pixels = origin + scale * (pixels of the output).
struct PlacementRecord {
  std::string output, path;  ///< its id, and its store
  double scale_y = 1, scale_x = 1;
  double origin_y = 0, origin_x = 0;
  friend bool operator==(const PlacementRecord&, const PlacementRecord&) = default;
};

struct RunRecord {
  std::string tegula_version;
  std::string key;                   ///< a hash of everything that decides the results
  std::vector<std::string> command;  ///< program and arguments
  std::string started, finished;     ///< ISO 8601, UTC; finished is empty while the run is not
  MachineRecord machine;
  ModelRecord model;
  std::string classifier;  ///< that was applied, "classifier nuclei"; empty: none
  EngineRecord engine;
  ImageRecord image;
  std::optional<RegionRecord> region;  ///< none: all of the image
  std::vector<FactRecord> given;       ///< what was asked to be given to the model
  std::vector<std::string> binding;    ///< sentences: which channels, resolution, z and t the model was given
  std::vector<StatisticRecord> statistics;
  TilePlanRecord tiles;
  std::vector<TestRecord> tests;
  std::string exactness;  ///< one sentence
  std::vector<StageRecord> stages;
  double wall_s = 0, cpu_s = 0;  ///< of the whole run
  std::int64_t peak_memory_bytes = 0;
  std::int64_t allowed_memory_bytes = 0, estimated_memory_bytes = 0;  ///< before the run; 0 where it did not matter
  std::vector<VerificationRecord> verification;                       ///< one per output, if it was asked for
  std::vector<StoredRecord> stored;
  std::vector<ObjectsRecord> objects;
  std::vector<OutputRecord> outputs;
  std::vector<PlacementRecord> placements;
  std::vector<std::string> warnings;  ///< what the user should know before relying on the result
  std::vector<std::string> notes;
  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

/// Indented JSON with the fields in the order above and a number of its format. Numbers that JSON does not have
/// are the texts "NaN", "Infinity" and "-Infinity". Bytes that are not UTF-8 become the replacement character.
std::string ToJson(const RunRecord& record);
std::string ToJson(const VerificationRecord& record);

/// Reads what ToJson wrote; unknown fields are ignored. kCorrupt with the path of the field that is missing or of
/// another type, kUnsupported for the format of a later version.
Result<RunRecord> RunRecordFromJson(std::string_view text);
/// That of the run in a folder. Errors of reading (kNotFound, kIo) and of RunRecordFromJson, with the file's name.
Result<RunRecord> ReadRunRecord(const Path& folder);

}  // namespace tegula::outputs
