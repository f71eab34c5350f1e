// pipeline/instances_inside.h — of the numbered objects of a whole image those that belong to a region.
//
// An object belongs to the region if the pixel that holds its centroid does. It is kept as a whole and under its own
// number, so that a region has exactly what all of the image has there.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/pipeline/region_of_interest.h"

namespace tegula::pipeline {

/// Takes numbers for a place of uint32 with the same blocks; how many there are is told to who gets them in the end.
class NumbersOnTheWay final : public objects::LabelSink {
 public:
  /// Borrows both.
  NumbersOnTheWay(const objects::PixelBlocks& place, objects::LabelSink& end)
      : LabelSink(end.grid()), place_(place), end_(end) {}
  Status Expect(std::int64_t largest) override { return end_.Expect(largest); }
  Status Scores(std::span<const float> scores) override { return end_.Scores(scores); }
  bool Has(const Block& block) const override { return place_.Has(block); }
  Status Write(const Block& block, const ConstView& labels_tczyx) const override;

 private:
  const objects::PixelBlocks& place_;
  objects::LabelSink& end_;
};

/// Gives `inside` the numbers (uint32) of the objects that belong to the region, and 0 elsewhere; blocks that are there
/// stay. `all` has the blocks of `inside`; centroids are taken over z too. Memory: 24 bytes per object. Errors of
/// reading and writing; kCancelled.
Status WriteInside(const RunContext& context, const objects::PixelBlocks& all, const RegionOfInterest& region,
                   objects::LabelSink& inside);

}  // namespace tegula::pipeline
