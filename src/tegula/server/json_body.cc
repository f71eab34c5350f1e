#include "tegula/server/json_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/core/limits.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

struct TypeRow {
  std::string_view type;
  bool (*is)(const Json& value);
  std::string_view called;
};
constexpr TypeRow kTypes[] = {
    {"string", [](const Json& value) { return value.is_string(); }, "a text"},
    {"number", [](const Json& value) { return value.is_number(); }, "a number"},
    // A whole number of 64 bits; what is larger is read as a number without a sign or as a float.
    {"integer",
     [](const Json& value) {
       return value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 63 == 0);
     },
     "a whole number"},
    {"boolean", [](const Json& value) { return value.is_boolean(); }, "true or false"},
    {"object", [](const Json& value) { return value.is_object(); }, "an object"},
    {"array", [](const Json& value) { return value.is_array(); }, "a list"},
    {"strings",
     [](const Json& value) {
       return value.is_array() &&
              std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
     },
     "a list of texts"},
};

Status Check(const Json& value, const Field& field) {
  for (const TypeRow& row : kTypes)
    if (row.type == field.type && !row.is(value))
      return InvalidError(fmt::format("'{}' must be {}", field.name, row.called));
  return Ok();
}

}  // namespace

Result<JsonBody> JsonBody::Parse(std::string_view text, const std::vector<Field>& fields) {
  bool is_deep = false;
  const auto watch_depth = [&](int depth, Json::parse_event_t, Json&) {
    is_deep = is_deep || depth > Limits{}.yaml_depth;
    return !is_deep;
  };
  auto object = std::make_shared<const Json>(Json::parse(text, watch_depth, /*allow_exceptions=*/false));
  if (is_deep || !object->is_object()) return InvalidError("what was sent is not a JSON object");
  for (const auto& [name, value] : object->items()) {
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end())
      return InvalidError(fmt::format("'{}' is not understood here; /api/openapi.json says what is", name));
    if (!value.is_null()) TEGULA_TRY(Check(value, *field));
  }
  JsonBody body;
  body.object_ = std::move(object);
  for (const Field& field : fields)
    if (field.is_required && !body.has(field.name)) return InvalidError(fmt::format("'{}' is missing", field.name));
  return body;
}

bool JsonBody::has(std::string_view name) const {
  if (!object_) return false;
  const auto found = object_->find(name);
  return found != object_->end() && !found->is_null();
}

std::string JsonBody::text(std::string_view name) const {
  return has(name) ? object_->find(name)->get<std::string>() : std::string();
}

std::vector<std::string> JsonBody::texts(std::string_view name) const {
  return has(name) ? object_->find(name)->get<std::vector<std::string>>() : std::vector<std::string>();
}

bool JsonBody::flag(std::string_view name) const { return has(name) && object_->find(name)->get<bool>(); }

std::optional<double> JsonBody::number(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return object_->find(name)->get<double>();
}

std::optional<std::int64_t> JsonBody::integer(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return object_->find(name)->get<std::int64_t>();
}

std::string JsonBody::json(std::string_view name) const {
  return has(name) ? Dump(*object_->find(name)) : std::string();
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json SchemaOf(const std::vector<Field>& fields) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    Json& property = properties[std::string(field.name)];
    property = {{"type", field.type == "strings" ? "array" : field.type}, {"description", field.description}};
    if (field.type == "strings") property["items"] = {{"type", "string"}};
    if (field.is_required) required.push_back(field.name);
  }
  return {{"type", "object"},
          {"required", std::move(required)},
          {"properties", std::move(properties)},
          {"additionalProperties", false}};
}

}  // namespace tegula::server
