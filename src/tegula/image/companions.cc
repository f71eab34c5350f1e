// The formats are described at https://openslide.org/formats/.
#include "tegula/image/companions.h"

#include <algorithm>
#include <iterator>

#include "tegula/core/folders.h"
#include "tegula/core/text.h"

namespace tegula::image {
namespace {

enum class Rule : std::uint8_t {
  kFolderOfItsName,  ///< a.mrxs and a/
  kSameStart,        ///< a.vms, a(0,0).jpg, a_macro.jpg
  kSameSuffix,       ///< a.dcm, b.dcm
};
struct Row {
  std::string_view suffix;
  Rule rule;
};
constexpr Row kRows[] = {
    {".mrxs", Rule::kFolderOfItsName},  // MIRAX
    {".vms", Rule::kSameStart},         // Hamamatsu
    {".vmu", Rule::kSameStart},
    {".dcm", Rule::kSameSuffix},  // DICOM: a series lies in a folder of its own
};

bool Belongs(const std::string& name, Rule rule, const Path& image) {
  if (name == image.filename().string()) return false;
  const std::string stem = image.stem().string();
  switch (rule) {
    case Rule::kFolderOfItsName: return name == stem;
    case Rule::kSameStart: return name.starts_with(stem);
    case Rule::kSameSuffix: return ToLower(Path(name).extension().string()) == ToLower(image.extension().string());
  }
  return false;
}

}  // namespace

Result<std::vector<Path>> CompanionsOf(const std::string& name) {
  const Path image(name);
  const std::string suffix = ToLower(image.extension().string());
  const Row* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.suffix == suffix; });
  std::vector<Path> companions;
  if (row == std::end(kRows)) return companions;
  const Path folder = image.has_parent_path() ? image.parent_path() : Path(".");
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder));
  for (const std::string& beside : names)
    if (Belongs(beside, row->rule, image)) companions.push_back(folder / beside);
  return companions;
}

}  // namespace tegula::image
