#include "tegula/app/view/run_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/shell_word.h"
#include "tegula/core/text.h"
#include "tegula/outputs/json_record.h"

namespace tegula::app {

TEGULA_JSON_FIELDS(OptionWord, name, value)
TEGULA_JSON_FIELDS(RunWords, command, subjects, options, has_region)
TEGULA_JSON_FIELDS(RunNote, words, state, sentence, asked, objects)

namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kLongestWord = 4096;

constexpr RunOption kRunOptions[] = {
    {"classifier", true, false, false, "one that is kept, in the place of a model"},
    {"channels", true, false, false, "what the model gets"},
    {"stains", true, false, false, "which stains the image shows"},
    {"z", true, false, false, "planes along z"},
    {"t", true, false, false, "points in time"},
    {"z-projection", true, false, false, "makes the planes along z one"},
    {"level", true, false, false, "the pyramid level to use as it is"},
    {"pixel-size", true, false, false, "in µm, to which the image is brought"},
    {"downsample", true, false, false, "how many times larger pixels than the full resolution's"},
    {"tile", true, false, false, "edge of the window that the network sees"},
    {"context", true, false, false, "pixels around each tile that the network sees"},
    {"stride", true, false, false, "from one patch to the next"},
    {"border", true, false, false, "auto, pad or network"},
    {"region", true, false, false, "X,Y,WIDTH,HEIGHT or tissue"},
    {"outputs", true, true, false, "which outputs of the model"},
    {"classes", true, true, false, "what the channels mean"},
    {"format", true, false, false, "of the prediction: ome-zarr, ome-tiff, npy"},
    {"compression", true, false, false, "of the prediction"},
    {"values", true, false, false, "how the prediction is stored: own, uint8, argmax"},
    {"verify", true, false, false, "how many windows are predicted again, or all"},
    {"objects", true, true, false, "channels that become objects; all"},
    {"threshold", true, true, false, "from which value on a pixel belongs to an object"},
    {"overlaps", true, true, false, "keep or never"},
    {"connectivity", true, true, false, "4 or 8"},
    {"smooth", true, true, false, "standard deviation of a Gaussian over the map"},
    {"split", true, true, false, "distance, seeds or seeds=CHANNEL"},
    {"split-depth", true, true, false, "how narrow a neck is"},
    {"fill-holes", true, true, false, "the area below which holes are filled"},
    {"min-area", true, true, false, "the area below which objects are left out"},
    {"border-objects", true, true, false, "keep or drop"},
    {"simplify", true, true, false, "how far outlines with fewer corners may lie from the exact ones"},
    {"measure", true, true, false, "shape, intensity, neighbours or all"},
    {"percentiles", true, true, false, "of intensities"},
    {"neighbour-radius", true, true, false, "within which neighbours are counted"},
    {"object-type", true, true, false, "detection, annotation or cell"},
    {"cell-expansion", true, true, false, "how far cells reach around their nuclei"},
    {"object-files", true, true, false, "what is written of objects: geojson, csv, labels, labels-tiff"},
    {"qupath", true, true, true, "a folder for QuPath"},
};

const RunOption* FindOption(std::string_view name) {
  const auto found = std::ranges::find(kRunOptions, name, &RunOption::name);
  return found == std::end(kRunOptions) ? nullptr : found;
}

bool HasControls(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// The other words of regions are files.
bool IsRectangleOrTissue(const std::string& value) {
  const std::vector<std::string> parts = Split(value, ',');
  if (parts.size() == 4)
    return std::ranges::all_of(parts, [](const std::string& part) { return ParseDouble(Trim(part)).has_value(); });
  return value == "tissue" || (value.starts_with("tissue=") && ParseDouble(value.substr(7)).has_value());
}

Status CheckOption(const RunWords& words, const OptionWord& word) {
  const RunOption* option = FindOption(word.name);
  const bool is_for = option != nullptr && (words.command == kPredictWord ? option->of_predict : option->of_objects);
  if (!is_for) return InvalidError(fmt::format("a run of `tegula {}` takes no '{}'", words.command, word.name));
  if (option->is_flag && word.value != "true")
    return InvalidError(fmt::format("{} is on or left out, and not '{}'", word.name, word.value));
  if (word.value.empty() || word.value.size() > kLongestWord || HasControls(word.value))
    return InvalidError(fmt::format("what is said for {} is empty, too long or has control characters", word.name));
  // Its other name is a file.
  if (word.name == "classifier" && (word.value.find('/') != std::string::npos || word.value.ends_with(".json")))
    return InvalidError(fmt::format("'{}' is no name of a classifier that is kept", word.value));
  if (word.name == "region" && !IsRectangleOrTissue(word.value))
    return InvalidError(fmt::format("the region '{}' is neither X,Y,WIDTH,HEIGHT nor tissue", word.value));
  return Ok();
}

}  // namespace

std::span<const RunOption> RunOptions() noexcept { return kRunOptions; }

const std::string* RunWords::Find(std::string_view option) const noexcept {
  const auto found = std::ranges::find(options, option, &OptionWord::name);
  return found == options.end() ? nullptr : &found->value;
}

Status CheckRunWords(const RunWords& words) {
  const bool is_predict = words.command == kPredictWord;
  if (!is_predict && words.command != kObjectsWord)
    return InvalidError(fmt::format("a run is no `tegula {}`", words.command));
  const bool has_model = is_predict && words.Find("classifier") == nullptr;  // which stands for one
  if (words.subjects.size() != (has_model ? 2 : 1))
    return InvalidError(is_predict ? "a run is of one image, and of one model or classifier"
                                   : "objects are made of one prediction");
  for (const std::string& subject : words.subjects)
    if (subject.empty() || subject.starts_with('-') || HasControls(subject))
      return InvalidError(fmt::format("'{}' is no name of a model, an image or a run", subject));
  if (words.has_region && !is_predict) return InvalidError("objects are made of all that was predicted");
  for (const OptionWord& word : words.options) TEGULA_TRY(CheckOption(words, word));
  return Ok();
}

std::vector<std::string> ArgumentsOf(const RunWords& words, const Path& folder,
                                     const std::vector<std::string>& always) {
  std::vector<std::string> arguments = {words.command};
  arguments.insert(arguments.end(), words.subjects.begin(), words.subjects.end());
  arguments.insert(arguments.end(), {"-o", folder.string()});
  if (words.has_region) arguments.insert(arguments.end(), {"--region", (folder / kRegionFile).string()});
  for (const OptionWord& word : words.options) {
    const RunOption* option = FindOption(word.name);
    std::string name = "--" + word.name;
    if (option != nullptr && option->is_flag) {
      arguments.push_back(std::move(name));
    } else if (word.value.starts_with('-') || word.name == "verify") {
      arguments.push_back(name + "=" + word.value);
    } else {
      arguments.insert(arguments.end(), {std::move(name), word.value});
    }
  }
  if (words.command == kPredictWord) arguments.insert(arguments.end(), always.begin(), always.end());
  return arguments;
}

std::string CommandText(const std::vector<std::string>& arguments) {
  std::string text = "tegula";
  for (const std::string& word : arguments) text += " " + ShellWord(word);
  return text;
}

std::string ToJson(const RunNote& note) { return json_record::ToText(note, kFormat); }

Result<RunNote> RunNoteFromJson(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(RunNote note, json_record::FromText<RunNote>(text, kFormat, "note of a run"));
  if (note.state == kRemovedRun) return note;  // of which nothing is done any more
  if (const Status status = CheckRunWords(note.words); !status.ok()) return CorruptError(ToString(status.error()));
  return note;
}

}  // namespace tegula::app
