#include "tegula/app/cell_columns.h"

#include <cmath>
#include <utility>

namespace tegula::app {

Result<CellColumns> CellColumns::Create(const objects::MeasurementPlan& nucleus, const objects::MeasureOptions& options,
                                        const objects::MeasuredChannels& channels) {
  objects::MeasuredChannels of_image{.map = channels.map, .image = channels.image, .measures_map = false};
  objects::MeasureOptions of_cell = options, of_cytoplasm = options;
  of_cell.neighbours = of_cytoplasm.neighbours = of_cytoplasm.shape = false;
  TEGULA_ASSIGN_OR_RETURN(objects::MeasurementPlan cell,
                          objects::MeasurementPlan::Create(of_cell, of_image, nucleus.frame()));
  TEGULA_ASSIGN_OR_RETURN(objects::MeasurementPlan cytoplasm,
                          objects::MeasurementPlan::Create(of_cytoplasm, of_image, nucleus.frame()));
  return CellColumns(nucleus, std::move(cell), std::move(cytoplasm));
}

CellColumns::CellColumns(const objects::MeasurementPlan& nucleus, objects::MeasurementPlan cell,
                         objects::MeasurementPlan cytoplasm)
    : nucleus_(nucleus), cell_(std::move(cell)), cytoplasm_(std::move(cytoplasm)) {
  for (std::size_t i = 0; i < cytoplasm_.columns(); ++i)
    if (!cytoplasm_.Channel(i).empty()) of_cytoplasm_.push_back(i);
}

std::vector<std::string> CellColumns::Names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < nucleus_.columns(); ++i) names.push_back(nucleus_.Name(i, "Nucleus"));
  for (std::size_t i = 0; i < cell_.columns(); ++i) names.push_back(cell_.Name(i, "Cell"));
  names.emplace_back("Nucleus/Cell area ratio");
  for (const std::size_t i : of_cytoplasm_) names.push_back(cytoplasm_.Name(i, "Cytoplasm"));
  return names;
}

std::vector<double> CellColumns::Values(const objects::MeasuredRegion& nucleus, const objects::MeasuredRegion& cell,
                                        const std::vector<double>& cytoplasm) const {
  std::vector<double> values = nucleus.values;
  values.insert(values.end(), cell.values.begin(), cell.values.end());
  values.push_back(static_cast<double>(nucleus.region.area_px) / static_cast<double>(cell.region.area_px));
  for (const std::size_t i : of_cytoplasm_) values.push_back(cytoplasm.empty() ? std::nan("") : cytoplasm[i]);
  return values;
}

}  // namespace tegula::app
