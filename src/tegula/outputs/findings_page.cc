#include "tegula/outputs/findings_page.h"

#include <fmt/format.h>

#include "tegula/outputs/html.h"

namespace tegula::outputs {

namespace {

// Paths are long words; they may be broken where their parts meet.
std::string Breakable(std::string_view path) {
  std::string html;
  for (const char c : EscapeHtml(path)) {
    html += c;
    if (c == '.' || c == '_') html += "<wbr>";
  }
  return html;
}

}  // namespace

std::string RenderFindingsPage(const std::string& title, const std::string& summary,
                               std::span<const spec::Finding> findings) {
  std::string html = PageHead(title);
  html +=
      "<style>td.error{color:#b3261e;font-weight:600}td.alert{color:var(--warn)}td "
      "code{overflow-wrap:anywhere}</style>\n";
  html += fmt::format("<header><p class=\"kicker\">Validation</p><h1>{}</h1><p class=\"lead\">{}</p></header>\n",
                      EscapeHtml(title), EscapeHtml(summary));
  if (!findings.empty())
    html += "<table><tr><th>Severity</th><th class=\"number\">Line</th><th>Where</th><th>What</th></tr>\n";
  for (const spec::Finding& finding : findings) {
    const std::string_view severity = spec::SeverityName(finding.severity);
    const std::string hint =
        finding.hint.empty() ? "" : fmt::format("<br><span class=\"small\">{}</span>", EscapeHtml(finding.hint));
    html += fmt::format(
        "<tr><td class=\"{0}\">{0}</td><td class=\"number\">{1}</td><td><code>{2}</code></td><td>{3}{4}</td></tr>\n",
        severity, finding.line > 0 ? fmt::format("{}", finding.line) : "", Breakable(finding.path),
        EscapeHtml(finding.sentence), hint);
  }
  if (!findings.empty()) html += "</table>\n";
  return html + "</body></html>\n";
}

}  // namespace tegula::outputs
