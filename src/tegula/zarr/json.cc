#include "tegula/zarr/json.h"

namespace tegula::zarr {
namespace {

const Json kNull;

}  // namespace

Result<Json> ParseObject(std::string_view text, int max_depth) {
  bool too_deep = false;
  const auto watch_depth = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > max_depth;
    return depth <= max_depth;
  };
  Json json = Json::parse(text, watch_depth, /*allow_exceptions=*/false);
  if (!json.is_object() || too_deep) return CorruptError("it is not a JSON object as Zarr has them");
  return json;
}

const Json& Member(const Json& json, const char* key) {
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

const Json& Item(const Json& json, std::size_t index) {
  return json.is_array() && index < json.size() ? json[index] : kNull;
}

std::string Text(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

std::optional<double> Number(const Json& json) {
  return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
}

std::int64_t Count(const Json& json) {
  if (!json.is_number_integer()) return -1;
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return INT64_MAX;
  return json.get<std::int64_t>();
}

}  // namespace tegula::zarr
