#include "tegula/app/cells.h"

#include <fmt/format.h>

#include "tegula/pipeline/label_image.h"
#include "tegula/pipeline/numbered_objects.h"
#include "tegula/pipeline/object_junctions.h"

namespace tegula::app {

Result<Cells> Cells::Grow(const pipeline::FoundObjects& nuclei, const objects::Expansion& expansion,
                          const CellColumns& columns, const LabelPlace& place, const pipeline::PlaneReader* image,
                          const RunContext& context) {
  const std::int64_t largest = nuclei.largest_number();
  TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore inner,
                          MakeLabelStore(place, kNucleusLabels.zarr, largest, context.limits));
  TEGULA_TRY(pipeline::WriteLabels(context, nuclei, inner));
  TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore labels,
                          MakeLabelStore(place, kObjectLabels.zarr, largest, context.limits));
  TEGULA_TRY(pipeline::GrowCells(context, inner, expansion, labels));
  TEGULA_ASSIGN_OR_RETURN(pipeline::FindResult cells, pipeline::FindNumbered(context, labels, image, {}, {},
                                                                             columns.cell(), place.scratch / "cells"));
  std::optional<pipeline::ObjectsByNumber> cytoplasms;
  if (columns.measures_cytoplasm()) {
    LabelPlace on_the_way = place;
    on_the_way.files.clear();
    on_the_way.scratch /= "cytoplasm-labels";
    TEGULA_ASSIGN_OR_RETURN(const outputs::ChunkStore rest,
                            MakeLabelStore(on_the_way, kObjectLabels.zarr, largest, context.limits));
    TEGULA_TRY(pipeline::TakeCytoplasm(context, inner, labels, rest));
    TEGULA_ASSIGN_OR_RETURN(
        pipeline::FindResult found,
        pipeline::FindNumbered(context, rest, image, {}, {}, columns.cytoplasm(), place.scratch / "cytoplasms"));
    cytoplasms.emplace(std::move(found.objects));
  }
  return Cells(columns, std::move(inner), std::move(labels), pipeline::ObjectsByNumber(std::move(cells.objects)),
               std::move(cytoplasms));
}

Result<Cells::Cell> Cells::Of(const objects::MeasuredRegion& nucleus, std::int64_t number) const {
  TEGULA_ASSIGN_OR_RETURN(std::optional<objects::MeasuredRegion> cell, cells_.Read(number));
  if (!cell) return CorruptError(fmt::format("nucleus {} has no cell", number));
  cell->region.label = nucleus.region.label;
  std::vector<double> of_cytoplasm;
  if (cytoplasms_) {
    TEGULA_ASSIGN_OR_RETURN(std::optional<objects::MeasuredRegion> cytoplasm, cytoplasms_->Read(number));
    if (cytoplasm) of_cytoplasm = std::move(cytoplasm->values);
  }
  std::vector<double> values = columns_.Values(nucleus, *cell, of_cytoplasm);
  return Cell{std::move(cell->region), std::move(values)};
}

Result<objects::Junctions> Cells::Junctions(const RunContext& context) const {
  return pipeline::JunctionsOf(context, nuclei_, labels_);
}

Status Cells::WriteLabels(const LabelPlace& place, const RunContext& context) const {
  TEGULA_TRY(FinishLabels(place, kNucleusLabels, nuclei_, context));
  return FinishLabels(place, kObjectLabels, labels_, context);
}

}  // namespace tegula::app
