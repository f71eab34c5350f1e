#include "tegula/zoo/catalogue.h"

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/zoo/json.h"

namespace tegula::zoo {
namespace {

constexpr const char* kFormat = "tegula-catalogue-1";

std::string AxesInWords(const spec::TensorDescription& tensor) {
  std::vector<std::string> ids;
  for (const spec::Axis& axis : tensor.axes) ids.push_back(axis.id);
  return Join(ids, " ");
}

// A text deep in the tree, such as config.bioimageio.nickname.
std::string DeepText(const spec::NodePointer& tree, std::initializer_list<std::string_view> keys) {
  const spec::Node* node = tree.get();
  for (const std::string_view key : keys) node = node != nullptr && node->is_mapping() ? node->Find(key) : nullptr;
  return node != nullptr && node->is_scalar() && !node->is_null() ? node->text : "";
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

// How well `word` stands in `text`, both lower case: 1 as a whole word, 0.7 as the beginning of one, 0.
double Match(std::string_view text, std::string_view word) {
  double best = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at > 0 && IsWordCharacter(text[at - 1])) continue;
    const std::size_t end = at + word.size();
    if (end == text.size() || !IsWordCharacter(text[end])) return 1;
    best = 0.7;
  }
  return best;
}

double BestMatch(const std::vector<std::string>& texts, std::string_view word) {
  double best = 0;
  for (const std::string& text : texts) best = std::max(best, Match(ToLower(text), word));
  return best;
}

double ScoreOf(const CatalogueEntry& entry, std::string_view word) {
  constexpr double kInName = 4, kInTags = 3, kInText = 1, kInAuthors = 1;
  return std::max({kInName * Match(entry.id, word), kInName * Match(ToLower(entry.name), word),
                   kInTags * BestMatch(entry.tags, word), kInText * Match(ToLower(entry.description), word),
                   kInAuthors * BestMatch(entry.authors, word)});
}

// "zyx" of "batch channel z y x"; axes that are neither space nor time do not count.
std::string SpaceAndTime(const std::string& axes) {
  std::string letters;
  for (const std::string& axis : Split(axes, ' ')) {
    if (axis == "x" || axis == "y" || axis == "z") letters += axis;
    if (axis == "time" || axis == "t") letters += 't';
  }
  std::sort(letters.begin(), letters.end());
  return letters;
}

bool Fits(const CatalogueEntry& entry, const Query& query) {
  for (const std::string& wanted : query.tags) {
    const auto is_it = [&](const std::string& tag) { return ToLower(tag) == ToLower(wanted); };
    if (std::none_of(entry.tags.begin(), entry.tags.end(), is_it)) return false;
  }
  if (const std::string modality = ToLower(query.modality);
      !modality.empty() && BestMatch(entry.tags, modality) == 0 && Match(ToLower(entry.description), modality) == 0)
    return false;
  if (!query.axes.empty()) {
    std::string wanted = ToLower(query.axes);
    std::sort(wanted.begin(), wanted.end());
    if (entry.axes.empty() || SpaceAndTime(entry.axes.front()) != wanted) return false;
  }
  if (!query.weights.empty() &&
      std::find(entry.weights.begin(), entry.weights.end(), query.weights) == entry.weights.end())
    return false;
  return ToLower(entry.license).starts_with(ToLower(query.license));
}

}  // namespace

CatalogueEntry EntryOf(const IndexItem& item, const spec::ReadDescription& read) {
  const spec::ModelDescription& model = read.model;
  CatalogueEntry entry;
  entry.id = item.name;
  entry.version = item.versions.back().version;
  entry.sha256 = item.versions.back().sha256;
  entry.name = model.name;
  entry.description = model.description;
  entry.license = model.license;
  entry.resource_version = model.version;
  entry.concept_doi = DeepText(read.tree, {"config", "_conceptdoi"});
  entry.tags = model.tags;
  for (const spec::Person& author : model.authors) entry.authors.push_back(author.name);
  for (const spec::TensorDescription& input : model.inputs) entry.axes.push_back(AxesInWords(input));
  for (const spec::WeightsEntry& weights : model.weights)
    entry.weights.emplace_back(spec::WeightsFormatName(weights.format));
  if (!model.inputs.empty())
    if (const spec::Axis* channel = model.inputs.front().FindAxis(spec::AxisType::kChannel))
      if (const auto* fixed = std::get_if<spec::FixedSize>(&channel->size)) entry.channels = fixed->size;
  const auto is_deprecated = [](const std::string& tag) { return ToLower(tag) == "deprecated"; };
  entry.deprecated = item.deprecated || std::any_of(entry.tags.begin(), entry.tags.end(), is_deprecated) ||
                     DeepText(read.tree, {"config", "bioimageio", "status"}) == "deprecated" ||
                     DeepText(read.tree, {"config", "bioimageio", "deprecated"}) == "true";
  return entry;
}

std::string ToJson(const Catalogue& catalogue) {
  Json models = Json::array();
  for (const CatalogueEntry& e : catalogue.models)
    models.push_back({{"id", e.id},
                      {"version", e.version},
                      {"sha256", e.sha256},
                      {"name", e.name},
                      {"description", e.description},
                      {"license", e.license},
                      {"resource_version", e.resource_version},
                      {"concept_doi", e.concept_doi},
                      {"tags", e.tags},
                      {"authors", e.authors},
                      {"axes", e.axes},
                      {"weights", e.weights},
                      {"channels", e.channels},
                      {"deprecated", e.deprecated}});
  return ToText({{"format", kFormat}, {"timestamp", catalogue.timestamp}, {"models", std::move(models)}});
}

Result<Catalogue> CatalogueFromJson(std::string_view text, const Limits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.index_bytes)
    return ExhaustedError(fmt::format("the catalogue has more bytes than the limit of {}", limits.index_bytes));
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "the catalogue"));
  const Json& models = Member(json, "models");
  if (TextOf(json, "format") != kFormat || !models.is_array())
    return CorruptError("the catalogue was not written by this version of Tegula");
  Catalogue catalogue;
  catalogue.timestamp = TextOf(json, "timestamp");
  for (const Json& model : models) {
    CatalogueEntry entry;
    entry.id = TextOf(model, "id");
    entry.version = TextOf(model, "version");
    entry.sha256 = TextOf(model, "sha256");
    entry.name = TextOf(model, "name");
    entry.description = TextOf(model, "description", 4000);
    entry.license = TextOf(model, "license");
    entry.resource_version = TextOf(model, "resource_version");
    entry.concept_doi = TextOf(model, "concept_doi");
    entry.tags = TextsOf(model, "tags");
    entry.authors = TextsOf(model, "authors");
    entry.axes = TextsOf(model, "axes");
    entry.weights = TextsOf(model, "weights");
    const double channels = NumberOf(model, "channels", 0);
    entry.channels =
        channels >= 0 && channels <= static_cast<double>(limits.channels) ? static_cast<std::int64_t>(channels) : 0;
    entry.deprecated = BoolOf(model, "deprecated");
    catalogue.models.push_back(std::move(entry));
  }
  return catalogue;
}

std::vector<Hit> Search(const Catalogue& catalogue, const Query& query) {
  std::vector<std::string> words;
  for (const std::string& word : query.words) words.push_back(ToLower(word));
  std::vector<Hit> hits;
  for (const CatalogueEntry& entry : catalogue.models) {
    if (!Fits(entry, query)) continue;
    Hit hit{&entry, 0};
    bool has_all = true;
    for (const std::string& word : words) {
      const double score = ScoreOf(entry, word);
      has_all = has_all && score > 0;
      hit.score += score;
    }
    if (has_all) hits.push_back(hit);
  }
  std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    if (a.entry->deprecated != b.entry->deprecated) return b.entry->deprecated;
    return a.score != b.score ? a.score > b.score : a.entry->id < b.entry->id;
  });
  return hits;
}

}  // namespace tegula::zoo
