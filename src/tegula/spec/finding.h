// spec/finding.h — everything that is wrong with a description, not only the first thing.
#pragma once

#include <string>
#include <vector>

namespace tegula::spec {

/// One thing that breaks the format: where, and a sentence.
struct Finding {
  std::string path;  ///< "inputs[0].axes[2].size"
  int line = 0;
  int column = 0;
  std::string sentence;
};

/// "line 12: inputs[0].axes[2].size: must be a whole number", all findings joined by "; ".
std::string ToString(const std::vector<Finding>& findings);

}  // namespace tegula::spec
