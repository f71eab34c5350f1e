// objects/annotations/feature_edit.h — a feature written again with another class or further measurements, and with
// everything else as it was.
//
// What Tegula does not know of (metadata, locks, nested objects) is in the feature's text only. So the text itself is
// changed, member by member; members keep their order, and numbers their values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/annotations/annotation.h"

namespace tegula::objects {

/// What becomes of an object.
struct FeatureEdit {
  struct Class {
    std::string name;  ///< empty: the object loses its class
    Colour colour;
  };
  std::optional<Class> classification;                       ///< nothing: it stays as it is
  std::vector<std::pair<std::string, double>> measurements;  ///< are added; those of the same name are replaced
};

/// An annotation and all that it holds, itself first, children before its siblings.
std::vector<const Annotation*> AllOf(const Annotation& annotation);

/// The text of an annotation that ReadGeoJson gave, with `edits` for each of AllOf(annotation). A bare geometry becomes
/// a feature. On one line. Memory: the tree of nlohmann's library, which for long outlines is ten times the text.
Result<std::string> EditFeature(const Annotation& annotation, std::span<const FeatureEdit> edits);

}  // namespace tegula::objects
