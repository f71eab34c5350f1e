#include "tegula/app/object_summary.h"

#include <fmt/format.h>

#include "tegula/outputs/csv.h"

namespace tegula::app {

Status WriteObjectSummary(const std::vector<SummarizedImage>& images, const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(
      outputs::CsvFile file,
      outputs::CsvFile::Create(path, {"Image", "Prediction", "Class", "Objects", "Area px^2", "Area µm^2", "Error"}));
  for (const SummarizedImage& image : images) {
    if (!image.error.empty()) TEGULA_TRY(file.Add({image.image, image.prediction, "", "", "", "", image.error}));
    for (const outputs::ObjectsRecord& of_class : image.classes)
      TEGULA_TRY(file.Add({image.image, image.prediction, of_class.class_name, fmt::format("{}", of_class.count),
                           fmt::format("{}", of_class.area_px),
                           image.knows_um ? fmt::format("{}", of_class.area_um2) : "", ""}));
  }
  return file.Commit();
}

}  // namespace tegula::app
