// app/version.h — the version of the program, as in --version and in run records.
#pragma once

#include <cstdint>
#include <string_view>

namespace tegula::app {

std::string_view Version();

/// Raised with every change after which the same request gives other values, so that what was made before knows.
inline constexpr std::int64_t kAnswers = 3;

}  // namespace tegula::app
