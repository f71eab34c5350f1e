// spec/tree_edit.h — inside the module: trees made from other trees.
//
// Trees are never changed: each step makes new nodes that share their children with the old ones, so that nodes keep
// their places in the text and a change costs what it touches.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/spec/yaml.h"

namespace tegula::spec::internal {

using Change = std::function<NodePointer(const NodePointer&)>;

/// The value of a key; null if there is none or `mapping` is no mapping (null included).
NodePointer Get(const NodePointer& mapping, std::string_view key);
bool IsText(const NodePointer& node);

/// The mapping without a key; with a key's value replaced or added at the end.
NodePointer Without(const NodePointer& mapping, std::string_view key);
NodePointer With(const NodePointer& mapping, std::string_view key, NodePointer value);
/// The value of a key, or each item of a list, replaced by what `change` makes of it; as it is if there is none.
NodePointer Changed(const NodePointer& mapping, std::string_view key, const Change& change);
NodePointer EachItem(const NodePointer& sequence, const Change& change);

/// A scalar of the same kind with another text.
NodePointer TextLike(const NodePointer& scalar, std::string text);
/// New scalars: text that stays text whatever it looks like, and what is written as it is (numbers, true, null).
NodePointer Text(std::string_view text);
NodePointer Plain(std::string_view text);
NodePointer Number(double value);
NodePointer Number(std::int64_t value);
NodePointer List(std::vector<NodePointer> items);
/// A mapping; entries whose value is null are left out.
NodePointer Mapping(const std::vector<std::pair<std::string_view, NodePointer>>& entries);

/// What to make of nodes of a tree.
using Changes = std::map<const Node*, Change>;
/// The tree with these nodes changed wherever they stand, what is inside a node before the node itself.
NodePointer Applied(const Changes& changes, const NodePointer& tree);

}  // namespace tegula::spec::internal
