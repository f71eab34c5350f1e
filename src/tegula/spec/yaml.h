// spec/yaml.h — YAML text as a small tree with positions, read event by event with limits.
//
// Descriptions come from strangers, so the tree is built from libyaml's events and not from its documents: depth, size and the
// number of nodes after aliases are limited before memory is taken. Scalars keep their text; what it means (a number, a
// string) is decided by whoever asks, by the YAML 1.2 rules that the reference software uses: `yes` is a string, `1e-6` a
// number. JSON is YAML.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::spec {

/// A node of the tree. Immutable once parsed; children are shared where the text used aliases.
class Node {
 public:
  enum class Kind : std::uint8_t { kScalar, kSequence, kMapping };
  struct Entry {
    std::string key;
    std::shared_ptr<const Node> value;
  };

  Kind kind = Kind::kScalar;
  int line = 0;    ///< from 1
  int column = 0;  ///< from 1
  std::string text;       ///< scalars: as written
  bool is_plain = true;   ///< scalars: without quotes
  std::vector<std::shared_ptr<const Node>> items;  ///< sequences
  std::vector<Entry> entries;                      ///< mappings, in order

  bool is_scalar() const noexcept { return kind == Kind::kScalar; }
  bool is_sequence() const noexcept { return kind == Kind::kSequence; }
  bool is_mapping() const noexcept { return kind == Kind::kMapping; }
  bool is_null() const noexcept;
  /// The value of a key of a mapping; nullptr if there is none.
  const Node* Find(std::string_view key) const noexcept;

  /// The scalar as a YAML 1.2 integer (decimal, 0o17, 0x1F), a float (also .inf and inf) or a bool; nothing if it is not.
  std::optional<std::int64_t> AsInt() const;
  std::optional<double> AsDouble() const;
  std::optional<bool> AsBool() const;
  /// The scalar as text: anything quoted, and plain text that is not null, a number or a bool.
  std::optional<std::string> AsString() const;
};

/// Parses one document. kCorrupt with line and column for text that is not YAML or not UTF-8, for duplicate keys and keys that
/// are not scalars; kExhausted for text beyond the limits.
Result<std::shared_ptr<const Node>> ParseYaml(std::string_view text, const Limits& limits = {});

}  // namespace tegula::spec
