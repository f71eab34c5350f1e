// app/validate.h — is a description what the format asks for, and are the files there that it names?
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"
#include "tegula/spec/finding.h"

namespace tegula::app {

struct ValidateRequest {
  Path source;          ///< what ReadModel takes
  bool files = true;    ///< look at the files too, not only at the description
  bool strict = false;  ///< warnings and alerts fail as well
};

struct ValidationReport {
  std::string source;
  std::string description_file;
  std::string type;            ///< "model", ...; empty if it is not stated
  std::string format_version;  ///< as written
  std::string name;
  std::string id;
  bool files_checked = false;
  bool strict = false;
  std::vector<spec::Finding> findings;  ///< in the order of the document

  std::size_t Count(spec::Severity severity) const;
  bool failed() const;
  /// "failed" or "valid-format", in the words of the reference software. ("passed" is what `test` says.)
  std::string_view status() const { return failed() ? "failed" : "valid-format"; }
};

/// Everything that is wrong with a description. kNotFound if there is none; text that cannot be read at all is a
/// finding like others.
Result<ValidationReport> Validate(const ValidateRequest& request, const RunContext& context);

}  // namespace tegula::app
