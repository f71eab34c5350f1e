#include "tegula/outputs/run_record.h"

#include "tegula/outputs/json_record.h"

namespace tegula::outputs {

TEGULA_JSON_FIELDS(MachineRecord, processor, cores)
TEGULA_JSON_FIELDS(ModelRecord, name, id, version, path, description_sha256, weights_format, weights_sha256, license,
                   cite)
TEGULA_JSON_FIELDS(EngineRecord, name, version, precision, threads, chosen_because)
TEGULA_JSON_FIELDS(LevelRecord, height, width, downsample)
TEGULA_JSON_FIELDS(ImageRecord, path, format, dtype, levels, pixel_size_y_um, pixel_size_x_um, channels)
TEGULA_JSON_FIELDS(StatisticRecord, tensor, measure, percentile, axes, values)
TEGULA_JSON_FIELDS(TileAxisRecord, axis, image, padded, tile, context, grid, windows)
TEGULA_JSON_FIELDS(TilePlanRecord, axes, border, windows, skipped)
TEGULA_JSON_FIELDS(ThresholdRecord, channel, threshold, counted)
TEGULA_JSON_FIELDS(TissueRecord, method, height, width, downsample, thresholds, share)
TEGULA_JSON_FIELDS(RegionRecord, asked, area_px, area_um2, share, tissue)
TEGULA_JSON_FIELDS(TestRecord, output, max_abs_error, absolute_tolerance, relative_tolerance, passed)
TEGULA_JSON_FIELDS(StageRecord, name, wall_s, cpu_s)
TEGULA_JSON_FIELDS(ObjectsRecord, class_name, count, area_px, area_um2, channel, colour)
TEGULA_JSON_FIELDS(FactRecord, what, value)
TEGULA_JSON_FIELDS(VerificationRecord, output, asked, against, windows, of_windows, context_px, verified_with_px,
                   pixels, largest, mean, allowed, pixels_beyond, pixels_at_steps, y, x, z, t, channel, from_seam_px,
                   enough, seam_distances, by_seam_distance, wall_s, passed, verdict)
TEGULA_JSON_FIELDS(StoredRecord, output, values, dtype, axes, shape, scale_factor, add_offset, classes, clipped_values,
                   not_numbers)
TEGULA_JSON_FIELDS(OutputRecord, kind, path, format, compression)
TEGULA_JSON_FIELDS(PlacementRecord, output, path, scale_y, scale_x, origin_y, origin_x)
TEGULA_JSON_FIELDS(RunRecord, tegula_version, key, command, started, finished, machine, model, classifier, engine,
                   image, region, given, binding, statistics, tiles, tests, exactness, stages, wall_s, cpu_s,
                   peak_memory_bytes, allowed_memory_bytes, estimated_memory_bytes, verification, stored, objects,
                   outputs, placements, warnings, notes)

namespace {
constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kLargestRecord = 64 << 20;
}  // namespace

std::string ToJson(const RunRecord& record) { return json_record::ToText(record, kFormat); }

std::string ToJson(const VerificationRecord& record) {
  return json_record::JsonOf(record).dump(-1, ' ', false, json_record::Json::error_handler_t::replace);
}

Result<RunRecord> RunRecordFromJson(std::string_view text) {
  return json_record::FromText<RunRecord>(text, kFormat, "run record");
}

Result<RunRecord> ReadRunRecord(const Path& folder) {
  const Path path = folder / kRunRecordName;
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kLargestRecord));
  return RunRecordFromJson(text).Context(path.string());
}

}  // namespace tegula::outputs
