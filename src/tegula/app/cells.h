// app/cells.h — the cells of nuclei that were found: grown, measured, and asked for by their nuclei's numbers.
#pragma once

#include <optional>

#include "tegula/app/cell_columns.h"
#include "tegula/app/label_files.h"
#include "tegula/objects/cells/expand_labels.h"
#include "tegula/objects/simplify/junctions.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/cell_objects.h"
#include "tegula/pipeline/plane_reader.h"

namespace tegula::app {

/// Immutable and thread-safe.
class Cells {
 public:
  /// Paints the nuclei with their numbers, grows them, and measures what `columns` say on `image` (null: only shapes).
  /// Memory: bands and blocks, and 64 bytes per cell, or twice that with cytoplasm. Errors of the stores, the image and
  /// the files; kCancelled.
  static Result<Cells> Grow(const pipeline::FoundObjects& nuclei, const objects::Expansion& expansion,
                            const CellColumns& columns, const LabelPlace& place, const pipeline::PlaneReader* image,
                            const RunContext& context);

  /// A cell and all its measurements.
  struct Cell {
    objects::Region region;
    std::vector<double> values;
  };
  /// The cell of a nucleus. kIo.
  Result<Cell> Of(const objects::MeasuredRegion& nucleus, std::int64_t number) const;

  /// Where outlines of cells and nuclei meet. kExhausted, kCancelled; errors of the stores.
  Result<objects::Junctions> Junctions(const RunContext& context) const;
  /// Makes the images of labels that are wanted. Errors of FinishLabels.
  Status WriteLabels(const LabelPlace& place, const RunContext& context) const;

 private:
  Cells(const CellColumns& columns, outputs::ChunkStore nuclei, outputs::ChunkStore labels,
        pipeline::ObjectsByNumber cells, std::optional<pipeline::ObjectsByNumber> cytoplasms)
      : columns_(columns),
        nuclei_(std::move(nuclei)),
        labels_(std::move(labels)),
        cells_(std::move(cells)),
        cytoplasms_(std::move(cytoplasms)) {}
  CellColumns columns_;
  outputs::ChunkStore nuclei_, labels_;
  pipeline::ObjectsByNumber cells_;
  std::optional<pipeline::ObjectsByNumber> cytoplasms_;
};

}  // namespace tegula::app
