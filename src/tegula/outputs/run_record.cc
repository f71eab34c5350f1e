#include "tegula/outputs/run_record.h"

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace tegula::outputs {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kFormat = 1;

// The names of the fields stand once; reading and writing are visitors.
template <class R, class Record>
concept Is = std::same_as<std::remove_const_t<R>, Record>;

template <class V, Is<MachineRecord> R>
void Fields(V& visit, R& r) {
  visit("processor", r.processor);
  visit("cores", r.cores);
}
template <class V, Is<ModelRecord> R>
void Fields(V& visit, R& r) {
  visit("name", r.name);
  visit("id", r.id);
  visit("version", r.version);
  visit("path", r.path);
  visit("description_sha256", r.description_sha256);
  visit("weights_format", r.weights_format);
  visit("weights_sha256", r.weights_sha256);
  visit("license", r.license);
  visit("cite", r.cite);
}
template <class V, Is<EngineRecord> R>
void Fields(V& visit, R& r) {
  visit("name", r.name);
  visit("version", r.version);
  visit("precision", r.precision);
  visit("threads", r.threads);
  visit("chosen_because", r.chosen_because);
}
template <class V, Is<LevelRecord> R>
void Fields(V& visit, R& r) {
  visit("height", r.height);
  visit("width", r.width);
  visit("downsample", r.downsample);
}
template <class V, Is<ImageRecord> R>
void Fields(V& visit, R& r) {
  visit("path", r.path);
  visit("format", r.format);
  visit("dtype", r.dtype);
  visit("levels", r.levels);
  visit("pixel_size_y_um", r.pixel_size_y_um);
  visit("pixel_size_x_um", r.pixel_size_x_um);
  visit("channels", r.channels);
}
template <class V, Is<StatisticRecord> R>
void Fields(V& visit, R& r) {
  visit("tensor", r.tensor);
  visit("measure", r.measure);
  visit("percentile", r.percentile);
  visit("axes", r.axes);
  visit("values", r.values);
}
template <class V, Is<TileAxisRecord> R>
void Fields(V& visit, R& r) {
  visit("axis", r.axis);
  visit("image", r.image);
  visit("padded", r.padded);
  visit("tile", r.tile);
  visit("context", r.context);
  visit("grid", r.grid);
  visit("windows", r.windows);
}
template <class V, Is<TilePlanRecord> R>
void Fields(V& visit, R& r) {
  visit("axes", r.axes);
  visit("border", r.border);
  visit("windows", r.windows);
}
template <class V, Is<TestRecord> R>
void Fields(V& visit, R& r) {
  visit("output", r.output);
  visit("max_abs_error", r.max_abs_error);
  visit("absolute_tolerance", r.absolute_tolerance);
  visit("relative_tolerance", r.relative_tolerance);
  visit("passed", r.passed);
}
template <class V, Is<StageRecord> R>
void Fields(V& visit, R& r) {
  visit("name", r.name);
  visit("wall_s", r.wall_s);
  visit("cpu_s", r.cpu_s);
}
template <class V, Is<ObjectsRecord> R>
void Fields(V& visit, R& r) {
  visit("class_name", r.class_name);
  visit("count", r.count);
  visit("area_px", r.area_px);
  visit("area_um2", r.area_um2);
  visit("channel", r.channel);
}
template <class V, Is<StoredRecord> R>
void Fields(V& visit, R& r) {
  visit("output", r.output);
  visit("values", r.values);
  visit("dtype", r.dtype);
  visit("axes", r.axes);
  visit("shape", r.shape);
  visit("scale_factor", r.scale_factor);
  visit("add_offset", r.add_offset);
  visit("classes", r.classes);
  visit("clipped_values", r.clipped_values);
  visit("not_numbers", r.not_numbers);
}
template <class V, Is<OutputRecord> R>
void Fields(V& visit, R& r) {
  visit("kind", r.kind);
  visit("path", r.path);
  visit("format", r.format);
  visit("compression", r.compression);
}
template <class V, Is<RunRecord> R>
void Fields(V& visit, R& r) {
  visit("tegula_version", r.tegula_version);
  visit("key", r.key);
  visit("command", r.command);
  visit("started", r.started);
  visit("finished", r.finished);
  visit("machine", r.machine);
  visit("model", r.model);
  visit("engine", r.engine);
  visit("image", r.image);
  visit("binding", r.binding);
  visit("statistics", r.statistics);
  visit("tiles", r.tiles);
  visit("tests", r.tests);
  visit("exactness", r.exactness);
  visit("stages", r.stages);
  visit("wall_s", r.wall_s);
  visit("cpu_s", r.cpu_s);
  visit("peak_memory_bytes", r.peak_memory_bytes);
  visit("allowed_memory_bytes", r.allowed_memory_bytes);
  visit("estimated_memory_bytes", r.estimated_memory_bytes);
  visit("stored", r.stored);
  visit("objects", r.objects);
  visit("outputs", r.outputs);
  visit("warnings", r.warnings);
  visit("notes", r.notes);
}

// --- Writing ---------------------------------------------------------------------------------------------------------

Json JsonOf(const std::string& text) { return text; }
Json JsonOf(std::int64_t number) { return number; }
Json JsonOf(bool flag) { return flag; }
Json JsonOf(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
}
template <class T>
Json JsonOf(const std::vector<T>& items);
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

// --- Reading ---------------------------------------------------------------------------------------------------------

Error NotA(std::string_view path, std::string_view kind) {
  return CorruptError(fmt::format("'{}' is not {}", path, kind));
}

Status Read(const Json& json, const std::string& path, std::string& text) {
  if (!json.is_string()) return NotA(path, "text");
  text = json.get<std::string>();
  return Ok();
}
Status Read(const Json& json, const std::string& path, std::int64_t& number) {
  const bool too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
  if (!json.is_number_integer() || too_large) return NotA(path, "a whole number");
  number = json.get<std::int64_t>();
  return Ok();
}
Status Read(const Json& json, const std::string& path, bool& flag) {
  if (!json.is_boolean()) return NotA(path, "true or false");
  flag = json.get<bool>();
  return Ok();
}
Status Read(const Json& json, const std::string& path, double& number) {
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

}  // namespace

std::string ToJson(const RunRecord& record) {
  Json json = {{"format", kFormat}};
  json.update(JsonOf(record));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunRecord> RunRecordFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return CorruptError("the run record is not a JSON object");
  std::int64_t format = 0;
  const auto found = json.find("format");
  if (found == json.end() || !Read(*found, "format", format).ok())
    return CorruptError("the run record does not state its format");
  if (format != kFormat)
    return UnsupportedError(fmt::format("the run record has format {}; this version reads format {}", format, kFormat));
  RunRecord record;
  TEGULA_TRY(Read(json, "", record).Context("run record"));
  return record;
}

}  // namespace tegula::outputs
