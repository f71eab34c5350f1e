// app/object_files.h — the files into which objects go one by one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/app/object_request.h"
#include "tegula/core/files.h"
#include "tegula/outputs/csv.h"
#include "tegula/outputs/geojson.h"

namespace tegula::app {

/// Writing is for one thread; Prepare is thread-safe.
class ObjectWriters {
 public:
  /// Those of `files` that are written one by one, into `folder`. Errors of GeoJsonFormat; kIo.
  static Result<ObjectWriters> Create(const Path& folder, const std::vector<ObjectFile>& files,
                                      const outputs::GeoJsonOptions& form);

  /// Appends the object's text for each file; `drawn` as for GeoJsonFormat. kInvalid.
  Status Prepare(const objects::Region& region, std::int64_t number, std::span<const double> values,
                 const outputs::GeoJsonFormat::Drawn& drawn, std::string& geojson, std::string& csv) const;
  /// kIo or kExhausted.
  Status Add(std::string_view geojson, std::string_view csv);
  Status Commit();

 private:
  ObjectWriters(outputs::GeoJsonFormat format, std::vector<std::string> classes)
      : format_(std::move(format)), classes_(std::move(classes)) {}
  outputs::GeoJsonFormat format_;
  std::vector<std::string> classes_;
  std::optional<outputs::GeoJsonWriter> geojson_;
  std::optional<outputs::CsvFile> csv_;
};

}  // namespace tegula::app
