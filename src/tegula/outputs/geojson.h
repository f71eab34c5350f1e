// outputs/geojson.h — objects as GeoJSON, in the form that QuPath (0.5 and later) reads and writes.
//
// A FeatureCollection (RFC 7946 in form; coordinates are pixels of the slide's full resolution, pixel corners, y
// downwards) with one feature per line. What QuPath is strict about: geometries are valid, ids are UUIDs, a
// classification has a name and a colour. Coordinates have at most two decimals, because QuPath rounds to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
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
  /// Slide pixels = origin + scale * (pixels of the class map).
  double origin_y = 0, origin_x = 0;
  double scale_y = 1, scale_x = 1;
  /// Micrometres per slide pixel: measurements are then in µm, otherwise in slide pixels.
  struct PixelSize {
    double y_um = 0, x_um = 0;
  };
  std::optional<PixelSize> pixel_size = {};
  std::vector<GeoJsonClass> classes = {};        ///< by label; empty: objects get no classification
  std::vector<std::string> value_channels = {};  ///< names of the images of Region::means
  /// Stands for what decided the result. The same seed and region give the same id.
  std::uint64_t seed = 0;
};

/// Writes one file, which appears on Commit. Same options and regions, same bytes. One thread at a time.
class GeoJsonWriter {
 public:
  /// kInvalid if a scale cannot be written with two decimals, a pixel size is not positive or two value channels have
  /// one name; kIo.
  static Result<GeoJsonWriter> Create(const Path& path, const GeoJsonOptions& options);

  /// kInvalid for a label without class or means that the options do not name; kIo or kExhausted.
  Status Add(const objects::Region& region);
  /// Completes the file and gives it its name.
  Status Commit();
  std::int64_t objects() const noexcept { return objects_; }

 private:
  GeoJsonWriter(AtomicFile file, const GeoJsonOptions& options);
  void AppendId(const objects::Region& region);
  void AppendGeometry(const objects::Region& region);
  void AppendPolygon(const objects::Polygon& polygon);
  void AppendRing(const objects::Ring& ring);
  void AppendMeasurements(const objects::Region& region);

  AtomicFile file_;
  GeoJsonOptions options_;
  std::vector<std::string> properties_;  ///< by label, up to the measurements
  std::vector<std::string> mean_keys_;
  std::string text_;
  std::int64_t objects_ = 0;
};

}  // namespace tegula::outputs
