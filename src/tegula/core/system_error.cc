#include "tegula/core/system_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace tegula {
namespace {

struct Row {
  int number;
  Code code;
  std::string_view advice;
};
constexpr std::string_view kMakeRoom = "make room there and give the same command again";
constexpr std::string_view kMend = "the disk or the connection to it fails; when it works again, give the same command";
constexpr std::string_view kPermit = "allow it, or name another place";
constexpr std::string_view kOpenFewer = "close other programs or raise the limit (ulimit -n)";
constexpr Row kRows[] = {
    {ENOENT, Code::kNotFound, ""},
    {ENOSPC, Code::kExhausted, kMakeRoom},
    {EDQUOT, Code::kExhausted, kMakeRoom},
    {EMFILE, Code::kExhausted, kOpenFewer},
    {ENFILE, Code::kExhausted, kOpenFewer},
    {EIO, Code::kIo, kMend},
    {ESTALE, Code::kIo, kMend},
    {ETIMEDOUT, Code::kIo, kMend},
    {EACCES, Code::kIo, kPermit},
    {EPERM, Code::kIo, kPermit},
    {EROFS, Code::kIo, kPermit},
};
constexpr Row kOther = {0, Code::kIo, ""};

}  // namespace

Error SystemError(std::string_view doing, const Path& path, int number) {
  const Row* const found =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.number == number; });
  const Row& row = found == std::end(kRows) ? kOther : *found;
  return {row.code, fmt::format("cannot {} {}: {}{}{}", doing, path.string(), std::system_category().message(number),
                                row.advice.empty() ? "" : "; ", row.advice)};
}

}  // namespace tegula
