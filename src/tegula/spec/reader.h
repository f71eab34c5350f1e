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

  /// The child of a mapping or sequence, present or not.
  Reader operator[](std::string_view key) const;
  Reader operator[](std::size_t index) const;
  /// The same; notes if it is not present.
  Reader Required(std::string_view key) const;
  /// The items of a sequence; empty and noted for anything else that is present.
  std::vector<Reader> Items() const;
  /// The keys of a mapping; empty and noted for anything else that is present.
  std::vector<std::string> Keys() const;

  bool present() const noexcept { return node_ != nullptr && !node_->is_null(); }
  bool is_mapping() const noexcept { return present() && node_->is_mapping(); }
  bool is_sequence() const noexcept { return present() && node_->is_sequence(); }
  bool is_scalar() const noexcept { return present() && node_->is_scalar(); }
  const std::string& path() const noexcept { return path_; }

  void Note(std::string_view sentence, std::string hint = {}) const;
  void Warn(std::string_view sentence, std::string hint = {}) const;
  /// Notes every key of a mapping that is in none of the lists, with the nearest of them as hint.
  void AllowOnly(Names fields, NameList more = {}) const;
  void AllowOnly(NameList fields) const { AllowOnly(Names(), fields); }

  std::string Text(std::string_view fallback = {}) const;
  /// Text or a number, as written: versions.
  std::string Version() const;
  /// One of these words; the fallback otherwise.
  std::string Choice(Names words, std::string_view fallback) const;
  std::string Choice(NameList words, std::string_view fallback) const {
    return Choice(Names(words.begin(), words.size()), fallback);
  }
  /// A whole number within [min, max]; 3.0 is one.
  std::int64_t Int(std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  /// A finite number.
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
