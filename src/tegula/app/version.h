// app/version.h — the version of the program, as in --version and in run records.
#pragma once

#include <string_view>

namespace tegula::app {

std::string_view Version();

}  // namespace tegula::app
