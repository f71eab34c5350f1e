// objects/region_spool.h — finished objects on disk until all of them are known.
//
// What an object is called and what surrounds it is known only when the whole map has gone by: numbers follow first
// pixels, and a large object that begins early ends late. Until then its outline and measurements wait in a file, a
// byte or two per corner, and only a line about each stays in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/objects/region.h"

namespace tegula::objects {

/// One object and what was measured of it.
struct MeasuredRegion {
  Region region;
  std::vector<double> values;
};

/// Objects are added, and after Finish read in the order of their first pixels (of equal ones by label): the place in
/// this order, from 1, is an object's number. Adding is for one thread; reading is thread-safe.
class RegionSpool {
 public:
  /// What stays in memory.
  struct Entry {
    Corner first;
    std::int32_t label = 0;
    std::int32_t bytes = 0;
    std::int32_t number = 0;  ///< Region::number, which fits: images of numbers have at most 2^31 - 1
    std::int64_t offset = 0;
    std::int64_t area_px = 0;
    Point centroid;  ///< in pixels of the map
  };

  /// A file `path`, which goes with the spool. kIo.
  static Result<RegionSpool> Create(const Path& path);
  RegionSpool(RegionSpool&& other) noexcept;
  RegionSpool& operator=(RegionSpool&& other) noexcept;
  ~RegionSpool();

  /// kIo or kExhausted (disk full).
  Status Add(const Region& region, std::span<const double> values);
  /// Forgets the objects for which `is_gone(entry)` holds.
  template <class IsGone>
  void Forget(IsGone&& is_gone) {
    std::erase_if(entries_, is_gone);
  }
  /// There are no more.
  Status Finish();

  std::span<const Entry> entries() const noexcept { return entries_; }
  /// The object of entry `index`. kIo.
  Result<MeasuredRegion> Read(std::size_t index) const;

 private:
  RegionSpool(Path path, AtomicFile file);

  Path path_;
  std::unique_ptr<AtomicFile> file_;
  std::unique_ptr<RandomAccessFile> read_;
  std::int64_t size_ = 0;
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace tegula::objects
