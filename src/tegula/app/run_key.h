// app/run_key.h — what decides the pixels of a prediction, so that a run that was cut off is continued only as the
// same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/core/status.h"

namespace tegula::app {

/// Named facts in a fixed order, as text. A value type.
class RunKey {
 public:
  void Add(std::string what, std::string value) { facts_.emplace_back(std::move(what), std::move(value)); }
  /// The value of a fact; null if there is none of this name.
  const std::string* Find(std::string_view what) const;
  const std::vector<std::pair<std::string, std::string>>& facts() const noexcept { return facts_; }
  std::string ToJson() const;
  /// Of its JSON: 64 hexadecimal digits.
  std::string Sha256() const;
  /// kCorrupt if it is no key.
  static Result<RunKey> FromJson(std::string_view text);
  /// What is not the same here as in `other`, as "the engine is A here and was B"; empty if nothing is.
  std::vector<std::string> DifferencesTo(const RunKey& other) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

/// The first 64 bits of a hash of hexadecimal digits, for what is to be random and yet always the same.
std::uint64_t SeedOf(std::string_view sha256) noexcept;

}  // namespace tegula::app
