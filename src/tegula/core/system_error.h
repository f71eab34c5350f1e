// core/system_error.h — what it means when the system refuses to do something with a file, and what a person can do
// about it. One table for all modules, so that a full disk is the same error whoever meets it.
#pragma once

#include <string_view>
#include <system_error>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// "cannot DOING PATH: the system's reason; what to do". `number` is an errno. kNotFound if something is not there,
/// kExhausted if the disk is full or too many files are open, otherwise kIo.
Error SystemError(std::string_view doing, const Path& path, int number);
inline Error SystemError(std::string_view doing, const Path& path, const std::error_code& failed) {
  return SystemError(doing, path, failed.value());
}

}  // namespace tegula
