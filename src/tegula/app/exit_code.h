// app/exit_code.h — what a program that calls `tegula` learns from its exit code; the one table of them.
#pragma once

#include <span>
#include <string_view>

#include "tegula/core/status.h"

namespace tegula::app {

struct ExitCode {
  int number;
  std::string_view meaning;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitTestFailed = 1;

/// The exit code of an error.
int ExitCodeOf(Code code);
/// All exit codes, ascending, for --help and the documentation.
std::span<const ExitCode> ExitCodes();

}  // namespace tegula::app
