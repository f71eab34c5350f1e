// spec/reader.h — values taken from yaml nodes, with every problem noted at its place.
//
// A Reader stands at a node and knows its path. Asking for a value that is missing or of the wrong type notes a finding and
// returns a default, so that one pass over a description finds all that is wrong with it. The caller looks at the findings once, at
// the end.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tegula/spec/finding.h"
#include "tegula/spec/yaml.h"

namespace tegula::spec {

/// Borrows node and findings. One thread at a time.
class Reader {
 public:
  Reader(const Node* node, std::string path, std::vector<Finding>* findings) : node_(node), path_(std::move(path)), findings_(findings) {}

  const Node* node() const noexcept { return node_; }
  bool present() const noexcept { return node_ != nullptr && !node_->is_null(); }
  bool is_mapping() const noexcept { return present() && node_->is_mapping(); }
  bool is_sequence() const noexcept { return present() && node_->is_sequence(); }
  bool is_scalar() const noexcept { return present() && node_->is_scalar(); }
  const std::string& path() const noexcept { return path_; }
  void Note(std::string sentence) const;

  /// The child with this key, present or not.
  Reader operator[](std::string_view key) const;
  /// The items of a sequence; notes a finding and is empty for anything else that is present.
  std::vector<Reader> Items() const;
  /// Notes every key of the mapping that is not among these.
  void AllowKeys(const std::set<std::string_view>& keys) const;
  /// Notes if there is nothing here.
  bool Require() const;

  std::string String(std::string fallback = {}) const;
  std::int64_t Int(std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  double Double(double fallback) const;
  bool Bool(bool fallback) const;
  /// One number or a list of them.
  std::vector<double> Doubles() const;
  std::vector<std::string> Strings() const;
  std::optional<double> OptionalDouble() const;

 private:
  const Node* node_;
  std::string path_;
  std::vector<Finding>* findings_;
};

}  // namespace tegula::spec
