// app/pictures.h — what a person looks at: the slide, the prediction over it, the outlines of the objects.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tegula/image/binding.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/objects/region_spool.h"
#include "tegula/outputs/overlay.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// Pixels of the bound channels as a person sees them: (y, x, 3) uint8. RGB as it is, else channels in their colours.
Result<Tensor> ToPicture(const Tensor& pixels_cyx, const image::BoundInfo& info);

/// Makes the pictures of one prediction, all of the same size and field; of a stack its middle plane. One thread at a
/// time.
class Pictures {
 public:
  /// Reads the slide's thumbnail in the bound channels: RGB as it is, one channel in grey, several in the palette's
  /// colours, with contrast between the 0.5th and 99.8th percentile for images that are not RGB.
  static Result<Pictures> Create(const image::BoundImage& image, const pipeline::OutputInfo& output);

  /// The slide, (y, x, 3) uint8.
  const Tensor& slide() const noexcept { return slide_; }
  /// The slide with the stored prediction over it: the probability of a single channel, else the winning classes but
  /// the first (background) in their colours. Reads the smallest level that is as large as the picture.
  Result<Tensor> Overlay(const outputs::ChunkStore& store) const;
  /// From now on pictures show the outlines (in pixels of level 0) of the region that was asked for.
  void ShowRegion(const std::vector<objects::PointRing>& outlines, const image::BoundInfo& info);
  /// Finds where most of the objects are, if they are known before their outlines are added.
  void LookAt(std::span<const objects::RegionSpool::Entry> objects);
  /// Remembers the outlines of an object; corners closer than half a picture pixel are left out.
  void AddOutlines(const objects::Region& region);
  /// The slide with all outlines remembered so far, each class in its colour.
  Result<Tensor> Outlines() const;
  /// A part of the image in its own pixels with the outlines of its objects: where most of them are. Numbered objects
  /// are read from their store.
  Result<Tensor> Detail(const image::BoundImage& image, const outputs::ChunkStore& store) const;

 private:
  Pictures() = default;
  void Count(const objects::Corner& first, std::int64_t area_px);
  Box BusiestBox() const;
  Status DrawRegion(Tensor& picture) const;
  Tensor slide_;
  double image_y_ = 1, image_x_ = 1;  ///< bound image pixels per picture pixel
  pipeline::OutputInfo output_;
  std::vector<outputs::Ring> region_;              ///< in pixels of the picture
  std::vector<std::vector<outputs::Ring>> rings_;  ///< by label
  std::int64_t cells_ = 1;                         ///< columns of the grid in which objects are counted
  std::vector<std::int64_t> objects_in_cell_;
  std::optional<Box> busiest_;  ///< in output pixels, once it is known
  std::vector<objects::Region> in_busiest_;
};

}  // namespace tegula::app
