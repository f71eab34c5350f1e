#include "tegula/app/view/open_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tegula/app/image_access.h"
#include "tegula/app/object_request.h"
#include "tegula/app/source_stamps.h"

namespace tegula::app {

Result<Path> ObjectFileOf(const Path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path;
  Path file = path / NameOf(ObjectFile::kGeoJson);
  if (std::filesystem::is_regular_file(file, ignored)) return file;
  return NotFoundError(
      fmt::format("{} has no {}; make objects of its prediction with tegula objects, or predict with "
                  "--objects",
                  path.filename().string(), NameOf(ObjectFile::kGeoJson)));
}

Result<OpenObjects::Opened> OpenObjects::Get(const std::string& path, const RunContext& context,
                                             const std::function<bool()>& is_gone) {
  TEGULA_ASSIGN_OR_RETURN(const Path file, ObjectFileOf(path));
  TEGULA_ASSIGN_OR_RETURN(const std::string stamp, StampOf(file.string(), AccessTo(context)));
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&](const auto& row) { return row->file == file && row->stamp == stamp; });
    if (found != slots_.end()) {
      slots_.splice(slots_.begin(), slots_, found);
    } else {
      // What it was before is not asked for any more.
      slots_.remove_if([&](const auto& row) { return row->file == file; });
      slots_.push_front(std::make_shared<Slot>());
      slots_.front()->file = file;
      slots_.front()->stamp = stamp;
      if (slots_.size() > kMost) slots_.pop_back();
    }
    slot = slots_.front();
  }
  const std::lock_guard lock(slot->reading);
  if (slot->opened.set) return slot->opened;
  Result<std::shared_ptr<const ObjectSet>> set = ObjectSet::Read(file, context, is_gone);
  if (set.ok()) {
    slot->opened = {std::move(*set), std::make_shared<SortedObjects>()};
    return slot->opened;
  }
  // Not remembered: it may be whole the next time.
  const std::lock_guard forget(mutex_);
  slots_.remove(slot);
  return set.error();
}

}  // namespace tegula::app
