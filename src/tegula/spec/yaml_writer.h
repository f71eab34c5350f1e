// spec/yaml_writer.h — a tree as YAML text that reads back as the same tree.
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/spec/yaml.h"

namespace tegula::spec {

/// YAML 1.2 in block style, lists of numbers and short words in one line. Text that would be taken for a number, a date
/// or null is quoted. The same tree gives the same text. kInternal if libyaml refuses (text that is not UTF-8).
Result<std::string> WriteYaml(const Node& tree);

}  // namespace tegula::spec
