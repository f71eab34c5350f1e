// app/object_gallery.h — some objects drawn by lot, each in its surroundings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tegula/image/binding.h"
#include "tegula/objects/region.h"
#include "tegula/outputs/objects_section.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// Keeps those with the smallest lots, which follow from the seed and the object's place: the same for any order. One
/// thread at a time.
class ObjectGallery {
 public:
  static constexpr std::size_t kObjects = 24;

  explicit ObjectGallery(std::uint64_t seed) : seed_(seed) {}

  /// Whether the object is drawn so far.
  bool IsDrawn(const objects::Region& region) const noexcept;
  /// One that is drawn.
  void Add(objects::Region region, std::string caption);

  /// In the order of their first pixels. `output` lies on `image` as it says. Large objects are shown smaller. Errors
  /// of reading.
  Result<std::vector<outputs::ObjectPicture>> Pictures(const image::BoundImage& image,
                                                       const pipeline::OutputInfo& output) const;

 private:
  std::uint64_t LotOf(const objects::Region& region) const noexcept;

  std::uint64_t seed_;
  std::map<std::uint64_t, std::pair<objects::Region, std::string>> drawn_;  // by lot
};

}  // namespace tegula::app
