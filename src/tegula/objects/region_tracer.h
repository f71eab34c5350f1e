// objects/region_tracer.h — connected regions and their exact outlines from a class map that streams by in rows.
//
// One pass from top to bottom: each row is cut into runs of one class, runs are joined to those of the row above, and
// the outlines grow by the corners where the two rows differ. A region is handed out with the row after its last.
// Memory follows the outlines of regions that the current row still touches, not the area of the image; time follows
// pixels once (skipped eight bytes at a time) and runs and corners after that.
//
// The result is the same however the rows were cut into bands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/region.h"
#include "tegula/objects/region_filter.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// What pixels without a class have in class maps of uint8, uint16 and uint32, unless said otherwise.
inline constexpr std::uint8_t kNoClass8 = 0xFF;
inline constexpr std::uint16_t kNoClass16 = 0xFFFF;
inline constexpr std::uint32_t kNoClass32 = 0xFFFF'FFFF;

enum class Connectivity : std::uint8_t {
  kEdges,    ///< 4: pixels that share an edge; each region is one polygon
  kCorners,  ///< 8: diagonal neighbours too; a region has one polygon per part that diagonals connect
};

struct TraceOptions {
  std::int64_t width = 0;  ///< pixels per row
  Connectivity connectivity = Connectivity::kEdges;
  std::vector<std::int32_t> labels = {};   ///< classes to trace, below kNoClass16; empty: every one
  std::optional<std::uint32_t> none = {};  ///< what pixels without a class have; else the largest number of the type
  FilterOptions filter = {};
};

/// Traces one class map. One thread at a time; after an error it is of no further use.
class RegionTracer {
 public:
  /// kInvalid for a width or a class that cannot be.
  static Result<RegionTracer> Create(const TraceOptions& options);
  RegionTracer(RegionTracer&& other) noexcept;
  RegionTracer& operator=(RegionTracer&& other) noexcept;
  ~RegionTracer();

  /// The next rows: `labels_yx` of uint8, uint16 or uint32 (whose numbers end with 2^31 - 1). Regions that end in these
  /// rows go to `sink`, by the row after their last and then from left to right; if holes are filled, regions smaller
  /// than such a hole come later (see RegionFilter). kInvalid if shapes or types do not fit, kExhausted beyond 2^31
  /// rows or corners; errors of `sink`.
  Status Add(const ConstView& labels_yx, RegionSink sink);
  /// There are no more rows: hands out the regions that touch the last one.
  Status Finish(RegionSink sink);

 private:
  class Impl;
  explicit RegionTracer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// All regions of a class map in memory, ordered by their first pixels. `options.width` is taken from the map.
Result<std::vector<Region>> TraceRegions(const ConstView& labels_yx, TraceOptions options = {});

}  // namespace tegula::objects
