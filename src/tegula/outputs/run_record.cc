#include "tegula/outputs/run_record.h"

#include "tegula/outputs/json_record.h"

namespace tegula::outputs {

// Found by json_record through their arguments, so not in an unnamed namespace.
using json_record::Is;

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
  visit("skipped", r.skipped);
}
template <class V, Is<ThresholdRecord> R>
void Fields(V& visit, R& r) {
  visit("channel", r.channel);
  visit("threshold", r.threshold);
  visit("counted", r.counted);
}
template <class V, Is<TissueRecord> R>
void Fields(V& visit, R& r) {
  visit("method", r.method);
  visit("height", r.height);
  visit("width", r.width);
  visit("downsample", r.downsample);
  visit("thresholds", r.thresholds);
  visit("share", r.share);
}
template <class V, Is<RegionRecord> R>
void Fields(V& visit, R& r) {
  visit("asked", r.asked);
  visit("area_px", r.area_px);
  visit("area_um2", r.area_um2);
  visit("share", r.share);
  visit("tissue", r.tissue);
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
template <class V, Is<VerificationRecord> R>
void Fields(V& visit, R& r) {
  visit("output", r.output);
  visit("asked", r.asked);
  visit("against", r.against);
  visit("windows", r.windows);
  visit("of_windows", r.of_windows);
  visit("context_px", r.context_px);
  visit("verified_with_px", r.verified_with_px);
  visit("pixels", r.pixels);
  visit("largest", r.largest);
  visit("mean", r.mean);
  visit("allowed", r.allowed);
  visit("pixels_beyond", r.pixels_beyond);
  visit("pixels_at_steps", r.pixels_at_steps);
  visit("y", r.y);
  visit("x", r.x);
  visit("z", r.z);
  visit("t", r.t);
  visit("channel", r.channel);
  visit("from_seam_px", r.from_seam_px);
  visit("enough", r.enough);
  visit("seam_distances", r.seam_distances);
  visit("by_seam_distance", r.by_seam_distance);
  visit("wall_s", r.wall_s);
  visit("passed", r.passed);
  visit("verdict", r.verdict);
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
template <class V, Is<PlacementRecord> R>
void Fields(V& visit, R& r) {
  visit("output", r.output);
  visit("path", r.path);
  visit("scale_y", r.scale_y);
  visit("scale_x", r.scale_x);
  visit("origin_y", r.origin_y);
  visit("origin_x", r.origin_x);
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
  visit("region", r.region);
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
  visit("verification", r.verification);
  visit("stored", r.stored);
  visit("objects", r.objects);
  visit("outputs", r.outputs);
  visit("placements", r.placements);
  visit("warnings", r.warnings);
  visit("notes", r.notes);
}

namespace {
constexpr std::int64_t kFormat = 1;
}

std::string ToJson(const RunRecord& record) { return json_record::ToText(record, kFormat); }

std::string ToJson(const VerificationRecord& record) {
  return json_record::JsonOf(record).dump(-1, ' ', false, json_record::Json::error_handler_t::replace);
}

Result<RunRecord> RunRecordFromJson(std::string_view text) {
  return json_record::FromText<RunRecord>(text, kFormat, "run record");
}

}  // namespace tegula::outputs
