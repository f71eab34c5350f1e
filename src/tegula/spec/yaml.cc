#include "tegula/spec/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <map>

#include "tegula/core/text.h"

namespace tegula::spec {
namespace {

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) { return std::find(words.begin(), words.end(), text) != words.end(); }

// YAML allows comments before %YAML, libyaml does not: what stands before the directive is blanked, so that lines keep their numbers.
std::string WithoutLeadingComments(std::string_view text) {
  std::string copy(text);
  std::size_t at = 0;
  while (at < copy.size()) {
    const std::size_t end = std::min(copy.find('\n', at), copy.size());
    const std::string_view line = Trim(std::string_view(copy).substr(at, end - at));
    if (!line.empty() && line[0] != '#') break;
    at = end + 1;
  }
  if (at < copy.size() && copy[at] == '%') std::replace_if(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(at), [](char c) { return c != '\n'; }, ' ');
  return copy;
}

class Builder {
 public:
  Builder(std::string_view text, const Limits& limits) : limits_(limits), text_(WithoutLeadingComments(text)) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  ~Builder() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  Result<std::shared_ptr<const Node>> Document() {
    do {
      TEGULA_TRY(Next());
      if (event_.type == YAML_STREAM_END_EVENT) return CorruptError("the yaml is empty");
    } while (event_.type == YAML_STREAM_START_EVENT || event_.type == YAML_DOCUMENT_START_EVENT);
    std::int64_t nodes = 0;
    TEGULA_ASSIGN_OR_RETURN(std::shared_ptr<const Node> root, Value(0, nodes));
    do {
      TEGULA_TRY(Next());
      if (event_.type == YAML_DOCUMENT_START_EVENT) return Here("there is more than one yaml document");
    } while (event_.type != YAML_STREAM_END_EVENT);
    return root;
  }

 private:
  struct Anchor {
    std::shared_ptr<const Node> node;
    std::int64_t nodes;
  };

  Status Next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return Ok();
    return CorruptError(fmt::format("line {}, column {}: {}", parser_.problem_mark.line + 1, parser_.problem_mark.column + 1,
                                    parser_.problem == nullptr ? "not yaml" : parser_.problem));
  }

  Error Here(std::string_view what) const {
    return CorruptError(fmt::format("line {}, column {}: {}", event_.start_mark.line + 1, event_.start_mark.column + 1, what));
  }

  // The node that the current event begins; `nodes` grows by what it holds, aliases expanded.
  Result<std::shared_ptr<const Node>> Value(int depth, std::int64_t& nodes) {
    if (depth > limits_.yaml_depth) return ExhaustedError(fmt::format("the yaml is nested more than {} deep", limits_.yaml_depth));
    if (event_.type == YAML_ALIAS_EVENT) {
      const auto anchor = anchors_.find(reinterpret_cast<const char*>(event_.data.alias.anchor));
      if (anchor == anchors_.end()) return Here("an alias to something that is not defined before it");
      TEGULA_TRY(Count(anchor->second.nodes, nodes));
      return anchor->second.node;
    }
    auto node = std::make_shared<Node>();
    node->line = static_cast<int>(event_.start_mark.line) + 1;
    node->column = static_cast<int>(event_.start_mark.column) + 1;
    std::string anchor;
    std::int64_t own = 0;
    TEGULA_TRY(Count(1, own));
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        if (event_.data.scalar.anchor != nullptr) anchor = reinterpret_cast<const char*>(event_.data.scalar.anchor);
        node->text.assign(reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length);
        node->is_plain = event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        break;
      case YAML_SEQUENCE_START_EVENT:
        if (event_.data.sequence_start.anchor != nullptr) anchor = reinterpret_cast<const char*>(event_.data.sequence_start.anchor);
        node->kind = Node::Kind::kSequence;
        TEGULA_TRY(Items(*node, depth, own));
        break;
      case YAML_MAPPING_START_EVENT:
        if (event_.data.mapping_start.anchor != nullptr) anchor = reinterpret_cast<const char*>(event_.data.mapping_start.anchor);
        node->kind = Node::Kind::kMapping;
        TEGULA_TRY(Entries(*node, depth, own));
        break;
      default: return Here("a value was expected");
    }
    TEGULA_TRY(Count(own, nodes));
    if (!anchor.empty()) anchors_[anchor] = {node, own};
    return std::shared_ptr<const Node>(std::move(node));
  }

  Status Items(Node& node, int depth, std::int64_t& nodes) {
    for (;;) {
      TEGULA_TRY(Next());
      if (event_.type == YAML_SEQUENCE_END_EVENT) return Ok();
      TEGULA_ASSIGN_OR_RETURN(std::shared_ptr<const Node> item, Value(depth + 1, nodes));
      node.items.push_back(std::move(item));
    }
  }

  Status Entries(Node& node, int depth, std::int64_t& nodes) {
    std::map<std::string, bool> seen;
    for (;;) {
      TEGULA_TRY(Next());
      if (event_.type == YAML_MAPPING_END_EVENT) return Ok();
      if (event_.type != YAML_SCALAR_EVENT) return Here("a key must be plain text");
      std::string key(reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length);
      if (!seen.emplace(key, true).second) return Here(fmt::format("the key '{}' stands twice", key));
      TEGULA_TRY(Next());
      TEGULA_ASSIGN_OR_RETURN(std::shared_ptr<const Node> value, Value(depth + 1, nodes));
      node.entries.push_back({std::move(key), std::move(value)});
    }
  }

  Status Count(std::int64_t more, std::int64_t& nodes) const {
    nodes += more;
    if (nodes > limits_.yaml_nodes) return ExhaustedError(fmt::format("the yaml holds more than {} values, aliases counted", limits_.yaml_nodes));
    return Ok();
  }

  const Limits& limits_;
  std::string text_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::map<std::string, Anchor> anchors_;
};

}  // namespace

bool Node::is_null() const noexcept { return is_scalar() && is_plain && IsOneOf(text, {"", "~", "null", "Null", "NULL"}); }

const Node* Node::Find(std::string_view key) const noexcept {
  for (const Entry& entry : entries)
    if (entry.key == key) return entry.value.get();
  return nullptr;
}

std::optional<std::int64_t> Node::AsInt() const {
  if (!is_scalar() || !is_plain) return std::nullopt;
  std::string digits = text;
  std::erase(digits, '_');
  int base = 10;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0x")) base = 16;
  if (base == 10) return ParseInt(digits);
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data() + 2, end, value, base);
  return parsed.ec == std::errc() && parsed.ptr == end && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<double> Node::AsDouble() const {
  if (!is_scalar() || !is_plain) return std::nullopt;
  if (const std::optional<std::int64_t> whole = AsInt()) return static_cast<double>(*whole);
  const std::string lower = ToLower(text);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (IsOneOf(lower, {".inf", "+.inf", "inf", "+inf", "infinity"})) return kInfinity;
  if (IsOneOf(lower, {"-.inf", "-inf", "-infinity"})) return -kInfinity;
  if (IsOneOf(lower, {".nan", "nan"})) return std::numeric_limits<double>::quiet_NaN();
  if (lower.empty() || (std::isdigit(static_cast<unsigned char>(lower.back())) == 0 && lower.back() != '.')) return std::nullopt;
  std::string digits = lower;
  std::erase(digits, '_');
  return ParseDouble(digits);
}

std::optional<bool> Node::AsBool() const {
  if (!is_scalar() || !is_plain) return std::nullopt;
  if (IsOneOf(text, {"true", "True", "TRUE"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE"})) return false;
  return std::nullopt;
}

std::optional<std::string> Node::AsString() const {
  if (!is_scalar() || is_null()) return std::nullopt;
  return text;
}

Result<std::shared_ptr<const Node>> ParseYaml(std::string_view text, const Limits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.description_bytes)
    return ExhaustedError(fmt::format("the description has {} bytes, more than the limit of {}", text.size(), limits.description_bytes));
  return Builder(text, limits).Document();
}

}  // namespace tegula::spec
