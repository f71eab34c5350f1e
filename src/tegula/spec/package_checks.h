// spec/package_checks.h — what can be said about a description only with the files that it names.
#pragma once

#include <vector>

#include "tegula/spec/finding.h"
#include "tegula/spec/package.h"

namespace tegula::spec {

/// Opens every file that a description names and compares: whether it is there and has the stated sha256; whether test
/// tensors have the described axes, sizes and element types, and values that a comparison can tell from zero
/// (reference: bioimageio.spec, validation with io checks). Files on the network are named and not looked at.
/// Cost: every file is read once. One thread.
std::vector<Finding> CheckFiles(const Package& package, const Limits& limits = {});

}  // namespace tegula::spec
