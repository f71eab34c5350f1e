#include "tegula/app/run_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/core/files.h"

namespace tegula::app {

const std::string* RunKey::Find(std::string_view what) const {
  for (const auto& [name, value] : facts_)
    if (name == what) return &value;
  return nullptr;
}

std::string RunKey::ToJson() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [what, value] : facts_) json.push_back({what, value});
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string RunKey::Sha256() const { return Sha256OfBytes(ToJson()); }

Result<RunKey> RunKey::FromJson(std::string_view text) {
  const auto json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  RunKey key;
  bool is_key = json.is_array();
  for (const auto& fact : json) {
    is_key = is_key && fact.is_array() && fact.size() == 2 && fact[0].is_string() && fact[1].is_string();
    if (!is_key) break;
    key.Add(fact[0].get<std::string>(), fact[1].get<std::string>());
  }
  if (!is_key) return CorruptError("this does not say what a run was made of");
  return key;
}

std::vector<std::string> RunKey::DifferencesTo(const RunKey& other) const {
  std::vector<std::string> differences;
  for (const auto& [what, value] : facts_) {
    const auto was = std::ranges::find(other.facts_, what, &decltype(facts_)::value_type::first);
    if (was == other.facts_.end())
      differences.push_back(fmt::format("the {} is {} here and was not known", what, value));
    else if (was->second != value)
      differences.push_back(fmt::format("the {} is {} here and was {}", what, value, was->second));
  }
  return differences;
}

std::uint64_t SeedOf(std::string_view sha256) noexcept {
  std::uint64_t seed = 0;
  for (const char digit : sha256.substr(0, 16))
    seed = seed << 4 | static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  return seed;
}

}  // namespace tegula::app
