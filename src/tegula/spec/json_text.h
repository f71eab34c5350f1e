// spec/json_text.h — a part of a description as JSON, for programs that take it as it is.
#pragma once

#include <string>

#include "tegula/spec/yaml.h"

namespace tegula::spec {

/// The node in one line of JSON as Python reads and writes it: numbers beyond JSON are Infinity, -Infinity and NaN.
/// Plain scalars are what YAML 1.2 takes them for; dates stay text. Linear in the size of the tree.
std::string ToJson(const Node& node);

}  // namespace tegula::spec
