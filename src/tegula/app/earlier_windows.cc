#include "tegula/app/earlier_windows.h"

#include <fmt/format.h>

#include "tegula/app/run_facts.h"
#include "tegula/app/staging.h"
#include "tegula/core/text.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {
Result<PerAxis<std::optional<std::int64_t>>> EarlierWindows(const Path& folder) {
  PerAxis<std::optional<std::int64_t>> windows;
  TEGULA_ASSIGN_OR_RETURN(const std::optional<RunKey> key, Staging::CutOffIn(folder));
  if (key) {
    for (const GridAxis axis : kGridAxes)
      if (const std::string* window = key->Find(WindowFact(axis))) windows[axis] = ParseInt(*window);
    return windows;
  }
  const Result<outputs::RunRecord> record = outputs::ReadRunRecord(folder);
  if (!record.ok() && record.error().code == Code::kIo) return record.error();
  if (!record.ok()) return windows;
  for (const outputs::TileAxisRecord& along : record->tiles.axes)
    for (const GridAxis axis : kGridAxes)
      if (along.axis == std::string(1, GridAxisName(axis))) windows[axis] = along.tile;
  return windows;
}

Result<std::string> EarlierWindowWords(const Path& folder) {
  TEGULA_ASSIGN_OR_RETURN(const PerAxis<std::optional<std::int64_t>> windows, EarlierWindows(folder));
  std::string words;
  for (const GridAxis axis : kGridAxes)
    if (windows[axis].value_or(1) > 1)
      words += fmt::format("{}{}={}", words.empty() ? "" : ",", GridAxisName(axis), *windows[axis]);
  return words;
}

}  // namespace tegula::app
