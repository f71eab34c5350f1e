#include "tegula/spec/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/spec/text_kinds.h"

namespace tegula::spec {
namespace {

// Levenshtein's distance of two short words.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + static_cast<std::size_t>(a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string DidYouMean(std::string_view key, Names fields, Names more) {
  constexpr std::size_t kLongest = 40;
  if (key.size() > kLongest) return {};
  std::string_view nearest;
  std::size_t best = key.size() < 5 ? 2 : 3;
  for (const Names list : {fields, more}) {
    for (const std::string_view field : list) {
      const std::size_t distance = Distance(key, field);
      if (distance < best) best = distance, nearest = field;
    }
  }
  return nearest.empty() ? std::string() : fmt::format("did you mean '{}'?", nearest);
}

bool Holds(Names names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

// A hostile description could be wrong in as many places as it has values; nobody reads more than this.
constexpr std::size_t kMostFindings = 500;
// Nor longer sentences or values in them.
constexpr std::size_t kLongestSentence = 300;
constexpr std::size_t kLongestValue = 60;

}  // namespace

Reader::Reader(const Reader& parent, const Node* child, std::string path)
    : node_(child),
      findings_(parent.findings_),
      path_(std::move(path)),
      line_(child == nullptr ? parent.line_ : child->line),
      column_(child == nullptr ? parent.column_ : child->column) {}

Reader Reader::operator[](std::string_view key) const {
  const Node::Entry* const entry = is_mapping() ? node_->FindEntry(key) : nullptr;
  Reader child(*this, entry == nullptr ? nullptr : entry->value.get(),
               path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key));
  // A value that begins below its key is found at the key.
  if (entry != nullptr && entry->line > 0 && entry->line != child.line_)
    child.line_ = entry->line, child.column_ = entry->column;
  return child;
}

Reader Reader::operator[](std::size_t index) const {
  const Node* child = is_sequence() && index < node_->items.size() ? node_->items[index].get() : nullptr;
  return {*this, child, fmt::format("{}[{}]", path_, index)};
}

Reader Reader::AsNullable() const {
  Reader same = *this;
  if (!present()) same.node_ = nullptr;
  return same;
}

Reader Reader::Nullable(std::string_view key) const { return (*this)[key].AsNullable(); }

Reader Reader::Required(std::string_view key) const {
  Reader child = (*this)[key];
  if (!child.is_there()) child.Note("is missing");
  return child;
}

std::vector<Reader> Reader::Items() const {
  std::vector<Reader> items;
  if (!is_there()) return items;
  if (!node_->is_sequence()) NoteWrong("a list");
  for (std::size_t i = 0; i < node_->items.size(); ++i) items.push_back((*this)[i]);
  return items;
}

std::vector<std::string> Reader::Keys() const {
  std::vector<std::string> keys;
  if (!is_there()) return keys;
  if (!node_->is_mapping()) NoteWrong("a mapping of names to values");
  for (const Node::Entry& entry : node_->entries) keys.push_back(entry.key);
  return keys;
}

void Reader::Add(Severity severity, std::string_view sentence, std::string hint) const {
  if (findings_->size() >= kMostFindings) return;
  findings_->push_back({severity, Shortened(path_, kLongestSentence), line_, column_,
                        Shortened(sentence, kLongestSentence), std::move(hint)});
}

void Reader::Note(std::string_view sentence, std::string hint) const {
  Add(Severity::kError, sentence, std::move(hint));
}

void Reader::Warn(std::string_view sentence, std::string hint, Severity severity) const {
  Add(severity, sentence, std::move(hint));
}

void Reader::NoteWrong(std::string_view wanted) const {
  if (node_->is_null()) return Note(fmt::format("must be {}, is empty", wanted));
  if (!node_->is_scalar())
    return Note(fmt::format("must be {}, is a {}", wanted, node_->is_mapping() ? "mapping" : "list"));
  Note(fmt::format("must be {}, is '{}'", wanted, Shortened(node_->text, kLongestValue)));
}

void Reader::AllowOnly(Names fields, NameList listed) const {
  const Names more(listed.begin(), listed.size());
  if (is_there() && !node_->is_mapping()) NoteWrong("a mapping of names to values");
  for (std::size_t i = 0; is_mapping() && i < node_->entries.size() && findings_->size() < kMostFindings; ++i) {
    const std::string& key = node_->entries[i].key;
    if (!Holds(fields, key) && !Holds(more, key))
      (*this)[key].Note("is not a field of the format", DidYouMean(key, fields, more));
  }
}

std::string Reader::Text(std::string_view fallback) const {
  if (!is_there()) return std::string(fallback);
  if (std::optional<std::string> text = node_->AsText()) return *std::move(text);
  NoteWrong("text");
  return std::string(fallback);
}

std::string Reader::Text(std::size_t min, std::size_t max) const {
  if (!is_there()) return {};
  if (!node_->AsText()) return Text();
  const std::size_t characters = CountCharacters(node_->text);
  if (characters < min || characters > max)
    NoteWrong(max == std::string::npos ? fmt::format("at least {} characters", min)
                                       : fmt::format("{} to {} characters", min, max));
  return node_->text;
}

std::string Reader::Text(bool (*is)(std::string_view), std::string_view wanted) const {
  if (!is_there()) return {};
  if (!node_->AsText() || !is(node_->text)) NoteWrong(wanted);
  return node_->is_scalar() ? node_->text : std::string();
}

std::string Reader::Written() const {
  if (!is_there()) return {};
  if (node_->is_scalar() && !node_->is_null()) return node_->text;
  NoteWrong("text or a number");
  return {};
}

std::string Reader::Choice(Names words, std::string_view fallback) const {
  if (!is_there()) return std::string(fallback);
  if (node_->AsText() && Holds(words, node_->text)) return node_->text;
  NoteWrong(fmt::format("one of {}", fmt::join(words, ", ")));
  return std::string(fallback);
}

std::int64_t Reader::Int(std::int64_t fallback, std::int64_t min, std::int64_t max) const {
  if (!is_there()) return fallback;
  constexpr double kExact = 9e15;
  std::optional<std::int64_t> value = node_->AsInt();
  if (node_->is_plain && !value)
    if (const std::optional<bool> truth = node_->AsBool()) value = *truth ? 1 : 0;
  if (const std::optional<double> real = value ? std::nullopt : node_->AsDouble())
    if (std::abs(*real) < kExact && *real == std::floor(*real)) value = static_cast<std::int64_t>(*real);
  if (value && *value >= min && *value <= max) return *value;
  NoteWrong(value ? fmt::format("from {} to {}", min, max) : "a whole number");
  return fallback;
}

std::int64_t Reader::PlainInt(std::int64_t fallback, std::int64_t min, std::int64_t max) const {
  if (!is_there()) return fallback;
  if (node_->is_plain && node_->AsInt()) return Int(fallback, min, max);
  NoteWrong("a whole number");
  return fallback;
}

std::optional<double> Reader::Number() const {
  if (!is_there()) return std::nullopt;
  std::optional<double> value = node_->AsDouble();
  if (const std::optional<bool> truth = value || !node_->is_plain ? std::nullopt : node_->AsBool())
    value = *truth ? 1 : 0;
  if (value && std::isfinite(*value)) return value;
  NoteWrong("a number");
  return std::nullopt;
}

double Reader::Number(double fallback, double min, double max) const {
  const std::optional<double> value = Number();
  if (!value) return fallback;
  if (*value >= min && *value <= max) return *value;
  NoteWrong(fmt::format("from {} to {}", min, max));
  return fallback;
}

std::optional<double> Reader::Bound() const {
  if (!is_there()) return std::nullopt;
  const std::optional<double> value = node_->AsDouble();
  if (!value || std::isnan(*value)) NoteWrong("a number");
  return value && std::isfinite(*value) ? value : std::nullopt;
}

bool Reader::Bool(bool fallback) const {
  if (!is_there()) return fallback;
  const std::optional<bool> value = node_->AsBool();
  if (!value) NoteWrong("true or false");
  return value.value_or(fallback);
}

std::vector<double> Reader::Numbers() const {
  std::vector<double> values;
  if (is_sequence()) {
    for (const Reader& item : Items()) values.push_back(item.Number().value_or(0));
    if (values.empty()) Note("is an empty list");
  } else if (const std::optional<double> value = Number()) {
    values.push_back(*value);
  }
  return values;
}

std::vector<std::string> Reader::Texts() const {
  std::vector<std::string> values;
  for (const Reader& item : Items()) values.push_back(item.Text());
  return values;
}

}  // namespace tegula::spec
