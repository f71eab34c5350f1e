#include "tegula/app/zoo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/feeds.h"
#include "tegula/app/image_access.h"
#include "tegula/app/inspect.h"
#include "tegula/app/model_source.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/zoo/store.h"

namespace tegula::app {
namespace {

// How well the pixel sizes of model and image agree: 2 within 5 %, 1 within a factor of two, 0.
double PixelSizeScore(const image::ImageInfo& info, const image::ModelInput& wanted) {
  if (!info.pixel_size || !wanted.pixel_size) return 0;
  const double factor = std::abs(std::log2(info.pixel_size->y_um / wanted.pixel_size->y_um));
  if (factor <= std::log2(1 + image::kPixelSizeTolerance)) return 2;
  return factor <= 1 ? 1 : 0;
}

// Whether the model can be applied to the image; then `hit` says how.
bool Fits(const spec::ModelDescription& model, const image::Source& source, ZooHit& hit) {
  if (!pipeline::CheckApplicable(model).ok()) return false;
  const Result<std::optional<std::size_t>> input = MainInput(model, {});
  if (!input.ok() || !*input) return false;
  const image::ModelInput wanted = WantedOf(model.inputs[**input]);
  const Result<image::BoundImage> bound = image::Bind(source, {}, wanted);
  if (!bound.ok()) return false;
  hit.fit = bound->info().decisions;
  hit.score += PixelSizeScore(source.info(), wanted);
  return true;
}

std::vector<spec::WeightsFormat> FormatsToGet(const spec::ModelDescription& model, engines::Registry& registry) {
  std::vector<spec::WeightsFormat> formats;
  for (const spec::WeightsEntry& weights : model.weights)
    if (!SupportOf(weights, registry).engine.empty()) formats.push_back(weights.format);
  return formats;
}

Result<std::vector<spec::WeightsFormat>> FormatsToGet(const ZooGetRequest& request, const spec::ModelDescription& model,
                                                      engines::Registry& registry) {
  std::vector<spec::WeightsFormat> formats;
  if (request.weights.empty()) {
    formats = FormatsToGet(model, registry);
    if (!formats.empty() || model.weights.empty()) return formats;
    return UnsupportedError(fmt::format(
        "none of the weights of {} runs with an engine of this installation; --weights all gets them anyway",
        request.model));
  }
  for (const std::string& name : request.weights) {
    if (name == "all") {
      for (const spec::WeightsEntry& weights : model.weights) formats.push_back(weights.format);
      continue;
    }
    const std::optional<spec::WeightsFormat> format = spec::WeightsFormatFromName(name);
    if (!format) return InvalidError(fmt::format("'{}' is not a weights format", name));
    if (model.FindWeights(*format) == nullptr)
      return InvalidError(fmt::format("{} has no weights of format {}", request.model, name));
    formats.push_back(*format);
  }
  return formats;
}

// Files of weights that are not wanted are the only ones that stay away.
bool IsWanted(const spec::DescribedFile& file, const std::vector<spec::WeightsFormat>& formats) {
  if (!file.path.starts_with("weights.")) return true;
  return std::any_of(formats.begin(), formats.end(), [&](spec::WeightsFormat format) {
    return file.path.starts_with(fmt::format("weights.{}.", spec::WeightsFormatName(format)));
  });
}

}  // namespace

Result<ZooSearchResponse> SearchZoo(const ZooSearchRequest& request, engines::Registry& registry,
                                    const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::Store store, zoo::Store::Open(context));
  TEGULA_ASSIGN_OR_RETURN(const zoo::Dated<zoo::Catalogue> catalogue, store.ReadCatalogue());
  std::unique_ptr<image::Source> source;
  if (!request.image.empty()) {
    TEGULA_ASSIGN_OR_RETURN(source, image::Open(request.image, AccessTo(context)));
  }
  ZooSearchResponse response{catalogue.value.timestamp, catalogue.age_seconds, catalogue.value.models.size(), {}};
  for (const zoo::Hit& found : zoo::Search(catalogue.value, request.query)) {
    ZooHit hit{*found.entry, found.score, {}};
    if (request.runnable || source) {
      TEGULA_ASSIGN_OR_RETURN(const spec::ReadDescription read, store.Description(hit.entry));
      if (!spec::CheckRunnable(read).ok()) continue;
      if (request.runnable && !RunsHere(read.model, registry).ok()) continue;
      if (source && !Fits(read.model, *source, hit)) continue;
    }
    response.hits.push_back(std::move(hit));
  }
  std::stable_sort(response.hits.begin(), response.hits.end(), [](const ZooHit& a, const ZooHit& b) {
    return a.entry.deprecated != b.entry.deprecated ? b.entry.deprecated : a.score > b.score;
  });
  return response;
}

Result<ZooGetResponse> GetModel(const ZooGetRequest& request, engines::Registry& registry, const RunContext& context) {
  const std::optional<zoo::Address> address = zoo::ParseAddress(request.model);
  if (!address)
    return InvalidError(
        fmt::format("'{}' is not the name of a model: an id (affable-shark), a DOI, "
                    "huggingface/ORGANISATION/REPOSITORY or an address",
                    request.model));
  TEGULA_ASSIGN_OR_RETURN(zoo::Store store, zoo::Store::Open(context));
  TEGULA_TRY(store.Find(*address, /*refetch=*/!context.offline));
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, ReadModel(request.model, context));
  const spec::ReadDescription& read = package.read();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<spec::WeightsFormat> formats, FormatsToGet(request, read.model, registry));
  for (const spec::DescribedFile& file : read.files)
    if (IsWanted(file, formats)) TEGULA_TRY(package.File(file.file).Context(file.path));
  TEGULA_ASSIGN_OR_RETURN(zoo::CachedModel model, FindCached(request.model, context));
  const Path folder = store.cache().Model(model.sha256);
  return ZooGetResponse{std::move(model), folder};
}

Result<zoo::CachedModel> FindCached(const std::string& name, const RunContext&) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::Cache cache, zoo::Cache::Open());
  const std::optional<zoo::Address> address = zoo::ParseAddress(name);
  const std::string reference = address ? zoo::ToString(*address) : name;
  const std::optional<zoo::Remembered> remembered = cache.Recall(reference);
  for (zoo::CachedModel& model : zoo::ListModels(cache)) {
    const std::string& known = model.about.reference;
    if ((remembered && model.sha256 == remembered->sha256) || known == reference || known.starts_with(reference + "/"))
      return std::move(model);
  }
  return NotFoundError(fmt::format("{} is not in the cache; `tegula zoo list` shows what is", name));
}

Result<ZooVerifyResponse> VerifyModel(const std::string& name, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::CachedModel model, FindCached(name, context));
  TEGULA_ASSIGN_OR_RETURN(zoo::Store store, zoo::Store::Open(context));
  ZooVerifyResponse response;
  for (const std::string& file : model.files) {
    if (context.stop.stop_requested()) return CancelledError();
    const std::optional<std::string> sum = store.cache().Sum(model.sha256, file);
    const Result<std::string> actual = Sha256OfFile(store.cache().Model(model.sha256) / file);
    if (!sum || !actual.ok() || *actual != *sum) response.repaired.push_back(file);
    response.files += 1;
  }
  if (response.repaired.empty()) return response;
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, store.Read({model.sha256, model.about}));
  for (const std::string& file : response.repaired)
    if (file != package.description_file() && !model.about.is_zip) TEGULA_TRY(package.File({file, {}}));
  return response;
}

}  // namespace tegula::app
