// app/earlier_windows.h — the windows that a run in a folder has, or had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tegula/core/files.h"
#include "tegula/core/interval.h"
#include "tegula/core/status.h"

namespace tegula::app {

/// Of the run that was cut off in `folder`, or else of the complete one; nothing along the axes that no run tells of.
/// kIo.
Result<PerAxis<std::optional<std::int64_t>>> EarlierWindows(const Path& folder);
/// The same as `predict --tile` takes them, without axes along which they are single; empty if there are none. kIo.
Result<std::string> EarlierWindowWords(const Path& folder);

}  // namespace tegula::app
