#include "tegula/app/classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/outputs/json_record.h"

namespace tegula::app {

// Found by json_record through their arguments, so not in an unnamed namespace.
using json_record::Is;

template <class V, Is<ClassifierNetwork> R>
void Fields(V& visit, R& r) {
  visit("description_sha256", r.description_sha256);
  visit("weights_format", r.weights_format);
  visit("weights_sha256", r.weights_sha256);
  visit("engine", r.engine);
  visit("engine_version", r.engine_version);
  visit("precision", r.precision);
  visit("device", r.device);
  visit("threads", r.threads);
}
template <class V, Is<ClassifierClass> R>
void Fields(V& visit, R& r) {
  visit("channel", r.channel);
  visit("name", r.name);
  visit("red", r.red);
  visit("green", r.green);
  visit("blue", r.blue);
}
template <class V, Is<ClassifierAxis> R>
void Fields(V& visit, R& r) {
  visit("axis", r.axis);
  visit("tile", r.tile);
  visit("context", r.context);
  visit("stride", r.stride);
}
template <class V, Is<Classifier> R>
void Fields(V& visit, R& r) {
  visit("tegula_version", r.tegula_version);
  visit("model", r.model);
  visit("network", r.network);
  visit("channels", r.channels);
  visit("stains", r.stains);
  visit("z", r.z);
  visit("t", r.t);
  visit("z_projection", r.z_projection);
  visit("level", r.level);
  visit("pixel_size_um", r.pixel_size_um);
  visit("downsample", r.downsample);
  visit("border", r.border);
  visit("statistics_from", r.statistics_from);
  visit("axes", r.axes);
  visit("output", r.output);
  visit("output_type", r.output_type);
  visit("threshold", r.threshold);
  visit("classes", r.classes);
}

namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kLargestFile = 1 << 20;
constexpr std::size_t kLongestName = 100;

struct BorderWord {
  const char* word;
  bool as_reference;
  tiling::Border border;
};
constexpr BorderWord kBorders[] = {{"auto", true, tiling::Border::kPad},
                                   {"pad", false, tiling::Border::kPad},
                                   {"network", false, tiling::Border::kNetwork}};

std::string ToText(const std::optional<image::PlaneRange>& range) {
  if (!range) return "";
  return fmt::format("{}:{}", range->first, range->end ? std::to_string(*range->end) : "");
}

Status CheckNumbers(const Classifier& c) {
  constexpr double kLargest = 1e6;
  constexpr std::int64_t kMostPixels = 1 << 20, kMostThreads = 1024;
  for (const double number : {c.pixel_size_um, c.downsample})
    if (!(number >= 0 && number <= kLargest)) return CorruptError(fmt::format("{} is no size of a pixel", number));
  if (c.level < -1 || c.level > kMostPixels) return CorruptError(fmt::format("{} is no level", c.level));
  if (c.network.threads < 0 || c.network.threads > kMostThreads)
    return CorruptError(fmt::format("{} is no number of threads", c.network.threads));
  for (const ClassifierAxis& axis : c.axes)
    for (const std::int64_t pixels : {axis.tile, axis.context, axis.stride})
      if (pixels < 0 || pixels > kMostPixels)
        return CorruptError(fmt::format("{} pixels along {} are not possible", pixels, axis.axis));
  for (const ClassifierClass& each : c.classes)
    for (const std::int64_t part : {each.red, each.green, each.blue})
      if (part < 0 || part > 255) return CorruptError(fmt::format("{} in a colour is not from 0 to 255", part));
  if (c.output_type != "probability" && c.output_type != "multiclass")
    return CorruptError(fmt::format("output type '{}' is neither probability nor multiclass", c.output_type));
  return Ok();
}

}  // namespace

std::string ToJson(const Classifier& classifier) { return json_record::ToText(classifier, kFormat); }

Result<Classifier> ClassifierFromJson(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(Classifier classifier, json_record::FromText<Classifier>(text, kFormat, "classifier"));
  TEGULA_TRY(CheckNumbers(classifier).Context("classifier"));
  return classifier;
}

Result<Classifier> ClassifierOf(const PredictRequest& request, const ProvenNetwork& proven,
                                const std::string& description_sha256, const std::string& output,
                                const ClassReading& reading) {
  if (request.statistics_from != "image" && request.statistics_from != "padded")
    return UnsupportedError(
        fmt::format("statistics from {} belong to single images, so a classifier cannot hold them; give them when it "
                    "is applied",
                    request.statistics_from));
  if (!request.inputs.empty())
    return UnsupportedError("a classifier holds no further inputs; give them when it is applied");
  Classifier classifier;
  classifier.tegula_version = Version();
  classifier.model = request.model.string();
  classifier.network = NetworkOf(proven, description_sha256, request.engine);
  const image::BindingRequest& binding = request.binding;
  classifier.channels = binding.channels;
  if (binding.stains) classifier.stains = binding.stains->ToText();
  classifier.z = ToText(binding.z), classifier.t = ToText(binding.t);
  if (binding.z_projection) classifier.z_projection = image::ProjectionName(*binding.z_projection);
  classifier.level = binding.level.value_or(-1);
  classifier.pixel_size_um = binding.pixel_size_um.value_or(0);
  classifier.downsample = binding.downsample.value_or(0);
  for (const BorderWord& row : kBorders)
    if (row.as_reference == request.border_as_reference && (row.as_reference || row.border == request.tiling.border))
      classifier.border = row.word;
  classifier.statistics_from = request.statistics_from;
  for (const GridAxis axis : kGridAxes) {
    const tiling::TileRequest& tiling = request.tiling;
    if (!tiling.tile[axis] && !tiling.context[axis] && !tiling.stride[axis]) continue;
    classifier.axes.push_back({std::string(1, GridAxisName(axis)), tiling.tile[axis].value_or(0),
                               tiling.context[axis].value_or(0), tiling.stride[axis].value_or(0)});
  }
  classifier.output = output;
  const bool overlap = !reading.is_partition && reading.classes.size() > 1;
  classifier.output_type = overlap ? "multiclass" : "probability";
  for (const ClassThreshold& threshold : request.objects.thresholds)
    if (threshold.class_name.empty()) classifier.threshold = threshold.value;
  for (const ClassReading::Class& each : reading.classes)
    classifier.classes.push_back({each.channel, each.name, each.colour.r, each.colour.g, each.colour.b});
  return classifier;
}

Status Apply(const Classifier& classifier, PredictRequest& request) {
  request.model = classifier.model;
  image::BindingRequest& binding = request.binding;
  binding = {};
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
  binding.z_projection = image::ProjectionFromName(classifier.z_projection);
  if (classifier.level >= 0) binding.level = static_cast<int>(classifier.level);
  if (classifier.pixel_size_um > 0) binding.pixel_size_um = classifier.pixel_size_um;
  if (classifier.downsample > 0) binding.downsample = classifier.downsample;
  for (const BorderWord& row : kBorders)
    if (classifier.border == row.word)
      request.border_as_reference = row.as_reference, request.tiling.border = row.border;
  request.statistics_from = classifier.statistics_from;
  for (const ClassifierAxis& along : classifier.axes) {
    for (const GridAxis axis : kGridAxes) {
      if (along.axis != std::string(1, GridAxisName(axis))) continue;
      if (along.tile > 0) request.tiling.tile[axis] = along.tile;
      if (along.context > 0) request.tiling.context[axis] = along.context;
      if (along.stride > 0) request.tiling.stride[axis] = along.stride;
    }
  }
  request.outputs = {classifier.output};
  const ClassifierNetwork& network = classifier.network;
  request.engine.engine = network.engine;
  request.engine.device = network.device;
  request.engine.threads = static_cast<int>(network.threads);
  request.engine.weights = spec::WeightsFormatFromName(network.weights_format);
  request.engine.allows_less = false;
  for (const engines::Precision precision :
       {engines::Precision::kF32, engines::Precision::kBf16, engines::Precision::kF16})
    if (network.precision == engines::PrecisionName(precision)) request.engine.precision = precision;
  return Ok();
}

ClassRequest ClassesOf(const Classifier& classifier) {
  ClassRequest request;
  for (std::size_t i = 0; i < classifier.classes.size(); ++i)
    request.names += fmt::format("{}{}={}", i == 0 ? "" : ",", i, classifier.classes[i].name);
  if (classifier.threshold >= 0) request.threshold = classifier.threshold;
  request.overlapping = classifier.output_type == "multiclass";
  return request;
}

std::vector<std::string> DifferencesTo(const Classifier& classifier, const ClassifierNetwork& here) {
  std::vector<std::string> differences;
  const auto compare = [&](const char* what, const auto& was, const auto& is) {
    if (was != is) differences.push_back(fmt::format("the {} is {} here and was {}", what, is, was));
  };
  const ClassifierNetwork& was = classifier.network;
  compare("sha256 of the model's description", was.description_sha256, here.description_sha256);
  compare("format of the weights", was.weights_format, here.weights_format);
  compare("sha256 of the weights", was.weights_sha256, here.weights_sha256);
  compare("engine", was.engine, here.engine);
  compare("engine's version", was.engine_version, here.engine_version);
  compare("precision", was.precision, here.precision);
  compare("number of the engine's threads", was.threads, here.threads);
  return differences;
}

ClassifierNetwork NetworkOf(const ProvenNetwork& proven, const std::string& description_sha256,
                            const EngineRequest& engine) {
  const WeightsCheck& check = proven.check;
  return {description_sha256,   std::string(spec::WeightsFormatName(proven.weights->format)),
          check.weights_sha256, check.engine,
          check.engine_version, std::string(engines::PrecisionName(check.precision)),
          engine.device,        engine.threads};
}

ClassifierNetwork NetworkOf(const outputs::RunRecord& record) {
  return {record.model.description_sha256,
          record.model.weights_format,
          record.model.weights_sha256,
          record.engine.name,
          record.engine.version,
          record.engine.precision,
          "",
          record.engine.threads};
}

Path ClassifierFolder::OfUser() {
  const std::string own = EnvironmentVariable("TEGULA_CLASSIFIERS");
  if (!own.empty()) return own;
  const Path data = EnvironmentVariable("XDG_DATA_HOME");
  if (data.is_absolute()) return data / "tegula" / "classifiers";
  const Path home = EnvironmentVariable("HOME");
  return home.is_absolute() ? home / ".local" / "share" / "tegula" / "classifiers" : Path();
}

Result<Path> ClassifierFolder::FileOf(const std::string& name) const {
  const auto is_allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-_. ").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (name.empty() || name.size() > kLongestName || std::isalnum(static_cast<unsigned char>(name.front())) == 0 ||
      !std::all_of(name.begin(), name.end(), is_allowed))
    return InvalidError(fmt::format(
        "'{}' cannot be the name of a classifier: use up to {} letters, digits, spaces and -_. after a letter or digit",
        name, kLongestName));
  if (folder_.empty()) return InvalidError("there is no folder for classifiers: set TEGULA_CLASSIFIERS to one");
  return folder_ / (name + ".json");
}

Status ClassifierFolder::Save(const std::string& name, const Classifier& classifier, bool overwrite) const {
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(name));
  std::error_code ignored;
  if (!overwrite && std::filesystem::exists(file, ignored))
    return InvalidError(
        fmt::format("there is a classifier {} already; choose another name or replace it with "
                    "--overwrite",
                    name));
  TEGULA_TRY(MakeFolders(folder_));
  return WriteFileWhole(file, ToJson(classifier));
}

Result<Classifier> ClassifierFolder::Load(const std::string& name) const {
  Path file = name;
  const bool is_file = name.ends_with(".json");
  if (!is_file) {
    TEGULA_ASSIGN_OR_RETURN(file, FileOf(name));
  }
  Result<std::string> text = ReadFile(file, kLargestFile);
  if (!text.ok() && text.error().code == Code::kNotFound && !is_file) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
    return NotFoundError(fmt::format("there is no classifier {}; {}", name,
                                     names.empty() ? "make one with `tegula classifier create`"
                                                   : fmt::format("there are {}", fmt::join(names, ", "))));
  }
  TEGULA_TRY(text);
  return ClassifierFromJson(*text).Context(file.string());
}

Result<std::vector<std::string>> ClassifierFolder::Names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".json") names.push_back(entry->path().stem().string());
  if (error && error != std::errc::no_such_file_or_directory)
    return IoError(fmt::format("cannot list {}: {}", folder_.string(), error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

Status ClassifierFolder::Remove(const std::string& name) const {
  TEGULA_TRY(Load(name));
  TEGULA_ASSIGN_OR_RETURN(const Path file, FileOf(name));
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) return IoError(fmt::format("cannot remove {}: {}", file.string(), error.message()));
  return Ok();
}

}  // namespace tegula::app
