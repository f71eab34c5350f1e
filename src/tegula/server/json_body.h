// server/json_body.h — what a POST has sent: one JSON object whose members the route has described.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

namespace tegula::server {

/// One member of the JSON object that a POST sends.
struct Field {
  std::string_view name;
  std::string_view
      type;  ///< of JSON Schema: string, number, integer, boolean, object, array; or strings, a list of them
  std::string_view description;
  bool is_required = false;
};

/// An object that was checked against its fields. Immutable and thread-safe.
class JsonBody {
 public:
  JsonBody() = default;
  /// kInvalid for what is no JSON object or deeper than Limits allows, for a member that no field names or that is of
  /// another type, and if a required one is missing. A member that is null is not there.
  static Result<JsonBody> Parse(std::string_view text, const std::vector<Field>& fields);

  bool has(std::string_view name) const;
  /// Empty, or nothing, if it is not there.
  std::string text(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  /// An object or array as JSON again, for those who have their own reader for it.
  std::string json(std::string_view name) const;

 private:
  std::shared_ptr<const nlohmann::ordered_json> object_;
};

/// JSON as a text; bytes that are no UTF-8 are replaced.
std::string Dump(const nlohmann::ordered_json& json);

/// The object in JSON Schema, as JSON.
nlohmann::ordered_json SchemaOf(const std::vector<Field>& fields);

}  // namespace tegula::server
