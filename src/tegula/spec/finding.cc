#include "tegula/spec/finding.h"

#include <fmt/format.h>

#include <algorithm>

namespace tegula::spec {
namespace {
bool IsError(const Finding& finding) { return finding.severity == Severity::kError; }
}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kInfo: return "info";
    case Severity::kWarning: return "warning";
    case Severity::kAlert: return "alert";
    case Severity::kError: break;
  }
  return "error";
}

bool HasErrors(const std::vector<Finding>& findings) { return std::any_of(findings.begin(), findings.end(), IsError); }

std::string Shortened(std::string_view text, std::size_t most) {
  std::size_t end = std::min(text.size(), most);
  const auto is_inside_character = [&] {
    return end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && is_inside_character()) --end;
  std::string shown(text.substr(0, end));
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return end < text.size() ? shown + "..." : shown;
}

std::string ToString(const Finding& finding) {
  std::string text;
  if (finding.line > 0) text += fmt::format("line {}: ", finding.line);
  if (!finding.path.empty()) text += finding.path + ": ";
  text += finding.sentence;
  if (!finding.hint.empty()) text += fmt::format(" ({})", finding.hint);
  return text;
}

std::string JoinErrors(const std::vector<Finding>& findings) {
  constexpr int kShown = 8;
  std::string text;
  int errors = 0;
  for (const Finding& finding : findings) {
    if (!IsError(finding) || ++errors > kShown) continue;
    text += (text.empty() ? "" : "; ") + ToString(finding);
  }
  if (errors > kShown) text += fmt::format("; and {} more", errors - kShown);
  return text;
}

}  // namespace tegula::spec
