// spec/finding.h — everything that is wrong with a description, not only the first thing.
//
// An author who mends a description wants the whole list, each entry with its place. So readers of a description never
// stop at a problem: they note it, go on with a harmless value, and whoever asked for the description looks at the
// list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::spec {

enum class Severity : std::uint8_t {
  kInfo,     ///< a remark
  kWarning,  ///< allowed, but the author should know
  kAlert,    ///< allowed, but others will miss it or fail over it
  kError,    ///< breaks the format
};
std::string_view SeverityName(Severity severity);  ///< "info", "warning", "alert", "error"

/// One thing that deserves mending: where, a sentence without a full stop, and what to do if that is not obvious from
/// it.
struct Finding {
  Severity severity = Severity::kError;
  std::string path;  ///< "inputs[0].axes[2].size"; empty for the whole document
  int line = 0;      ///< from 1, as column; of the nearest enclosing value where the one that is meant is missing
  int column = 0;
  std::string sentence;
  std::string hint = {};  ///< "did you mean 'preprocessing'?"; may be empty
};

/// Whether one of them is an error.
bool HasErrors(const std::vector<Finding>& findings);

/// Text of any length and content as a sentence can hold it: on one line, cut after `most` bytes with "...".
std::string Shortened(std::string_view text, std::size_t most);

/// "line 12: inputs[0].axes[2].size: must be a whole number, is 'many'".
std::string ToString(const Finding& finding);

/// The errors among them joined by "; ", the first eight in full.
std::string JoinErrors(const std::vector<Finding>& findings);

}  // namespace tegula::spec
