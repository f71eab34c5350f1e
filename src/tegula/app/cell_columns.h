// app/cell_columns.h — the measurements of a cell: those of its nucleus, of itself, and of what lies between.
#pragma once

#include <string>
#include <vector>

#include "tegula/objects/measure/measurements.h"
#include "tegula/objects/region_spool.h"

namespace tegula::app {

/// Named as QuPath does: "Nucleus: Area µm^2", "Cell: Area µm^2", "Nucleus/Cell area ratio", "DAPI: Nucleus: Mean",
/// "DAPI: Cytoplasm: Mean". The map's own channels and what tells of the detection or its neighbours are those of the
/// nucleus alone; of the cytoplasm only the image is measured. Immutable and thread-safe.
class CellColumns {
 public:
  /// `nucleus`: what is measured of nuclei; `channels` and `options` are those it was made with. Errors of
  /// MeasurementPlan.
  static Result<CellColumns> Create(const objects::MeasurementPlan& nucleus, const objects::MeasureOptions& options,
                                    const objects::MeasuredChannels& channels);

  const objects::MeasurementPlan& cell() const noexcept { return cell_; }
  const objects::MeasurementPlan& cytoplasm() const noexcept { return cytoplasm_; }
  bool measures_cytoplasm() const noexcept { return !of_cytoplasm_.empty(); }

  std::vector<std::string> Names() const;
  /// In the order of the names; `cytoplasm` are values of its plan, or none where a cell has no cytoplasm, which gives
  /// NaN.
  std::vector<double> Values(const objects::MeasuredRegion& nucleus, const objects::MeasuredRegion& cell,
                             const std::vector<double>& cytoplasm) const;

 private:
  CellColumns(const objects::MeasurementPlan& nucleus, objects::MeasurementPlan cell,
              objects::MeasurementPlan cytoplasm);
  objects::MeasurementPlan nucleus_, cell_, cytoplasm_;
  std::vector<std::size_t> of_cytoplasm_;  // columns of its plan that are shown
};

}  // namespace tegula::app
