#include "tegula/spec/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "tegula/core/text.h"
#include "tegula/spec/finding.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec {
namespace {

constexpr std::size_t kLongestName = 60;  // in messages

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// YAML allows comments before %YAML, libyaml does not: what stands before the directive is blanked, so that lines keep
// their numbers.
std::string WithoutCommentsBeforeDirective(std::string_view text) {
  std::string copy(text);
  std::size_t at = 0;
  while (at < copy.size()) {
    const std::size_t end = std::min(copy.find('\n', at), copy.size());
    const std::string_view line = Trim(std::string_view(copy).substr(at, end - at));
    if (!line.empty() && line[0] != '#') break;
    at = end + 1;
  }
  if (at >= copy.size() || copy[at] != '%') return copy;
  std::replace_if(
      copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(at), [](char c) { return c != '\n'; }, ' ');
  return copy;
}

// The code unit of a \u with four digits at the front of a text, or -1.
int EscapedUnit(std::string_view text) {
  constexpr std::size_t kLength = 6;
  unsigned unit = 0;
  if (text.size() < kLength || !text.starts_with("\\u")) return -1;
  const auto parsed = std::from_chars(text.data() + 2, text.data() + kLength, unit, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + kLength ? static_cast<int>(unit) : -1;
}

// JSON writes characters beyond the first 65536 as two escapes (surrogates), which YAML does not know: one escape of
// eight digits stands for both. Only for text that is JSON.
std::string WithoutSurrogates(std::string text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos || text[begin] != '{') return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const int high = EscapedUnit(rest), low = high < 0 ? -1 : EscapedUnit(rest.substr(6));
    if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      out += fmt::format("\\U{:08X}", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
      at += 12;
    } else {
      const std::size_t taken = rest.starts_with("\\\\") ? 2 : 1;  // an escaped backslash begins no other escape
      out += rest.substr(0, taken);
      at += taken;
    }
  }
  return out;
}

// libyaml takes quadratic time for these, and descriptions have no use for them.
bool HasManyTagDirectives(std::string_view text) {
  constexpr int kMost = 16;
  int found = text.starts_with("%TAG") ? 1 : 0;
  for (std::size_t at = text.find("\n%TAG"); at != std::string_view::npos && found <= kMost;
       at = text.find("\n%TAG", at + 1))
    ++found;
  return found > kMost;
}

const char* Characters(const yaml_char_t* text) { return text == nullptr ? "" : reinterpret_cast<const char*>(text); }

// Turns events into nodes. One thread at a time.
class Builder {
 public:
  Builder(std::string_view text, const Limits& limits)
      : limits_(limits), text_(WithoutSurrogates(WithoutCommentsBeforeDirective(text))) {
    is_ready_ = yaml_parser_initialize(&parser_) != 0;
    if (is_ready_)
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  ~Builder() {
    yaml_event_delete(&event_);
    if (is_ready_) yaml_parser_delete(&parser_);
  }

  Result<NodePointer> Document() {
    if (!is_ready_) return ExhaustedError("no memory to read yaml");
    if (HasManyTagDirectives(text_)) return CorruptError("the yaml has more %TAG directives than plain data needs");
    do {
      TEGULA_TRY(Next());
      if (event_.type == YAML_STREAM_END_EVENT) return CorruptError("the yaml is empty");
    } while (event_.type == YAML_STREAM_START_EVENT || event_.type == YAML_DOCUMENT_START_EVENT);
    TEGULA_ASSIGN_OR_RETURN(const Subtree root, Value(0));
    do {
      TEGULA_TRY(Next());
      if (event_.type == YAML_DOCUMENT_START_EVENT) return Here("there is more than one yaml document");
    } while (event_.type != YAML_STREAM_END_EVENT);
    return root.node;
  }

 private:
  // A node with what it holds once aliases are written out: hostile text is small, what it stands for need not be.
  struct Subtree {
    NodePointer node;
    std::int64_t nodes = 1;
    std::int64_t text_bytes = 0;
    int height = 0;
  };

  Status Next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return Ok();
    const std::string problem = parser_.problem == nullptr ? "not yaml" : parser_.problem;
    if (parser_.error == YAML_MEMORY_ERROR) return ExhaustedError("no memory to read yaml");
    if (parser_.error == YAML_READER_ERROR) return CorruptError(fmt::format("line {}: {}", LineOfProblem(), problem));
    return CorruptError(
        fmt::format("line {}, column {}: {}", parser_.problem_mark.line + 1, parser_.problem_mark.column + 1, problem));
  }

  // Bytes that are not characters have an offset only.
  std::int64_t LineOfProblem() const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(parser_.problem_offset, text_.size()));
    return 1 + std::count(text_.begin(), end, '\n');
  }

  Error Here(std::string_view what) const {
    return CorruptError(
        fmt::format("line {}, column {}: {}", event_.start_mark.line + 1, event_.start_mark.column + 1, what));
  }

  // The node that the current event begins.
  Result<Subtree> Value(int depth) {
    if (depth > limits_.yaml_depth) return TooDeep();
    if (event_.type == YAML_ALIAS_EVENT) {
      const auto anchor = anchors_.find(Characters(event_.data.alias.anchor));
      if (anchor == anchors_.end()) return Here("an alias to something that is not complete before it");
      if (depth + anchor->second.height > limits_.yaml_depth) return TooDeep();
      return anchor->second;
    }
    const auto node = std::make_shared<Node>();
    node->line = static_cast<int>(event_.start_mark.line) + 1;
    node->column = static_cast<int>(event_.start_mark.column) + 1;
    Subtree tree{node};
    std::string anchor;
    switch (event_.type) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event_.data.scalar;
        anchor = Characters(scalar.anchor);
        TEGULA_ASSIGN_OR_RETURN(const bool is_text, SaysText(Characters(scalar.tag)));
        node->text.assign(Characters(scalar.value), scalar.length);
        node->is_plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && !is_text;
        tree.text_bytes = static_cast<std::int64_t>(scalar.length);
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
        anchor = Characters(event_.data.sequence_start.anchor);
        TEGULA_TRY(SaysText(Characters(event_.data.sequence_start.tag)));
        node->kind = Node::Kind::kSequence;
        TEGULA_TRY(Items(*node, depth, tree));
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = Characters(event_.data.mapping_start.anchor);
        TEGULA_TRY(SaysText(Characters(event_.data.mapping_start.tag)));
        node->kind = Node::Kind::kMapping;
        TEGULA_TRY(Entries(*node, depth, tree));
        break;
      default: return Here("a value was expected");
    }
    if (!anchor.empty()) anchors_[anchor] = tree;
    return tree;
  }

  Status Items(Node& node, int depth, Subtree& tree) {
    for (;;) {
      TEGULA_TRY(Next());
      if (event_.type == YAML_SEQUENCE_END_EVENT) return Ok();
      TEGULA_ASSIGN_OR_RETURN(Subtree item, Value(depth + 1));
      TEGULA_TRY(Grow(item, tree));
      node.items.push_back(std::move(item.node));
    }
  }

  Status Entries(Node& node, int depth, Subtree& tree) {
    std::set<std::string> seen;
    for (;;) {
      TEGULA_TRY(Next());
      if (event_.type == YAML_MAPPING_END_EVENT) return Ok();
      if (event_.type != YAML_SCALAR_EVENT) return Here("a key must be a single word or text");
      std::string key(Characters(event_.data.scalar.value), event_.data.scalar.length);
      const int line = static_cast<int>(event_.start_mark.line) + 1;
      const int column = static_cast<int>(event_.start_mark.column) + 1;
      if (!seen.insert(key).second) return Here(fmt::format("the key '{}' stands twice", Shortened(key, kLongestName)));
      TEGULA_TRY(Next());
      TEGULA_ASSIGN_OR_RETURN(Subtree value, Value(depth + 1));
      value.text_bytes += static_cast<std::int64_t>(key.size());
      TEGULA_TRY(Grow(value, tree));
      node.entries.push_back({std::move(key), std::move(value.node), line, column});
    }
  }

  Status Grow(const Subtree& child, Subtree& tree) const {
    tree.nodes += child.nodes;
    tree.text_bytes += child.text_bytes;
    tree.height = std::max(tree.height, child.height + 1);
    if (tree.nodes > limits_.yaml_nodes)
      return ExhaustedError(fmt::format("the yaml holds more than {} values, aliases counted", limits_.yaml_nodes));
    if (tree.text_bytes > limits_.description_bytes)
      return ExhaustedError(
          fmt::format("the yaml holds more than {} bytes of text, aliases counted", limits_.description_bytes));
    return Ok();
  }

  Error TooDeep() const {
    return ExhaustedError(fmt::format("the yaml is nested more than {} deep", limits_.yaml_depth));
  }

  // Whether a tag makes a scalar text; kCorrupt for tags that ask for more than plain data.
  Result<bool> SaysText(std::string_view tag) const {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty()) return false;
    if (tag == "!") return true;
    const bool is_core = tag.starts_with(kCore);
    const std::string_view name = is_core ? tag.substr(kCore.size()) : tag;
    if (is_core && IsOneOf(name, {"str", "timestamp"})) return true;
    if (is_core && IsOneOf(name, {"int", "float", "bool", "null", "seq", "map"})) return false;
    return Here(fmt::format("the tag '{}' is not plain data", Shortened(tag, kLongestName)));
  }

  const Limits& limits_;
  std::string text_;
  bool is_ready_ = false;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::map<std::string, Subtree> anchors_;
};

}  // namespace

bool Node::is_null() const noexcept {
  return is_scalar() && is_plain && IsOneOf(text, {"", "~", "null", "Null", "NULL"});
}

const Node::Entry* Node::FindEntry(std::string_view key) const noexcept {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry;
  return nullptr;
}

const Node* Node::Find(std::string_view key) const noexcept {
  const Entry* const entry = FindEntry(key);
  return entry == nullptr ? nullptr : entry->value.get();
}

std::optional<std::int64_t> Node::AsInt() const {
  if (!is_scalar() || text.empty() || text.front() == '_' || text.back() == '_') return std::nullopt;
  std::string digits = text;
  std::erase(digits, '_');
  const int base = digits.starts_with("0o") ? 8 : digits.starts_with("0x") ? 16 : 10;
  if (base == 10) return ParseInt(digits);
  if (digits.size() < 3 || digits[2] == '-') return std::nullopt;
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data() + 2, end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> Node::AsDouble() const {
  if (const std::optional<std::int64_t> whole = AsInt()) return static_cast<double>(*whole);
  if (!is_scalar() || text.empty()) return std::nullopt;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string lower = ToLower(text);
  if (IsOneOf(lower, {".inf", "+.inf", "inf", "+inf", "infinity"})) return kInfinity;
  if (IsOneOf(lower, {"-.inf", "-inf", "-infinity"})) return -kInfinity;
  if (IsOneOf(lower, {".nan", "nan"})) return std::numeric_limits<double>::quiet_NaN();
  if (lower.front() == '_' || (!IsDigit(lower.back()) && lower.back() != '.')) return std::nullopt;
  std::string digits = lower;
  std::erase(digits, '_');
  return ParseDouble(digits);
}

std::optional<bool> Node::AsBool() const {
  if (!is_scalar()) return std::nullopt;
  const std::string lower = ToLower(text);
  if (IsOneOf(lower, {"true", "yes", "on", "y", "t", "1"})) return true;
  if (IsOneOf(lower, {"false", "no", "off", "n", "f", "0"})) return false;
  return std::nullopt;
}

std::optional<std::string> Node::AsText() const {
  if (!is_scalar()) return std::nullopt;
  if (!is_plain) return text;
  if (is_null() || IsOneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return std::nullopt;
  const bool is_word = IsOneOf(ToLower(text), {"inf", "+inf", "-inf", "infinity", "-infinity", "nan"});
  if (!is_word && AsDouble()) return std::nullopt;
  if (IsYamlDate(text) || IsYamlTimestamp(text)) return std::nullopt;
  return text;
}

Result<NodePointer> ParseYaml(std::string_view text, const Limits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.description_bytes)
    return ExhaustedError(
        fmt::format("the description has {} bytes, more than the limit of {}", text.size(), limits.description_bytes));
  return Builder(text, limits).Document();
}

}  // namespace tegula::spec
