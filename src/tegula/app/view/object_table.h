// app/view/object_table.h — which of the objects, in which order, and how their measurements are spread.
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tegula/app/view/object_set.h"

namespace tegula::app {

/// In pixels of the full resolution, both ends included.
struct AreaRange {
  double least = 0, most = std::numeric_limits<double>::infinity();
  bool Has(double area) const noexcept { return area >= least && area <= most; }
};

struct ObjectFilter {
  std::vector<std::size_t> classes = {};  ///< empty: all of them
  AreaRange areas = {};
  std::optional<ObjectBox> within = {};                ///< where the middle of the object's box lies
  std::optional<std::vector<std::int64_t>> only = {};  ///< places in the file
};

/// What a table is sorted by: the objects' places in the file, their classes, areas, or a measurement.
struct ObjectOrder {
  enum class By : std::uint8_t { kPlace, kClass, kArea, kMeasurement };
  By by = By::kPlace;
  std::size_t measurement = 0;
  bool is_descending = false;
};

/// Those that pass, in the order of the file. kInvalid for a class or a place that is not there. Cost: all objects,
/// unless the filter names them.
Result<std::vector<std::int64_t>> Matching(const ObjectSet& set, const ObjectFilter& filter);

/// The smallest object at a point that passes, of equally small ones the last. kInvalid as Matching.
Result<std::optional<std::int64_t>> ObjectAt(const ObjectSet& set, objects::Point point, ObjectFilter filter);

/// "place", "class", "area" or a measurement's name. kNotFound.
Result<ObjectOrder> OrderBy(const ObjectSet& set, const std::string& name, bool is_descending);

/// Sorts; equal ones stay in the order of the file, and those without the measurement come last either way.
void SortObjects(const ObjectSet& set, const ObjectOrder& order, std::vector<std::int64_t>& objects);

struct ObjectHistogram {
  double min = 0, max = 0;                          ///< of the values; 0 if there are none
  std::vector<std::vector<std::int64_t>> of_class;  ///< counts in equal steps from min to max, by class
  std::vector<std::int64_t> without;                ///< objects without a finite number, by class
};

/// Of `objects`; `bins` from 1 to 1000.
ObjectHistogram HistogramOf(const ObjectSet& set, std::size_t measurement, const std::vector<std::int64_t>& objects,
                            std::size_t bins);

/// How many of `objects` are of each class.
std::vector<std::int64_t> CountsOf(const ObjectSet& set, const std::vector<std::int64_t>& objects);

/// A table that was asked for in pieces is sorted once. Thread-safe.
class SortedObjects {
 public:
  static constexpr std::size_t kMost = 4;
  using List = std::shared_ptr<const std::vector<std::int64_t>>;

  /// Errors of Matching. The orders that were asked for last are kept.
  Result<List> Get(const ObjectSet& set, const ObjectFilter& filter, const ObjectOrder& order);

 private:
  std::mutex mutex_;
  std::list<std::pair<std::string, List>> kept_;  // newest first
};

}  // namespace tegula::app
