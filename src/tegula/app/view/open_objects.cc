#include "tegula/app/view/open_objects.h"

#include <fmt/format.h>

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
  const auto open = [&]() -> Result<Opened> {
    TEGULA_ASSIGN_OR_RETURN(std::shared_ptr<const ObjectSet> set, ObjectSet::Read(file, context, is_gone));
    return Opened{std::move(set), std::make_shared<SortedObjects>()};
  };
  return opened_.Get(file.string(), stamp, open);
}

}  // namespace tegula::app
