// outputs/json_record.h — structs of texts, numbers, flags, lists and what may be missing as JSON, and back.
//
// A record's fields are listed once, beside the record's namespace and outside of any unnamed one:
//
//   TEGULA_JSON_FIELDS(StageRecord, name, wall_s, cpu_s)
//
// Writing keeps that order. Reading wants every field and its type, ignores others, and names the first that is wrong
// by its path. Numbers that JSON does not have are the texts "NaN", "Infinity" and "-Infinity". For .cc files: it
// brings nlohmann's library along.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

// Calls visit("name", r.name) for each field; of up to 60.
#define TEGULA_JSON_FIELDS(Record, ...)                   \
  template <class V, ::tegula::json_record::Is<Record> R> \
  void Fields(V& visit, R& r) {                           \
    TEGULA_JSON_RESCAN_(TEGULA_JSON_EACH_(__VA_ARGS__))   \
  }
// A macro is not expanded within itself, so the rest of a list waits for the next scan.
#define TEGULA_JSON_EACH_(field, ...) \
  visit(#field, r.field);             \
  __VA_OPT__(TEGULA_JSON_AGAIN_ TEGULA_JSON_PARENS_(__VA_ARGS__))
#define TEGULA_JSON_PARENS_ ()
#define TEGULA_JSON_AGAIN_() TEGULA_JSON_EACH_
#define TEGULA_JSON_RESCAN_(...) \
  TEGULA_JSON_SCAN3_(TEGULA_JSON_SCAN3_(TEGULA_JSON_SCAN3_(TEGULA_JSON_SCAN3_(__VA_ARGS__))))
#define TEGULA_JSON_SCAN3_(...) \
  TEGULA_JSON_SCAN2_(TEGULA_JSON_SCAN2_(TEGULA_JSON_SCAN2_(TEGULA_JSON_SCAN2_(__VA_ARGS__))))
#define TEGULA_JSON_SCAN2_(...) \
  TEGULA_JSON_SCAN1_(TEGULA_JSON_SCAN1_(TEGULA_JSON_SCAN1_(TEGULA_JSON_SCAN1_(__VA_ARGS__))))
#define TEGULA_JSON_SCAN1_(...) __VA_ARGS__

namespace tegula::json_record {

using Json = nlohmann::ordered_json;

template <class R, class Record>
concept Is = std::same_as<std::remove_const_t<R>, Record>;

inline Json JsonOf(const std::string& text) { return text; }
inline Json JsonOf(std::int64_t number) { return number; }
inline Json JsonOf(bool flag) { return flag; }
inline Json JsonOf(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
}
template <class T>
Json JsonOf(const std::vector<T>& items);
template <class T>
Json JsonOf(const std::optional<T>& item);
template <class Record>
Json JsonOf(const Record& record) {
  Json json = Json::object();
  auto write = [&json](const char* name, const auto& field) { json[name] = JsonOf(field); };
  Fields(write, record);
  return json;
}
template <class T>
Json JsonOf(const std::vector<T>& items) {
  Json json = Json::array();
  for (const T& item : items) json.push_back(JsonOf(item));
  return json;
}

template <class T>
Json JsonOf(const std::optional<T>& item) {
  return item ? JsonOf(*item) : Json(nullptr);
}

inline Error NotA(std::string_view path, std::string_view kind) {
  return CorruptError(fmt::format("'{}' is not {}", path, kind));
}

inline Status Read(const Json& json, const std::string& path, std::string& text) {
  if (!json.is_string()) return NotA(path, "text");
  text = json.get<std::string>();
  return Ok();
}
inline Status Read(const Json& json, const std::string& path, std::int64_t& number) {
  const bool too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
  if (!json.is_number_integer() || too_large) return NotA(path, "a whole number");
  number = json.get<std::int64_t>();
  return Ok();
}
inline Status Read(const Json& json, const std::string& path, bool& flag) {
  if (!json.is_boolean()) return NotA(path, "true or false");
  flag = json.get<bool>();
  return Ok();
}
inline Status Read(const Json& json, const std::string& path, double& number) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (json == "NaN") {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (json == "Infinity") {
    number = kInfinity;
  } else if (json == "-Infinity") {
    number = -kInfinity;
  } else if (json.is_number()) {
    number = json.get<double>();
  } else {
    return NotA(path, "a number");
  }
  return Ok();
}
template <class T>
Status Read(const Json& json, const std::string& path, std::vector<T>& items);
template <class T>
Status Read(const Json& json, const std::string& path, std::optional<T>& item);
template <class Record>
Status Read(const Json& json, const std::string& path, Record& record) {
  if (!json.is_object()) return NotA(path, "an object");
  std::optional<Error> first;
  auto read = [&](const char* name, auto& field) {
    if (first) return;
    const std::string field_path = path.empty() ? name : path + "." + name;
    const auto found = json.find(name);
    Status status = found == json.end() ? CorruptError(fmt::format("'{}' is missing", field_path))
                                        : Read(*found, field_path, field);
    if (!status.ok()) first = std::move(status).error();
  };
  Fields(read, record);
  if (first) return *std::move(first);
  return Ok();
}
template <class T>
Status Read(const Json& json, const std::string& path, std::vector<T>& items) {
  if (!json.is_array()) return NotA(path, "a list");
  for (const Json& item : json) {
    const std::string item_path = fmt::format("{}[{}]", path, items.size());
    TEGULA_TRY(Read(item, item_path, items.emplace_back()));
  }
  return Ok();
}

template <class T>
Status Read(const Json& json, const std::string& path, std::optional<T>& item) {
  if (json.is_null()) return Ok();
  return Read(json, path, item.emplace());
}

/// Indented, with the number of its format before the fields. Bytes that are not UTF-8 become the replacement
/// character.
template <class Record>
std::string ToText(const Record& record, std::int64_t format) {
  Json json = {{"format", format}};
  json.update(JsonOf(record));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What ToText wrote. `what` is what people call it. kCorrupt with the path of the field that is missing or of another
/// type; kUnsupported for another format.
template <class Record>
Result<Record> FromText(std::string_view text, std::int64_t format, const std::string& what) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return CorruptError(fmt::format("the {} is not a JSON object", what));
  std::int64_t found_format = 0;
  const auto found = json.find("format");
  if (found == json.end() || !Read(*found, "format", found_format).ok())
    return CorruptError(fmt::format("the {} does not state its format", what));
  if (found_format != format)
    return UnsupportedError(
        fmt::format("the {} has format {}; this version reads format {}", what, found_format, format));
  Record record;
  TEGULA_TRY(Read(json, "", record).Context(what));
  return record;
}

}  // namespace tegula::json_record
