#include "tegula/app/predict_summary.h"

#include <fmt/format.h>

#include <map>

#include "tegula/outputs/csv.h"

namespace tegula::app {
namespace {

// What is known of one class of an image, under the names of the columns.
std::vector<std::pair<std::string, std::string>> CellsOf(const outputs::ObjectsRecord& of) {
  const bool in_um2 = of.area_um2 > 0;
  return {{"Num " + of.class_name, fmt::format("{}", of.count)},
          {fmt::format("{} area {}", of.class_name, in_um2 ? "µm^2" : "px^2"),
           fmt::format("{}", in_um2 ? of.area_um2 : of.area_px)}};
}

}  // namespace

Status WriteSummary(const std::vector<ImagePrediction>& rows, const Path& file) {
  std::vector<std::string> columns = {"Image", "Folder", "Result", "Reason", "Megapixels", "Seconds", "Objects"};
  std::map<std::string, std::size_t> places;
  for (const ImagePrediction& row : rows)
    for (const outputs::ObjectsRecord& of : row.classes)
      for (const auto& [name, cell] : CellsOf(of))
        if (places.try_emplace(name, columns.size()).second) columns.push_back(name);
  TEGULA_ASSIGN_OR_RETURN(outputs::CsvFile table, outputs::CsvFile::Create(file, columns));
  for (const ImagePrediction& row : rows) {
    std::vector<std::string> cells(columns.size());
    cells[0] = row.image;
    cells[2] = !row.error.empty() ? "failed" : row.was_done ? "done before" : "done";
    cells[3] = row.error;
    if (row.error.empty()) {
      cells[1] = row.folder.string();
      if (!row.was_done) cells[4] = fmt::format("{:.3f}", row.megapixels);
      cells[5] = fmt::format("{:.3f}", row.seconds);
      if (!row.classes.empty()) cells[6] = fmt::format("{}", row.objects);
      for (const outputs::ObjectsRecord& of : row.classes)
        for (const auto& [name, cell] : CellsOf(of)) cells[places[name]] = cell;
    }
    TEGULA_TRY(table.Add(cells));
  }
  return table.Commit();
}

}  // namespace tegula::app
