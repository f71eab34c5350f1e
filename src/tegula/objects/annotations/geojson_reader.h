// objects/annotations/geojson_reader.h — annotations and objects from GeoJSON as QuPath writes it, one after the other.
//
// A file may be a FeatureCollection (RFC 7946), a bare list of features or geometries, one feature or one geometry, of
// any size: only one feature, or with several workers a few megabytes of them, is in memory. Coordinates are pixels of
// the slide's full resolution, pixel corners, y downwards. What is read of a feature stands in
// objects/annotations/annotation.h, what of QuPath's forms in objects/annotations/geojson_feature.h; the writer is
// outputs/geojson.h. Out of scope: compressed files, geographic coordinates.
#pragma once

#include <cstdint>
#include <string_view>

#include "tegula/core/executor.h"
#include "tegula/core/files.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/annotation.h"

namespace tegula::objects {

/// Bounds of one feature; a file may have any number. Handed in, so that fuzzers can lower them.
struct GeoJsonLimits {
  std::int64_t feature_bytes = 512LL << 20;
  std::int64_t feature_positions = 32LL << 20;  ///< each takes 16 bytes, and 16 more while it is sorted into rings
  std::int64_t feature_values = 1LL << 20;      ///< numbers, texts, lists ... without positions; about 150 bytes each
  int depth = 64;                               ///< lists and objects within each other
  std::int64_t piece_bytes = 1LL << 20;         ///< of a file at once
};

/// Takes annotations in the order of the file. An error stops the reading and is what the reading returns.
using AnnotationSink = FunctionRef<Status(Annotation annotation)>;

/// Reads a file. What the sink has taken counts only if the result is ok: the end of a file may be missing. kNotFound
/// or kIo from the system, kCorrupt for what is no GeoJSON or breaks off, kUnsupported for a geometry that is not
/// known, kExhausted for a limit. Sentences name the feature, counted from 0: "feature 17 (Tumour) of regions.geojson:
/// its polygon has ...". Memory: a piece, a feature's text and its tree. About 50 MB per second, most of which nlohmann
/// takes; features are understood by all workers of `executor`, which changes nothing else.
Status ReadGeoJson(const Path& path, const GeoJsonLimits& limits, AnnotationSink sink,
                   const Executor& executor = SerialExecutor());

/// The same for a text in memory that messages call `name`.
Status ParseGeoJson(std::string_view text, std::string_view name, const GeoJsonLimits& limits, AnnotationSink sink,
                    const Executor& executor = SerialExecutor());

}  // namespace tegula::objects
