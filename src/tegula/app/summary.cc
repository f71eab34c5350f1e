#include "tegula/app/summary.h"

#include <fmt/format.h>

#include <map>

#include "tegula/outputs/csv.h"

namespace tegula::app {
namespace {

// What is known of one class of an image, under the names of the columns.
std::vector<std::pair<std::string, std::string>> CellsOf(const outputs::ObjectsRecord& of, bool knows_um) {
  return {{"Num " + of.class_name, fmt::format("{}", of.count)},
          {fmt::format("{} area {}", of.class_name, knows_um ? "µm^2" : "px^2"),
           fmt::format("{}", knows_um ? of.area_um2 : of.area_px)}};
}

std::string CellOf(const std::optional<double>& number) { return number ? fmt::format("{:.3f}", *number) : ""; }

}  // namespace

Status WriteSummary(const std::vector<SummarizedImage>& images, const Path& file) {
  std::vector<std::string> columns = {"Image", "Folder", "Result", "Reason", "Megapixels", "Seconds", "Objects"};
  std::map<std::string, std::size_t> places;
  for (const SummarizedImage& image : images)
    for (const outputs::ObjectsRecord& of : image.classes)
      for (const auto& [name, cell] : CellsOf(of, image.knows_um))
        if (places.try_emplace(name, columns.size()).second) columns.push_back(name);
  TEGULA_ASSIGN_OR_RETURN(outputs::CsvFile table, outputs::CsvFile::Create(file, columns));
  for (const SummarizedImage& image : images) {
    std::int64_t objects = 0;
    for (const outputs::ObjectsRecord& of : image.classes) objects += of.count;
    std::vector<std::string> cells = {image.image,
                                      image.folder,
                                      image.result,
                                      image.reason,
                                      CellOf(image.megapixels),
                                      CellOf(image.seconds),
                                      image.classes.empty() ? "" : fmt::format("{}", objects)};
    cells.resize(columns.size());
    for (const outputs::ObjectsRecord& of : image.classes)
      for (const auto& [name, cell] : CellsOf(of, image.knows_um)) cells[places[name]] = cell;
    TEGULA_TRY(table.Add(cells));
  }
  return table.Commit();
}

}  // namespace tegula::app
