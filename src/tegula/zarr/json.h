// zarr/json.h — reading the JSON of others without a chance to fail half-way: a wrong path or type ends in null, an
// empty text or nothing, which the reader then refuses with the name of the field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tegula/core/status.h"

namespace tegula::zarr {

using Json = nlohmann::ordered_json;

/// The object that `text` is. kCorrupt if it is none or nested deeper than `max_depth`: comparing and destroying values
/// recurses.
Result<Json> ParseObject(std::string_view text, int max_depth);

/// The member `key`, the item `index`; null where there is none.
const Json& Member(const Json& json, const char* key);
const Json& Item(const Json& json, std::size_t index);
/// The text; empty if it is none.
std::string Text(const Json& json);
std::optional<double> Number(const Json& json);
/// An integer; -1 if it is none, INT64_MAX if it is larger than that.
std::int64_t Count(const Json& json);

}  // namespace tegula::zarr
