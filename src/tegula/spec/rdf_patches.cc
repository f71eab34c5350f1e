#include "tegula/spec/rdf_patches.h"

#include <algorithm>
#include <string>

#include "tegula/spec/tree_edit.h"

namespace tegula::spec::internal {
namespace {

NodePointer WithoutSlashes(const NodePointer& text) {
  if (!IsText(text)) return text;
  std::string kept = text->text;
  std::erase_if(kept, [](char c) { return c == '/' || c == '\\'; });
  return TextLike(text, std::move(kept));
}

NodePointer WithoutSlashesInNames(NodePointer root) {
  root = Changed(root, "name", WithoutSlashes);
  const Change person = [](const NodePointer& item) { return Changed(item, "name", WithoutSlashes); };
  for (const std::string_view group : {"authors", "maintainers"})
    root = Changed(root, group, [&](const NodePointer& people) { return EachItem(people, person); });
  return root;
}

// The collection's name of a model stood in config before the format had a place for it.
NodePointer WithIdFromConfig(NodePointer root) {
  const NodePointer config = Get(Get(root, "config"), "bioimageio");
  const auto take = [&](std::string_view from, std::string_view to) {
    const NodePointer value = Get(config, from);
    if (value != nullptr && !value->is_null()) root = With(root, to, value);
  };
  take("nickname", "id");
  take("nickname_icon", "id_emoji");
  return root;
}

NodePointer WithoutGithubPrefix(const NodePointer& person) {
  return Changed(person, "github_user", [](const NodePointer& user) {
    constexpr std::string_view kPrefix = "https://github.com/";
    return IsText(user) && user->text.starts_with(kPrefix) ? TextLike(user, user->text.substr(kPrefix.size())) : user;
  });
}

// What holds whatever the patch version.
NodePointer Tidied(NodePointer root) {
  for (const std::string_view group : {"authors", "maintainers"})
    root = Changed(root, group, [](const NodePointer& people) { return EachItem(people, WithoutGithubPrefix); });
  const NodePointer future = Get(Get(root, "config"), "future");
  if (future != nullptr && future->is_mapping() && future->entries.empty())
    root = Changed(root, "config", [](const NodePointer& config) { return Without(config, "future"); });
  return root;
}

// --- 0.3 ---

// A list of names as a list of people, with what config.future held back for them.
NodePointer AsPeople(const NodePointer& names, const NodePointer& updates) {
  if (!names->is_sequence()) return names;
  const auto people = std::make_shared<Node>(*names);
  for (std::size_t i = 0; i < people->items.size(); ++i) {
    const auto person = std::make_shared<Node>();
    person->kind = Node::Kind::kMapping;
    person->line = people->items[i]->line;
    person->column = people->items[i]->column;
    person->entries.push_back({"name", people->items[i]});
    NodePointer complete = person;
    if (updates != nullptr && updates->is_sequence() && i < updates->items.size() && updates->items[i]->is_mapping())
      for (const Node::Entry& entry : updates->items[i]->entries) complete = With(complete, entry.key, entry.value);
    people->items[i] = complete;
  }
  return people;
}

NodePointer From031(NodePointer root) {
  const NodePointer future = Get(Get(Get(root, "config"), "future"), "0.3.2");
  for (const std::string_view group : {"authors", "packaged_by"})
    root = Changed(root, group, [&](const NodePointer& names) { return AsPeople(names, Get(future, group)); });
  const NodePointer weights = Get(root, "weights");
  if (weights != nullptr && weights->is_mapping()) {
    NodePointer changed = weights;
    for (const Node::Entry& entry : weights->entries)
      changed = Changed(changed, entry.key, [&](const NodePointer& value) {
        return Changed(value, "authors", [&](const NodePointer& names) {
          return AsPeople(names, Get(Get(Get(future, "weights"), entry.key), "authors"));
        });
      });
    root = With(root, "weights", changed);
  }
  if (const NodePointer version = Get(future, "version")) root = With(root, "version", version);
  return Changed(root, "config", [](const NodePointer& config) {
    return Changed(config, "future", [](const NodePointer& all) { return Without(all, "0.3.2"); });
  });
}

NodePointer From032(const NodePointer& root) {
  const Change shape = [](const NodePointer& value) {
    const NodePointer input = Get(value, "reference_input");
    return input == nullptr ? value : With(Without(value, "reference_input"), "reference_tensor", input);
  };
  const Change output = [&](const NodePointer& value) { return Changed(value, "shape", shape); };
  return Changed(root, "outputs", [&](const NodePointer& outputs) { return EachItem(outputs, output); });
}

// The network's source stood at the root, as all models were of PyTorch or Keras.
NodePointer From036(NodePointer root) {
  const std::pair<std::string_view, std::string_view> moved[] = {
      {"source", "architecture"}, {"sha256", "architecture_sha256"}, {"kwargs", "kwargs"}};
  root = Without(Without(root, "language"), "framework");
  NodePointer weights = Get(root, "weights");
  for (const auto& [from, to] : moved) {
    const NodePointer value = Get(root, from);
    root = Without(root, from);
    const NodePointer entry = Get(weights, "pytorch_state_dict");
    if (value != nullptr && !value->is_null() && entry != nullptr && entry->is_mapping())
      weights = With(weights, "pytorch_state_dict", With(entry, to, value));
  }
  if (const NodePointer script = Get(weights, "pytorch_script"))
    weights = With(Without(weights, "pytorch_script"), "torchscript", script);
  return weights == nullptr ? root : With(root, "weights", weights);
}

// --- 0.4 ---

NodePointer From040(NodePointer root) {
  const NodePointer dependencies = Get(root, "dependencies");
  root = Without(root, "dependencies");
  const NodePointer entry = Get(Get(root, "weights"), "pytorch_state_dict");
  if (dependencies == nullptr || dependencies->is_null() || entry == nullptr || !entry->is_mapping()) return root;
  return Changed(root, "weights", [&](const NodePointer& weights) {
    return With(weights, "pytorch_state_dict", With(entry, "dependencies", dependencies));
  });
}

NodePointer From044(NodePointer root) {
  const NodePointer parent = Get(root, "parent"), uri = Get(parent, "uri");
  root = Without(root, "parent");
  return uri == nullptr ? root : With(root, "parent", uri);
}

NodePointer WithFormatVersion(const NodePointer& root, std::string version) {
  return Changed(root, "format_version", [&](const NodePointer& old) { return TextLike(old, version); });
}

}  // namespace

NodePointer AsModel04(NodePointer root) {
  const NodePointer written = Get(root, "format_version");
  if (!IsText(written)) return root;
  const std::string& version = written->text;
  const auto is = [&](std::initializer_list<std::string_view> versions) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  const bool is_03 = is({"0.3.0", "0.3.1", "0.3.2", "0.3.3", "0.3.4", "0.3.5", "0.3.6"});
  const bool is_old_04 = is({"0.4.0", "0.4.1", "0.4.2", "0.4.3", "0.4.4", "0.4.5", "0.4.6", "0.4.7", "0.4.8", "0.4.9"});
  if (is({"0.3.0", "0.3.1"})) root = From031(root);
  if (is({"0.3.0", "0.3.1", "0.3.2"})) root = From032(root);
  if (is_03) root = From036(root);
  if (is_03 || is({"0.4.0"})) root = From040(root);
  if (is_03 || is({"0.4.0", "0.4.1", "0.4.2", "0.4.3", "0.4.4"})) root = From044(root);
  if (is_03 || is({"0.4.0", "0.4.1", "0.4.2", "0.4.3", "0.4.4", "0.4.5", "0.4.6"})) root = WithoutSlashesInNames(root);
  if (is_03 || is_old_04) root = WithFormatVersion(WithIdFromConfig(root), "0.4.10");
  return Tidied(root);
}

NodePointer AsOther02(NodePointer root) {
  const NodePointer written = Get(root, "format_version");
  if (!IsText(written)) return root;
  const std::string version = written->text;
  if (version == "0.2.0" || version == "0.2.1" || version == "0.2.2") root = WithoutSlashesInNames(root);
  if (version == "0.2.0" || version == "0.2.1" || version == "0.2.2" || version == "0.2.3")
    root = WithFormatVersion(WithIdFromConfig(root), "0.2.4");
  return Tidied(root);
}

}  // namespace tegula::spec::internal
