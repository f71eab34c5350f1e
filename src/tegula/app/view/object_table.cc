#include "tegula/app/view/object_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tegula::app {
namespace {

bool Passes(const ObjectSet& set, const ObjectFilter& filter, const std::vector<bool>& has_class, std::int64_t i) {
  if (!has_class[set.class_of(i)] || !filter.areas.Has(set.area(i))) return false;
  if (!filter.within) return true;
  const ObjectBox own = set.box(i);
  const double y = (own.y0 + own.y1) / 2, x = (own.x0 + own.x1) / 2;
  return y >= filter.within->y0 && y <= filter.within->y1 && x >= filter.within->x0 && x <= filter.within->x1;
}

double KeyOf(const ObjectSet& set, const ObjectOrder& order, std::int64_t i) {
  switch (order.by) {
    case ObjectOrder::By::kPlace: return static_cast<double>(i);
    case ObjectOrder::By::kClass: return static_cast<double>(set.class_of(i));
    case ObjectOrder::By::kArea: return set.area(i);
    case ObjectOrder::By::kMeasurement: return set.value(i, order.measurement);
  }
  return 0;
}

// Of one object, from 0.
std::size_t BinOf(double value, const ObjectHistogram& histogram, std::size_t bins) {
  if (!(histogram.max > histogram.min)) return 0;
  // Halves, for the difference of two doubles may be none.
  const double share = (value / 2 - histogram.min / 2) / (histogram.max / 2 - histogram.min / 2);
  return std::min(bins - 1, static_cast<std::size_t>(share * static_cast<double>(bins)));
}

std::string KeyOf(const ObjectFilter& filter, const ObjectOrder& order) {
  std::string key = fmt::format("{} {} {};{} {};{}", static_cast<int>(order.by), order.measurement, order.is_descending,
                                filter.areas.least, filter.areas.most, fmt::join(filter.classes, ","));
  if (filter.within)
    key += fmt::format(";{} {} {} {}", filter.within->y0, filter.within->x0, filter.within->y1, filter.within->x1);
  if (filter.only) key += fmt::format(":{}", fmt::join(*filter.only, ","));
  return key;
}

}  // namespace

Result<std::vector<std::int64_t>> Matching(const ObjectSet& set, const ObjectFilter& filter) {
  std::vector<bool> has_class(set.classes().size(), filter.classes.empty());
  for (const std::size_t c : filter.classes) {
    if (c >= has_class.size()) return InvalidError(fmt::format("there is no class {}; they are counted from 0", c));
    has_class[c] = true;
  }
  std::vector<std::int64_t> found;
  if (filter.only) {
    std::vector<std::int64_t> only = *filter.only;
    std::sort(only.begin(), only.end());
    only.erase(std::unique(only.begin(), only.end()), only.end());
    for (const std::int64_t i : only) {
      if (i < 0 || i >= set.size()) return InvalidError(fmt::format("there is no object {}", i));
      if (Passes(set, filter, has_class, i)) found.push_back(i);
    }
  } else if (filter.within) {
    set.ForEachMeeting(*filter.within, [&](std::int64_t i) {
      if (Passes(set, filter, has_class, i)) found.push_back(i);
    });
    std::sort(found.begin(), found.end());
  } else {
    for (std::int64_t i = 0; i < set.size(); ++i)
      if (Passes(set, filter, has_class, i)) found.push_back(i);
  }
  return found;
}

Result<std::optional<std::int64_t>> ObjectAt(const ObjectSet& set, objects::Point point, ObjectFilter filter) {
  std::vector<std::int64_t> near;
  set.ForEachMeeting({point.y, point.x, point.y, point.x}, [&](std::int64_t i) {
    if (set.Contains(i, point)) near.push_back(i);
  });
  filter.only = std::move(near);
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int64_t> found, Matching(set, filter));
  std::optional<std::int64_t> best;
  for (const std::int64_t i : found)
    if (!best || set.area(i) <= set.area(*best)) best = i;
  return best;
}

Result<ObjectOrder> OrderBy(const ObjectSet& set, const std::string& name, bool is_descending) {
  // Measurements first: one may be called "area".
  const auto found = std::find(set.measurements().begin(), set.measurements().end(), name);
  if (found != set.measurements().end())
    return ObjectOrder{ObjectOrder::By::kMeasurement, static_cast<std::size_t>(found - set.measurements().begin()),
                       is_descending};
  if (name == "place") return ObjectOrder{ObjectOrder::By::kPlace, 0, is_descending};
  if (name == "class") return ObjectOrder{ObjectOrder::By::kClass, 0, is_descending};
  if (name == "area") return ObjectOrder{ObjectOrder::By::kArea, 0, is_descending};
  return NotFoundError(fmt::format("the objects have no measurement '{}'", name));
}

void SortObjects(const ObjectSet& set, const ObjectOrder& order, std::vector<std::int64_t>& objects) {
  std::vector<std::pair<double, std::int64_t>> keyed;
  keyed.reserve(objects.size());
  for (const std::int64_t i : objects) keyed.emplace_back(KeyOf(set, order, i), i);
  std::sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    const bool a_has = !std::isnan(a.first), b_has = !std::isnan(b.first);
    if (a_has != b_has) return a_has;
    if (a_has && a.first != b.first) return order.is_descending ? a.first > b.first : a.first < b.first;
    return a.second < b.second;
  });
  for (std::size_t k = 0; k < keyed.size(); ++k) objects[k] = keyed[k].second;
}

ObjectHistogram HistogramOf(const ObjectSet& set, std::size_t measurement, const std::vector<std::int64_t>& objects,
                            std::size_t bins) {
  ObjectHistogram histogram;
  const std::size_t classes = set.classes().size();
  histogram.of_class.assign(classes, std::vector<std::int64_t>(bins));
  histogram.without.assign(classes, 0);
  bool is_first = true;
  for (const std::int64_t i : objects) {
    const double value = set.value(i, measurement);
    if (!std::isfinite(value)) continue;
    histogram.min = is_first ? value : std::min(histogram.min, value);
    histogram.max = is_first ? value : std::max(histogram.max, value);
    is_first = false;
  }
  for (const std::int64_t i : objects) {
    const double value = set.value(i, measurement);
    const std::size_t c = set.class_of(i);
    if (std::isfinite(value)) {
      ++histogram.of_class[c][BinOf(value, histogram, bins)];
    } else {
      ++histogram.without[c];
    }
  }
  return histogram;
}

std::vector<std::int64_t> CountsOf(const ObjectSet& set, const std::vector<std::int64_t>& objects) {
  std::vector<std::int64_t> counts(set.classes().size());
  for (const std::int64_t i : objects) ++counts[set.class_of(i)];
  return counts;
}

Result<SortedObjects::List> SortedObjects::Get(const ObjectSet& set, const ObjectFilter& filter,
                                               const ObjectOrder& order) {
  std::string key = KeyOf(filter, order);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& row) { return row.first == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->second;
    }
  }
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::int64_t> objects, Matching(set, filter));
  SortObjects(set, order, objects);
  List list = std::make_shared<const std::vector<std::int64_t>>(std::move(objects));
  const std::lock_guard lock(mutex_);
  kept_.emplace_front(std::move(key), list);
  if (kept_.size() > kMost) kept_.pop_back();
  return list;
}

}  // namespace tegula::app
