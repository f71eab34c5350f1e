#include "tegula/app/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/convert/made_weights.h"
#include "tegula/app/image_access.h"
#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/core/text.h"
#include "tegula/image/open.h"
#include "tegula/outputs/html.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/package.h"

namespace tegula::app {

WeightsSupport SupportOf(const spec::WeightsEntry& weights, engines::Registry& registry) {
  WeightsSupport support{.format = weights.format, .file = weights.file.source};
  std::vector<std::string> reasons;
  for (const std::string& name : engines::Registry::CandidatesFor(weights)) {
    const Result<const engines::Engine*> engine = registry.Find(name);
    const Status status = engine.ok() ? (*engine)->CanRun(weights) : Status(engine.error());
    if (status.ok()) {
      support.engine = name;
      return support;
    }
    reasons.push_back(ToString(status.error()));
  }
  support.reason = reasons.empty() ? "no engine runs this format" : fmt::format("{}", fmt::join(reasons, "; "));
  return support;
}

Status RunsHere(const spec::ModelDescription& model, engines::Registry& registry) {
  const bool has_engine = std::any_of(model.weights.begin(), model.weights.end(), [&](const spec::WeightsEntry& entry) {
    return !SupportOf(entry, registry).engine.empty();
  });
  if (!has_engine) return UnsupportedError("none of its weights runs with an engine of this installation");
  return pipeline::CheckOps(model);
}

namespace {

std::vector<TileSizes> TileSizesOf(const spec::ModelDescription& model) {
  std::vector<TileSizes> sizes;
  const Result<std::vector<std::size_t>> outputs = pipeline::FindOutputs(model, {});
  const Result<tiling::ModelGrid> grid = tiling::GridOf(model, *outputs);
  if (!grid.ok()) return sizes;
  for (const GridAxis axis : kGridAxes)
    if (const std::optional<tiling::AxisRules>& rules = grid->axes[axis])
      sizes.push_back({std::string(1, GridAxisName(axis)), rules->sizes.min, rules->sizes.step, rules->halo()});
  return sizes;
}

// Covers that lie in the package; what cannot be shown is left out, as a card is no check.
std::vector<std::string> CoversOf(const spec::Package& package) {
  constexpr std::int64_t kLargest = 4 << 20;
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".gif", "image/gif"}};
  std::vector<std::string> covers;
  for (const std::string& cover : package.description().covers) {
    const std::string suffix = ToLower(Path(cover).extension().string());
    const auto* const type =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& row) { return row.first == suffix; });
    const Result<Path> file = package.File({cover, {}});
    if (type == std::end(kTypes) || !file.ok()) continue;
    const Result<std::string> bytes = ReadFile(*file, kLargest);
    if (bytes.ok()) covers.push_back(outputs::DataUri(type->second, *bytes));
  }
  return covers;
}

}  // namespace

Result<ModelCard> InspectModel(const Path& path, const EngineRequest& request, engines::Registry& registry,
                               const RunContext& context, bool with_covers) {
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, ReadModel(path, context));
  AddMadeWeights(package, request.cache);
  ModelCard card;
  card.package = package.path().string();
  card.description_file = package.description_file();
  card.model = package.description();
  if (with_covers) card.covers = CoversOf(package);
  card.errors = static_cast<std::size_t>(
      std::count_if(package.read().findings.begin(), package.read().findings.end(),
                    [](const spec::Finding& finding) { return finding.severity == spec::Severity::kError; }));
  if (const Status runnable = spec::CheckRunnable(package.read()); !runnable.ok()) {
    card.reason = ToString(runnable.error());
    return card;
  }
  for (const spec::WeightsEntry& weights : card.model.weights) card.weights.push_back(SupportOf(weights, registry));
  card.tile_sizes = TileSizesOf(card.model);
  card.checks = RememberedChecks(package, request, registry).value_or(std::vector<WeightsCheck>());

  const Status runs = RunsHere(card.model, registry);
  card.runs = runs.ok();
  if (!runs.ok()) {
    const std::string advice = ConvertAdvice(package);
    card.reason = ToString(runs.error()) + (advice.empty() ? "" : "; " + advice);
  } else if (const Status applies = pipeline::CheckApplicable(card.model); !applies.ok()) {
    card.reason = ToString(applies.error());
  } else {
    card.applies = true;
  }
  return card;
}

Result<ImageCard> InspectImage(const std::string& name, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<image::Source> source, image::Open(name, AccessTo(context)));
  return ImageCard{ShownName(name), source->info()};
}

bool LooksLikeModel(const std::string& name) {
  std::error_code ignored;
  const std::string extension = ToLower(Path(name).extension().string());
  return extension == ".yaml" || extension == ".yml" || extension == ".zip" ||
         (std::filesystem::is_directory(name, ignored) && !image::IsImageFolder(name)) ||
         (NamesModelElsewhere(name) && !image::IsImageAddress(name));
}

}  // namespace tegula::app
