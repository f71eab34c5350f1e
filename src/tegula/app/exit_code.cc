#include "tegula/app/exit_code.h"

namespace tegula::app {
namespace {

struct Row {
  Code code;
  ExitCode exit;
};
constexpr Row kRows[] = {
    {Code::kInvalid, {2, "the command, the model description or their combination with the image is wrong"}},
    {Code::kUnsupported, {3, "well-formed, but Tegula does not run it"}},
    {Code::kNotFound, {4, "a file, channel or engine is not there"}},
    {Code::kIo, {5, "a file could not be read or written"}},
    {Code::kCorrupt, {6, "the content of a file contradicts its format or its checksum"}},
    {Code::kExhausted, {7, "memory, disk or a limit is used up"}},
    {Code::kInternal, {70, "a defect of Tegula or of a library below it"}},
    {Code::kCancelled, {130, "stopped on request"}},
};
constexpr ExitCode kAll[] = {
    {kExitOk, "done"},
    {kExitTestFailed,
     "`test`: the model does not reproduce its test outputs; `validate`: the description "
     "breaks the format; `predict`, `objects`, `measure`, `classify`: of several images not all "
     "could be done; `predict`: --verify found that a result depends on its tiles; "
     "`zoo report`: a model that ran before does not"},
    kRows[0].exit,
    kRows[1].exit,
    kRows[2].exit,
    kRows[3].exit,
    kRows[4].exit,
    kRows[5].exit,
    kRows[6].exit,
    kRows[7].exit};

}  // namespace

int ExitCodeOf(Code code) {
  for (const Row& row : kRows)
    if (row.code == code) return row.exit.number;
  return 70;
}

std::span<const ExitCode> ExitCodes() { return kAll; }

}  // namespace tegula::app
