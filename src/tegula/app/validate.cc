#include "tegula/app/validate.h"

#include <algorithm>

#include "tegula/app/model_source.h"
#include "tegula/spec/package.h"
#include "tegula/spec/package_checks.h"

namespace tegula::app {
namespace {

bool StandsBefore(const spec::Finding& a, const spec::Finding& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

}  // namespace

std::size_t ValidationReport::Count(spec::Severity severity) const {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [&](const spec::Finding& finding) { return finding.severity == severity; }));
}

bool ValidationReport::failed() const {
  return std::any_of(findings.begin(), findings.end(), [&](const spec::Finding& finding) {
    return finding.severity >= (strict ? spec::Severity::kWarning : spec::Severity::kError);
  });
}

Result<ValidationReport> Validate(const ValidateRequest& request, const RunContext& context) {
  ValidationReport report;
  report.source = request.source.string();
  report.strict = request.strict;
  Result<spec::Package> package = ReadModel(request.source, context);
  if (!package.ok()) {
    // What is no description, or one that no one can read: for a validator that is an answer.
    if (package.error().code == Code::kNotFound || package.error().code == Code::kIo) return package.error();
    report.findings.push_back({spec::Severity::kError, "", 0, 0, ToString(package.error()), ""});
    return report;
  }
  const spec::ReadDescription& read = package->read();
  report.description_file = package->description_file();
  report.type = read.type;
  report.format_version = read.model.format_version;
  report.name = read.model.name;
  report.id = read.model.id;
  report.findings = read.findings;
  if (request.files) {
    const std::vector<spec::Finding> more = spec::CheckFiles(*package, context.limits);
    report.findings.insert(report.findings.end(), more.begin(), more.end());
    report.files_checked = true;
  }
  std::stable_sort(report.findings.begin(), report.findings.end(), StandsBefore);
  return report;
}

}  // namespace tegula::app
