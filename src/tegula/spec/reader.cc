#include "tegula/spec/reader.h"

#include <fmt/format.h>

namespace tegula::spec {

std::string ToString(const std::vector<Finding>& findings) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(findings.size(), kShown); ++i) {
    const Finding& finding = findings[i];
    text += fmt::format("{}{}{}{}{}", i == 0 ? "" : "; ", finding.line > 0 ? fmt::format("line {}: ", finding.line) : "", finding.path,
                        finding.path.empty() ? "" : ": ", finding.sentence);
  }
  if (findings.size() > kShown) text += fmt::format("; and {} more", findings.size() - kShown);
  return text;
}

void Reader::Note(std::string sentence) const {
  findings_->push_back({path_, node_ == nullptr ? 0 : node_->line, node_ == nullptr ? 0 : node_->column, std::move(sentence)});
}

Reader Reader::operator[](std::string_view key) const {
  const Node* child = node_ != nullptr && node_->is_mapping() ? node_->Find(key) : nullptr;
  return {child, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key), findings_};
}

std::vector<Reader> Reader::Items() const {
  std::vector<Reader> items;
  if (!present()) return items;
  if (!node_->is_sequence()) {
    Note("must be a list");
    return items;
  }
  for (std::size_t i = 0; i < node_->items.size(); ++i) items.emplace_back(node_->items[i].get(), fmt::format("{}[{}]", path_, i), findings_);
  return items;
}

void Reader::AllowKeys(const std::set<std::string_view>& keys) const {
  if (!present()) return;
  if (!node_->is_mapping()) {
    Note("must be a mapping");
    return;
  }
  for (const Node::Entry& entry : node_->entries)
    if (!keys.contains(entry.key)) (*this)[entry.key].Note("is not a field of the format");
}

bool Reader::Require() const {
  if (present()) return true;
  Note("is missing");
  return false;
}

std::string Reader::String(std::string fallback) const {
  if (!present()) return fallback;
  if (const std::optional<std::string> text = node_->AsString()) return *text;
  Note("must be text");
  return fallback;
}

std::int64_t Reader::Int(std::int64_t fallback, std::int64_t min, std::int64_t max) const {
  if (!present()) return fallback;
  std::optional<std::int64_t> value = node_->AsInt();
  if (const std::optional<double> real = node_->AsDouble(); !value && real && *real >= -1e15 && *real <= 1e15 && *real == static_cast<double>(static_cast<std::int64_t>(*real)))
    value = static_cast<std::int64_t>(*real);
  if (!value) {
    Note("must be a whole number");
  } else if (*value < min || *value > max) {
    Note(fmt::format("must lie between {} and {}, is {}", min, max, *value));
  } else {
    return *value;
  }
  return fallback;
}

double Reader::Double(double fallback) const { return OptionalDouble().value_or(fallback); }

std::optional<double> Reader::OptionalDouble() const {
  if (!present()) return std::nullopt;
  const std::optional<double> value = node_->AsDouble();
  if (!value) Note("must be a number");
  return value;
}

bool Reader::Bool(bool fallback) const {
  if (!present()) return fallback;
  const std::optional<bool> value = node_->AsBool();
  if (!value) Note("must be true or false");
  return value.value_or(fallback);
}

std::vector<double> Reader::Doubles() const {
  std::vector<double> values;
  if (is_scalar()) {
    values.push_back(Double(0));
  } else {
    for (const Reader& item : Items()) values.push_back(item.Double(0));
  }
  return values;
}

std::vector<std::string> Reader::Strings() const {
  std::vector<std::string> values;
  for (const Reader& item : Items()) values.push_back(item.String());
  return values;
}

}  // namespace tegula::spec
