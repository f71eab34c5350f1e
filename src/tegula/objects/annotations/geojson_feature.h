// objects/annotations/geojson_feature.h — from the tree of one feature to an annotation.
//
// Reads what QuPath writes (0.6 and later) and what its older versions wrote: types in `id` (0.2), measurements as
// lists (before 0.4), colours as one number. Out of scope: what QuPath draws differently from what the geometry says
// (isEllipse).
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/objects/annotations/annotation.h"
#include "tegula/objects/annotations/json_tree.h"

namespace tegula::objects {

/// A feature's own name, or that of its class, as messages show it; empty if it has none. Takes any tree.
std::string NameInMessages(const JsonValue& feature);

/// A feature, or a geometry alone, without `index` and `json`. kCorrupt or kUnsupported with a sentence that begins
/// with "its", or with the child of which it speaks.
Result<Annotation> ReadFeature(const JsonValue& feature);

}  // namespace tegula::objects
