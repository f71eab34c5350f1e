// spec/reader.h — values taken from yaml nodes, with every problem noted at its place.
//
// A Reader stands at a node and knows its path. Asking for a value that has the wrong type or is out of range notes a
// finding and returns the fallback, so that one pass over a description finds all that is wrong with it. A Reader of
// something that is not there is as good as any other: it returns fallbacks and notes nothing unless it is required.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/spec/finding.h"
#include "tegula/spec/yaml.h"

namespace tegula::spec {

/// Names of fields, or words: from a table, or written where they are used.
using Names = std::span<const std::string_view>;
using NameList = std::initializer_list<std::string_view>;

/// Borrows the tree and the list of findings. A value type; one thread at a time.
class Reader {
 public:
  Reader(const Node& root, std::vector<Finding>& findings)
      : node_(&root), findings_(&findings), line_(root.line), column_(root.column) {}

  /// The child of a mapping or sequence, there or not. A value that is null is there, and wrong for whoever asks for
  /// more of it.
  Reader operator[](std::string_view key) const;
  Reader operator[](std::size_t index) const;
  /// The child, where null counts as not being there.
  Reader Nullable(std::string_view key) const;
  Reader AsNullable() const;
  /// The child; notes if it is not there.
  Reader Required(std::string_view key) const;
  /// The items of a sequence; empty and noted for anything else that is present.
  std::vector<Reader> Items() const;
  /// The keys of a mapping; empty and noted for anything else that is present.
  std::vector<std::string> Keys() const;

  /// Whether it is there and not null.
  bool present() const noexcept { return node_ != nullptr && !node_->is_null(); }
  bool is_there() const noexcept { return node_ != nullptr; }
  /// Whether it is a scalar that counts as text, so that its content is worth a finding of its own.
  bool is_text() const { return node_ != nullptr && node_->AsText().has_value(); }
  bool is_mapping() const noexcept { return present() && node_->is_mapping(); }
  bool is_sequence() const noexcept { return present() && node_->is_sequence(); }
  bool is_scalar() const noexcept { return present() && node_->is_scalar(); }
  const std::string& path() const noexcept { return path_; }
  const Node* node() const noexcept { return node_; }

  void Note(std::string_view sentence, std::string hint = {}) const;
  void Warn(std::string_view sentence, std::string hint = {}, Severity severity = Severity::kWarning) const;
  /// Notes every key of a mapping that is in none of the lists, with the nearest of them as hint.
  void AllowOnly(Names fields, NameList more = {}) const;
  void AllowOnly(NameList fields) const { AllowOnly(Names(), fields); }

  std::string Text(std::string_view fallback = {}) const;
  /// Text of min to max characters.
  std::string Text(std::size_t min, std::size_t max) const;
  /// Text for which `is` holds; else "must be WANTED, is ...".
  std::string Text(bool (*is)(std::string_view), std::string_view wanted) const;
  /// Text or a number, as written.
  std::string Written() const;
  /// One of these words; the fallback otherwise.
  std::string Choice(Names words, std::string_view fallback) const;
  std::string Choice(NameList words, std::string_view fallback) const {
    return Choice(Names(words.begin(), words.size()), fallback);
  }
  /// A whole number within [min, max]; 3.0, '3' and true (1) are such.
  std::int64_t Int(std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  /// The same, but only if it is written as one.
  std::int64_t PlainInt(std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  /// A finite number; true is 1.
  std::optional<double> Number() const;
  double Number(double fallback, double min, double max) const;
  /// A number; infinities count as not stated.
  std::optional<double> Bound() const;
  bool Bool(bool fallback) const;
  /// A finite number or a list of them.
  std::vector<double> Numbers() const;
  std::vector<std::string> Texts() const;

 private:
  Reader(const Reader& parent, const Node* child, std::string path);
  void Add(Severity severity, std::string_view sentence, std::string hint) const;
  void NoteWrong(std::string_view wanted) const;

  const Node* node_;
  std::vector<Finding>* findings_;
  std::string path_;
  int line_;
  int column_;
};

}  // namespace tegula::spec
