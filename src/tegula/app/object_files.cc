#include "tegula/app/object_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tegula::app {
Result<ObjectWriters> ObjectWriters::Create(const Path& folder, const std::vector<ObjectFile>& files,
                                            const outputs::GeoJsonOptions& form) {
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonFormat format, outputs::GeoJsonFormat::Create(form));
  std::vector<std::string> classes;
  for (const outputs::GeoJsonClass& each : form.classes) classes.push_back(each.name);
  ObjectWriters writers(std::move(format), std::move(classes));
  if (std::ranges::find(files, ObjectFile::kGeoJson) != files.end()) {
    TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter geojson,
                            outputs::GeoJsonWriter::Create(folder / NameOf(ObjectFile::kGeoJson)));
    writers.geojson_.emplace(std::move(geojson));
  }
  if (std::ranges::find(files, ObjectFile::kCsv) != files.end()) {
    std::vector<std::string> columns = {"Object ID", "Number", "Class"};
    columns.insert(columns.end(), form.measurements.begin(), form.measurements.end());
    TEGULA_ASSIGN_OR_RETURN(outputs::CsvFile csv, outputs::CsvFile::Create(folder / NameOf(ObjectFile::kCsv), columns));
    writers.csv_.emplace(std::move(csv));
  }
  return writers;
}

Status ObjectWriters::Prepare(const objects::Region& region, std::int64_t number, std::span<const double> values,
                              const outputs::GeoJsonFormat::Drawn& drawn, std::string& geojson,
                              std::string& csv) const {
  if (geojson_) TEGULA_TRY(format_.Append(region, values, geojson, drawn));
  if (!csv_) return Ok();
  std::vector<std::string> cells = {format_.Id(region), fmt::format("{}", number),
                                    classes_[static_cast<std::size_t>(region.label)]};
  for (const double value : values) cells.push_back(std::isnan(value) ? "NaN" : fmt::format("{}", value));
  outputs::AppendCsvRow(cells, csv);
  return Ok();
}

Status ObjectWriters::Add(std::string_view geojson, std::string_view csv) {
  if (geojson_) TEGULA_TRY(geojson_->Add(geojson));
  return csv_ ? csv_->AddRows(csv) : Ok();
}

Status ObjectWriters::Commit() {
  if (geojson_) TEGULA_TRY(geojson_->Commit());
  return csv_ ? csv_->Commit() : Ok();
}

}  // namespace tegula::app
