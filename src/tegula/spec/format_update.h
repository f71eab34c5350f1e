// spec/format_update.h — a description in the words of the newest format.
//
// For authors who want to move on, not for running: older versions are read natively. What the newest format cannot say
// is listed, not dropped without a word.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/spec/rdf.h"

namespace tegula::spec {

struct UpdatedDescription {
  std::string yaml;
  std::vector<std::string> notes;  ///< what could not be carried over or had to be made up, a sentence each
};

/// A model of any version as 0.5.14. Shapes, halos, ranges, modes of operations and checksums are kept; operations are
/// written with the casts that their version implies. kInvalid for a description that breaks its own format, with all
/// findings; kUnsupported for what is no model.
Result<UpdatedDescription> UpdateFormat(const ReadDescription& read);

}  // namespace tegula::spec
