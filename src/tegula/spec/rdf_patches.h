// spec/rdf_patches.h — inside the module: descriptions of older patch versions as the newest patch version writes them.
//
// Within 0.4, and from 0.3 to it, fields were renamed and moved; nothing changed its meaning. So these changes are made
// to the tree, nodes keep their places in the text, and only one reader per generation is needed. Nothing that the
// newer version can say is lost. Order and cases are those of the reference software's converters.
#pragma once

#include "tegula/spec/yaml.h"

namespace tegula::spec::internal {

/// Models 0.3.x and 0.4.x as 0.4.10. What has no such version is returned as it is.
NodePointer AsModel04(NodePointer root);
/// Other descriptions 0.2.x as 0.2.4.
NodePointer AsOther02(NodePointer root);

}  // namespace tegula::spec::internal
