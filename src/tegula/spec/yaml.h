// spec/yaml.h — YAML text as a small tree with positions, read event by event with limits.
//
// Descriptions come from strangers, so the tree is built from libyaml's events and not from its documents: depth, size
// and the number of nodes after aliases are limited before memory is taken. Scalars keep their text; what it means (a
// number, text) is decided by whoever asks, by the YAML 1.2 rules that the reference software uses: `yes` is text,
// `1e-6` a number, 010 is ten. JSON is YAML.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::spec {

/// A node of the tree. Immutable once parsed; children are shared where the text used aliases.
struct Node {
  enum class Kind : std::uint8_t { kScalar, kSequence, kMapping };
  struct Entry {
    std::string key;
    std::shared_ptr<const Node> value;
    int line = 0;  ///< of the key, from 1, as column; 0 if it was not read from a text
    int column = 0;
  };

  Kind kind = Kind::kScalar;
  int line = 0;                                    ///< from 1
  int column = 0;                                  ///< from 1
  bool is_plain = true;                            ///< scalars: written without quotes or a !!str tag
  std::string text;                                ///< scalars: as written, escapes resolved
  std::vector<std::shared_ptr<const Node>> items;  ///< sequences
  std::vector<Entry> entries;                      ///< mappings, in order, no key twice

  bool is_scalar() const noexcept { return kind == Kind::kScalar; }
  bool is_sequence() const noexcept { return kind == Kind::kSequence; }
  bool is_mapping() const noexcept { return kind == Kind::kMapping; }
  /// A plain empty scalar, ~ or null.
  bool is_null() const noexcept;
  /// The value of a key of a mapping, or its entry; nullptr if there is none. Linear in the number of keys.
  const Node* Find(std::string_view key) const noexcept;
  const Entry* FindEntry(std::string_view key) const noexcept;

  /// What the scalar spells as a YAML 1.2 integer (12, +1_000, 0o17, 0x1F), number (also .inf, inf and .nan) or bool
  /// (also yes, no, on, off, their first letters, 1 and 0); nothing if it is something else. Quotes make no difference:
  /// who wants a number gets one.
  std::optional<std::int64_t> AsInt() const;
  std::optional<double> AsDouble() const;
  std::optional<bool> AsBool() const;
  /// The scalar as text: anything quoted, and what is written plain unless it is null, a number, true, false or a date.
  std::optional<std::string> AsText() const;
};

using NodePointer = std::shared_ptr<const Node>;

/// Parses one document. kCorrupt with line and column for text that is not YAML or not UTF-8, for duplicate keys, for
/// keys that are not scalars and for tags beyond the core ones; kExhausted for text beyond the limits. Linear in the
/// size of the text and of the tree.
Result<NodePointer> ParseYaml(std::string_view text, const Limits& limits = {});

}  // namespace tegula::spec
