// app/view/open_objects.h — the objects that are looked at, kept between requests.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tegula/app/view/object_set.h"
#include "tegula/app/view/object_table.h"
#include "tegula/app/view/opened_once.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

/// The file of objects that a path means: itself, or that in the folder of a run. kNotFound with what makes one.
Result<Path> ObjectFileOf(const Path& path);

/// Keeps the sets that were used last. Thread-safe; one that is asked for while it is read is waited for. A file that
/// has changed is read again.
class OpenObjects {
 public:
  static constexpr std::size_t kMost = 2;

  struct Opened {
    std::shared_ptr<const ObjectSet> set;
    std::shared_ptr<SortedObjects> sorted;
  };

  /// Those of a run's folder or of a GeoJSON file. Errors of ObjectFileOf and ObjectSet::Read.
  Result<Opened> Get(const std::string& path, const RunContext& context, const std::function<bool()>& is_gone);

 private:
  OpenedOnce<Opened> opened_{kMost};
};

}  // namespace tegula::app
