// Any bytes as what the process that converts says.

#include <algorithm>
#include <cstdint>

#include "tegula/app/convert/answer.h"

namespace {
bool IsPlain(const std::string& text) {
  return text.size() <= 600 && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tegula::Result<tegula::app::ConversionAnswer> answer = tegula::app::ParseConversion(text);
  // An answer says how, or why not.
  if (answer.ok() && answer->how.empty() == answer->wants_consent.empty()) __builtin_trap();
  if (!answer.ok() && (answer.error().what.empty() || answer.error().code == tegula::Code::kInternal)) __builtin_trap();
  if (answer.ok() && !(IsPlain(answer->wants_consent) && IsPlain(answer->framework_version))) __builtin_trap();
  const std::optional<tegula::app::ProbeAnswer> probe = tegula::app::ParseProbe(text);
  if (probe && (probe->executable.empty() || !IsPlain(probe->executable))) __builtin_trap();
  return 0;
}
