#include "tegula/spec/tree_edit.h"

#include <fmt/format.h>

#include <algorithm>

namespace tegula::spec::internal {
namespace {

NodePointer Scalar(std::string_view text, bool is_plain) {
  const auto node = std::make_shared<Node>();
  node->text = text;
  node->is_plain = is_plain;
  return node;
}

}  // namespace

NodePointer Get(const NodePointer& mapping, std::string_view key) {
  if (mapping == nullptr || !mapping->is_mapping()) return nullptr;
  for (const Node::Entry& entry : mapping->entries)
    if (entry.key == key) return entry.value;
  return nullptr;
}

bool IsText(const NodePointer& node) { return node != nullptr && node->is_scalar() && node->AsText().has_value(); }

NodePointer Without(const NodePointer& mapping, std::string_view key) {
  if (Get(mapping, key) == nullptr) return mapping;
  const auto changed = std::make_shared<Node>(*mapping);
  std::erase_if(changed->entries, [&](const Node::Entry& entry) { return entry.key == key; });
  return changed;
}

NodePointer With(const NodePointer& mapping, std::string_view key, NodePointer value) {
  const auto changed = std::make_shared<Node>(*mapping);
  for (Node::Entry& entry : changed->entries)
    if (entry.key == key) {
      entry.value = std::move(value);
      return changed;
    }
  changed->entries.push_back({std::string(key), std::move(value)});
  return changed;
}

NodePointer Changed(const NodePointer& mapping, std::string_view key, const Change& change) {
  const NodePointer value = Get(mapping, key);
  return value == nullptr ? mapping : With(mapping, key, change(value));
}

NodePointer EachItem(const NodePointer& sequence, const Change& change) {
  if (!sequence->is_sequence()) return sequence;
  const auto changed = std::make_shared<Node>(*sequence);
  for (NodePointer& item : changed->items) item = change(item);
  return changed;
}

NodePointer TextLike(const NodePointer& scalar, std::string text) {
  const auto changed = std::make_shared<Node>(*scalar);
  changed->text = std::move(text);
  return changed;
}

NodePointer Text(std::string_view text) { return Scalar(text, false); }
NodePointer Plain(std::string_view text) { return Scalar(text, true); }
NodePointer Number(double value) { return Scalar(fmt::format("{}", value), true); }
NodePointer Number(std::int64_t value) { return Scalar(fmt::format("{}", value), true); }

NodePointer List(std::vector<NodePointer> items) {
  const auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kSequence;
  node->items = std::move(items);
  return node;
}

NodePointer Mapping(const std::vector<std::pair<std::string_view, NodePointer>>& entries) {
  const auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kMapping;
  for (const auto& [key, value] : entries)
    if (value != nullptr) node->entries.push_back({std::string(key), value});
  return node;
}

NodePointer Applied(const Changes& changes, const NodePointer& tree) {
  NodePointer result = tree;
  if (!tree->is_scalar()) {
    const auto changed = std::make_shared<Node>(*tree);
    bool differs = false;
    const auto apply = [&](NodePointer& child) {
      NodePointer other = Applied(changes, child);
      differs = differs || other != child;
      child = std::move(other);
    };
    for (NodePointer& item : changed->items) apply(item);
    for (Node::Entry& entry : changed->entries) apply(entry.value);
    if (differs) result = changed;
  }
  const auto change = changes.find(tree.get());
  return change == changes.end() ? result : change->second(result);
}

}  // namespace tegula::spec::internal
