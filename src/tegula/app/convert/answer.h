// app/convert/answer.h — what the process that converts says, which may be the word of a stranger's code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

namespace tegula::app {

/// How weights were made; every field is checked.
struct ConversionAnswer {
  std::string framework_version;  ///< at most 40 letters, digits, dots, plus and minus signs
  std::string how;                ///< "traced", "scripted", "exported"
  std::optional<std::int64_t> opset_version;
  std::string wants_consent;  ///< why code would have to run; then nothing was made. Empty otherwise
};

/// Errors are those that the process tells (kUnsupported, kExhausted), and kUnsupported for what is no answer.
Result<ConversionAnswer> ParseConversion(std::string_view text);

/// What a Python said that was asked what it has.
struct ProbeAnswer {
  std::string executable;
  std::vector<std::string> missing;  ///< modules that it cannot import
};
std::optional<ProbeAnswer> ParseProbe(std::string_view text);

/// Text of a stranger as a part of a sentence: one line without control characters, 600 bytes at most.
std::string OneLine(std::string_view text);

}  // namespace tegula::app
