#include "tegula/app/classifier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/given_input.h"
#include "tegula/outputs/json_record.h"

namespace tegula::app {

TEGULA_JSON_FIELDS(NetworkIdentity, description_sha256, weights_format, weights_sha256, engine, engine_version,
                   precision, device, threads)
TEGULA_JSON_FIELDS(ClassifierClass, channel, name, red, green, blue)
TEGULA_JSON_FIELDS(ClassifierAxis, axis, tile, context, stride)
TEGULA_JSON_FIELDS(Classifier, name, tegula_version, answers, model, model_name, model_id, model_version, network,
                   channels, stains, z, t, z_projection, level, pixel_size_um, downsample, border, statistics_from,
                   axes, output, output_type, threshold, classes)

namespace {

constexpr std::int64_t kFormat = 1;
constexpr const char* kClassification = "classification";
constexpr OutputType kOutputTypes[] = {
    {kDefaultOutputType, "the values of all channels, of which the largest is the class (of one channel: 0.5 or more)"},
    {kMulticlass, "the values of all channels, each for itself, so that classes may overlap"},
    {kClassification, "only the number of the class"}};

Result<engines::Precision> PrecisionFromName(const std::string& name) {
  for (const engines::Precision precision :
       {engines::Precision::kF32, engines::Precision::kBf16, engines::Precision::kF16})
    if (name == engines::PrecisionName(precision)) return precision;
  return CorruptError(fmt::format("there is no precision '{}'", name));
}

Result<GridAxis> AxisFromName(const std::string& name) {
  for (const GridAxis axis : kGridAxes)
    if (name == std::string(1, GridAxisName(axis))) return axis;
  return CorruptError(fmt::format("there is no axis '{}' along which windows could lie", name));
}

Status CheckNumbers(const Classifier& c) {
  constexpr double kLargest = 1e6;
  constexpr std::int64_t kMostPixels = 1 << 20, kMostThreads = 1024;
  for (const double number : {c.pixel_size_um, c.downsample})
    if (!(number >= 0 && number <= kLargest)) return CorruptError(fmt::format("{} is no size of a pixel", number));
  if (c.level < -1 || c.level > kMostPixels) return CorruptError(fmt::format("{} is no level", c.level));
  if (c.network.threads < 0 || c.network.threads > kMostThreads)
    return CorruptError(fmt::format("{} is no number of threads", c.network.threads));
  for (const ClassifierAxis& axis : c.axes) {
    TEGULA_TRY(AxisFromName(axis.axis));
    for (const std::int64_t pixels : {axis.tile, axis.context, axis.stride})
      if (pixels < 0 || pixels > kMostPixels)
        return CorruptError(fmt::format("{} pixels along {} are not possible", pixels, axis.axis));
  }
  if (!std::isfinite(c.threshold)) return CorruptError(fmt::format("{} is no threshold", c.threshold));
  for (const ClassifierClass& each : c.classes)
    for (const std::int64_t part : {each.red, each.green, each.blue})
      if (part < 0 || part > 255) return CorruptError(fmt::format("{} in a colour is not from 0 to 255", part));
  return Ok();
}

// Names are shown on terminals and stand in tables.
bool IsShowable(std::string_view name) {
  constexpr unsigned char kFirst = 0x20, kDelete = 0x7f;
  return std::ranges::none_of(name, [](unsigned char c) { return c < kFirst || c == kDelete; });
}

// Words that would be passed over where they are not known.
Status CheckWords(const Classifier& c) {
  if (c.model.empty() || c.output.empty()) return CorruptError("it names no model, or no output of it");
  if (const Status type = CheckOutputType(c.output_type, c.classes.size()); !type.ok())
    return CorruptError(ToString(type.error()));
  if (!spec::WeightsFormatFromName(c.network.weights_format))
    return CorruptError(fmt::format("there is no weights format '{}'", c.network.weights_format));
  TEGULA_TRY(PrecisionFromName(c.network.precision));
  if (!c.z_projection.empty() && !image::ProjectionFromName(c.z_projection))
    return CorruptError(fmt::format("there is no projection '{}'", c.z_projection));
  if (!IsOfAnyImage(c.statistics_from))
    return CorruptError(fmt::format("statistics from '{}' are not those of any image", c.statistics_from));
  if (c.classes.empty()) return CorruptError("it has no classes");
  for (const ClassifierClass& each : c.classes)
    if (each.name.empty()) return CorruptError("one of its classes has no name");
  bool is_showable = IsShowable(c.name) && IsShowable(c.model) && IsShowable(c.output) && IsShowable(c.tegula_version);
  for (const ClassifierClass& each : c.classes)
    is_showable = is_showable && IsShowable(each.name) && IsShowable(each.channel);
  if (!is_showable) return CorruptError("a name in it holds control characters");
  PredictRequest scratch;
  const Status border = SetBorder(c.border, scratch);
  return border.ok() ? Ok() : CorruptError(ToString(border.error()));
}

}  // namespace

std::span<const OutputType> OutputTypes() { return kOutputTypes; }

Status CheckOutputType(std::string_view type, std::size_t channels) {
  if (std::ranges::find(kOutputTypes, type, &OutputType::name) == std::end(kOutputTypes))
    return InvalidError(fmt::format("output type '{}' is neither probability, multiclass nor classification", type));
  if (channels > 1 || type != kClassification) return Ok();
  return InvalidError(
      "there is one channel, so there are no classes of which one could be the largest; choose probability, and a "
      "threshold");
}

std::string TitleOf(const Classifier& classifier) {
  return classifier.name.empty() ? "the classifier" : "classifier " + classifier.name;
}

std::string ToJson(const Classifier& classifier) { return json_record::ToText(classifier, kFormat); }

Result<Classifier> ClassifierFromJson(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(Classifier classifier, json_record::FromText<Classifier>(text, kFormat, "classifier"));
  TEGULA_TRY(CheckNumbers(classifier).Context("classifier"));
  TEGULA_TRY(CheckWords(classifier).Context("classifier"));
  return classifier;
}

Result<Classifier> ClassifierOf(const PredictRequest& request, const ProvenNetwork& proven,
                                const spec::Package& package, const std::string& output, const std::string& output_type,
                                const ClassReading& reading) {
  if (!IsOfAnyImage(request.statistics_from))
    return UnsupportedError(
        fmt::format("statistics from {} belong to single images, so a classifier cannot hold them; give them when it "
                    "is applied",
                    request.statistics_from));
  if (!request.inputs.empty())
    return UnsupportedError("a classifier holds no further inputs; give them when it is applied");
  TEGULA_TRY(CheckOutputType(output_type, reading.classes.size()).Context("output " + output));
  const bool is_single = reading.classes.size() == 1;
  if (!is_single && (output_type == kMulticlass) == reading.is_partition)
    return InvalidError(reading.is_partition
                            ? "classes of which the largest wins do not overlap; choose probability"
                            : "a threshold for several channels makes classes that may overlap; choose multiclass");
  const spec::ModelDescription& model = package.description();
  Classifier classifier;
  classifier.tegula_version = Version();
  classifier.model = request.model.string();
  classifier.model_name = model.name, classifier.model_id = model.id, classifier.model_version = model.version;
  classifier.network = NetworkOf(proven, package.description_sha256(), request.engine);
  const image::BindingRequest& binding = request.binding;
  classifier.channels = binding.channels;
  if (binding.stains) classifier.stains = binding.stains->ToText();
  classifier.z = TextOf(binding.z), classifier.t = TextOf(binding.t);
  if (binding.z_projection) classifier.z_projection = image::ProjectionName(*binding.z_projection);
  classifier.level = binding.level.value_or(-1);
  classifier.pixel_size_um = binding.pixel_size_um.value_or(0);
  classifier.downsample = binding.downsample.value_or(0);
  classifier.border = BorderOf(request);
  classifier.statistics_from = request.statistics_from;
  for (const GridAxis axis : kGridAxes) {
    const tiling::TileRequest& tiling = request.tiling;
    if (!tiling.tile[axis] && !tiling.context[axis] && !tiling.stride[axis]) continue;
    classifier.axes.push_back({std::string(1, GridAxisName(axis)), tiling.tile[axis].value_or(0),
                               tiling.context[axis].value_or(0), tiling.stride[axis].value_or(0)});
  }
  classifier.output = output;
  classifier.output_type = output_type;
  if (request.classes.threshold) classifier.threshold = *request.classes.threshold;
  for (const ClassReading::Class& each : reading.classes)
    classifier.classes.push_back({each.channel, each.name, each.colour.r, each.colour.g, each.colour.b});
  return classifier;
}

Status Apply(const Classifier& classifier, PredictRequest& request) {
  if (classifier.answers != kAnswers)
    return InvalidError(fmt::format(
        "{} was made with Tegula {}, which gives other values for the same request than this Tegula {}; make it again",
        TitleOf(classifier), classifier.tegula_version, Version()));
  request.model = classifier.model;
  image::BindingRequest binding;
  binding.z = request.binding.z, binding.t = request.binding.t, binding.z_projection = request.binding.z_projection;
  binding.channels = classifier.channels;
  if (!classifier.stains.empty()) {
    TEGULA_ASSIGN_OR_RETURN(binding.stains, image::StainSet::Parse(classifier.stains));
  }
  if (!classifier.z.empty()) {
    TEGULA_ASSIGN_OR_RETURN(binding.z, image::PlaneRange::Parse(classifier.z));
  }
  if (!classifier.t.empty()) {
    TEGULA_ASSIGN_OR_RETURN(binding.t, image::PlaneRange::Parse(classifier.t));
  }
  if (!classifier.z_projection.empty()) binding.z_projection = image::ProjectionFromName(classifier.z_projection);
  if (classifier.level >= 0) binding.level = static_cast<int>(classifier.level);
  if (classifier.pixel_size_um > 0) binding.pixel_size_um = classifier.pixel_size_um;
  if (classifier.downsample > 0) binding.downsample = classifier.downsample;
  request.binding = std::move(binding);
  TEGULA_TRY(SetBorder(classifier.border, request));
  if (IsOfAnyImage(request.statistics_from)) request.statistics_from = classifier.statistics_from;
  for (const ClassifierAxis& along : classifier.axes) {
    TEGULA_ASSIGN_OR_RETURN(const GridAxis axis, AxisFromName(along.axis));
    if (along.tile > 0) request.tiling.tile[axis] = along.tile;
    if (along.context > 0) request.tiling.context[axis] = along.context;
    if (along.stride > 0) request.tiling.stride[axis] = along.stride;
  }
  request.outputs = {classifier.output};
  request.classes = ClassesOf(classifier);
  request.objects.thresholds = ThresholdsOf(classifier);
  if (classifier.output_type == kClassification)
    request.values.push_back({classifier.output, outputs::Values::kArgmax, std::nullopt});
  const NetworkIdentity& network = classifier.network;
  request.engine.engine = network.engine;
  request.engine.device = network.device;
  request.engine.threads = static_cast<int>(network.threads);
  request.engine.weights = spec::WeightsFormatFromName(network.weights_format);
  request.engine.allows_less = false;
  TEGULA_ASSIGN_OR_RETURN(request.engine.precision, PrecisionFromName(network.precision));
  request.network = network;
  request.classifier = TitleOf(classifier);
  return Ok();
}

ClassRequest ClassesOf(const Classifier& classifier) {
  ClassRequest request;
  const auto byte = [](std::int64_t part) { return static_cast<std::uint8_t>(part); };
  for (const ClassifierClass& each : classifier.classes)
    request.each.push_back({each.name, {byte(each.red), byte(each.green), byte(each.blue)}});
  if (classifier.threshold >= 0) request.threshold = classifier.threshold;
  request.overlapping = classifier.output_type == kMulticlass;
  return request;
}

std::vector<ClassThreshold> ThresholdsOf(const Classifier& classifier) {
  if (classifier.threshold >= 0) return {{"", classifier.threshold}};
  if (classifier.output_type == kMulticlass) return {{"", 0.5}};
  return {};
}

Status CheckMadeAs(const Classifier& classifier, const outputs::RunRecord& record) {
  std::vector<std::string> differences = DifferencesTo(classifier.network, NetworkOf(record));
  PredictRequest wanted;
  TEGULA_TRY(Apply(classifier, wanted));
  const RunKey given = GivenBy(record), wanted_given = GivenBy(wanted);
  RunKey compared, asked;
  for (const auto& [what, value] : wanted_given.facts()) {
    // What the classifier leaves to single images.
    const bool is_open = (what == kRangeZ && classifier.z.empty()) || (what == kRangeT && classifier.t.empty()) ||
                         (what == kProjectionZ && classifier.z_projection.empty());
    const std::string* const was = given.Find(what);
    if (is_open || (what == kStatistics && was != nullptr && !IsOfAnyImage(*was))) continue;
    asked.Add(what, value);
    compared.Add(what, was == nullptr ? "not known" : *was);
  }
  for (std::string& difference : compared.DifferencesTo(asked)) differences.push_back(std::move(difference));
  return CheckSame(TitleOf(classifier), differences);
}

}  // namespace tegula::app
