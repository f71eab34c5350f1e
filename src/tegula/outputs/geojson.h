// outputs/geojson.h — objects as GeoJSON, in the form that QuPath (0.5 and later) reads and writes.
//
// A FeatureCollection (RFC 7946 in form; coordinates are pixels of the slide's full resolution, pixel corners, y
// downwards) with one feature per line. What QuPath is strict about: geometries are valid, ids are UUIDs, a
// classification has a name and a colour. Coordinates have at most two decimals, because QuPath rounds to them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/objects/map_frame.h"
#include "tegula/objects/region.h"
#include "tegula/outputs/palette.h"

namespace tegula::outputs {

enum class ObjectType : std::uint8_t { kDetection, kAnnotation, kCell };

struct GeoJsonClass {
  std::string name;
  Rgb color;
};

struct GeoJsonOptions {
  ObjectType type = ObjectType::kDetection;
  bool locked = false;
  objects::MapFrame frame = {};                ///< where outlines lie on the slide
  std::vector<GeoJsonClass> classes = {};      ///< by label; empty: objects get no classification
  std::vector<std::string> measurements = {};  ///< their names with units, all different
  /// Stands for what decided the result. The same seed and region give the same id.
  std::uint64_t seed = 0;
};

/// Objects as the text of features. Same options and object, same text. Immutable and thread-safe.
class GeoJsonFormat {
 public:
  /// kInvalid if a scale cannot be written with two decimals, a pixel size is not positive or two measurements have one
  /// name.
  static Result<GeoJsonFormat> Create(const GeoJsonOptions& options);

  /// What is drawn of an object.
  struct Drawn {
    const std::vector<objects::PointPolygon>* outline = nullptr;       ///< in place of the region's own one
    const objects::Region* cell = nullptr;                             ///< around the region, which is its nucleus
    const std::vector<objects::PointPolygon>* cell_outline = nullptr;  ///< in place of the cell's own one
  };
  /// Appends one feature; `values` are those of the measurements. With a cell the feature's geometry is the cell's, the
  /// region's is its nucleusGeometry, and id and class are the region's. kInvalid for a label without class or another
  /// number of values than of names.
  Status Append(const objects::Region& region, std::span<const double> values, std::string& text,
                const Drawn& drawn) const;
  Status Append(const objects::Region& region, std::span<const double> values, std::string& text) const {
    return Append(region, values, text, {});
  }
  /// The UUID of a region's object.
  std::string Id(const objects::Region& region) const;

 private:
  explicit GeoJsonFormat(const GeoJsonOptions& options);
  void AppendOutline(std::string_view key, const objects::Region& region,
                     const std::vector<objects::PointPolygon>* outline, std::string& text) const;
  template <class P>
  void AppendGeometry(const std::vector<P>& polygons, std::string& text) const;
  template <class P>
  void AppendPolygon(const P& polygon, std::string& text) const;
  template <class R>
  void AppendRing(const R& ring, std::string& text) const;

  GeoJsonOptions options_;
  std::vector<std::string> properties_;  ///< by label, up to the measurements
  std::vector<std::string> keys_;        ///< of measurements
};

/// A whole file with these features, as GeoJsonWriter writes it.
std::string GeoJsonText(std::span<const std::string> features);

/// Writes one file, which appears on Commit. One thread at a time.
class GeoJsonWriter {
 public:
  /// kIo.
  static Result<GeoJsonWriter> Create(const Path& path);

  /// The text of one feature. kIo or kExhausted.
  Status Add(std::string_view feature);
  /// Completes the file and gives it its name.
  Status Commit();
  std::int64_t objects() const noexcept { return objects_; }

 private:
  explicit GeoJsonWriter(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  std::int64_t objects_ = 0;
};

}  // namespace tegula::outputs
