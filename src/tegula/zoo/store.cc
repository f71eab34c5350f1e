#include "tegula/zoo/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/zoo/model_files.h"

namespace tegula::zoo {
namespace {

std::int64_t AgeOf(const Path& path) {
  std::error_code failed;
  const auto then = std::filesystem::last_write_time(path, failed);
  if (failed) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(std::filesystem::file_time_type::clock::now() - then).count();
}

bool IsZip(const Path& path) {
  constexpr std::array kMagic = {std::byte{'P'}, std::byte{'K'}, std::byte{3}, std::byte{4}};
  std::array<std::byte, 4> head{};
  const Result<RandomAccessFile> file = RandomAccessFile::Open(path);
  return file.ok() && file->Read(0, head).ok() && head == kMagic;
}

std::string FileOf(const About& about) { return about.is_zip ? "package.zip" : "rdf.yaml"; }

}  // namespace

// An address with everything that is known before its description comes.
struct Store::Resolved {
  Address address;  // with the version
  Remote remote;
  std::string sha256;   // of the description; empty if nobody states it
  std::string version;  // of the index; empty outside the collection
  bool deprecated = false;
};

Result<Store> Store::Open(const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(Cache cache, Cache::Open());
  TEGULA_ASSIGN_OR_RETURN(Places places, PlacesFromEnvironment());
  return Store(std::move(cache), std::move(places), context);
}

Store::Store(Cache cache, Places places, const RunContext& context)
    : fetcher_(std::make_shared<Fetcher>(std::move(cache), context)), places_(std::move(places)) {}

Store::Store(Cache cache, Places places, const RunContext& context, net::Downloader downloader)
    : fetcher_(std::make_shared<Fetcher>(std::move(cache), context, std::move(downloader))),
      places_(std::move(places)) {}

Result<Index> Store::FetchIndex() {
  const Limits& limits = fetcher_->context().limits;
  TEGULA_ASSIGN_OR_RETURN(const std::string text,
                          fetcher_->Text(IndexUrl(places_), limits.index_bytes, "the collection's index"));
  TEGULA_ASSIGN_OR_RETURN(Index index, ParseIndex(text, limits).Context(IndexUrl(places_)));
  TEGULA_TRY(WriteFileWhole(cache().index(), text));
  return index;
}

Result<Index> Store::CachedIndex() const {
  const Limits& limits = fetcher_->context().limits;
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(cache().index(), limits.index_bytes));
  return ParseIndex(text, limits);
}

// A version of the index ("v0", or 0), or what a description calls its version.
Result<IndexVersion> Store::ChooseVersion(const IndexItem& item, const std::string& wanted) {
  if (wanted.empty()) return item.versions.back();
  for (const IndexVersion& version : item.versions)
    if (version.version == wanted || version.version == "v" + wanted) return version;
  std::vector<std::string> there;
  for (auto version = item.versions.rbegin(); version != item.versions.rend(); ++version) {
    const Limits& limits = fetcher_->context().limits;
    TEGULA_ASSIGN_OR_RETURN(const std::string sha256,
                            fetcher_->Content(CollectionRemote(places_, item.name, version->version).description,
                                              {.sha256 = version->sha256, .limit = limits.description_bytes},
                                              fmt::format("rdf.yaml of {}/{}", item.name, version->version)));
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(cache().Content(sha256), limits.description_bytes));
    TEGULA_ASSIGN_OR_RETURN(const spec::ReadDescription read, spec::ReadRdf(text, limits));
    if (read.model.version == wanted || "v" + read.model.version == wanted) return *version;
    there.push_back(version->version + (read.model.version.empty() ? "" : " (" + read.model.version + ")"));
  }
  return NotFoundError(fmt::format("{} has no version {}; there are {}", item.name, wanted, fmt::join(there, ", ")));
}

Result<Store::Resolved> Store::ResolveInCollection(const Address& address, bool refetch) {
  const bool offline = fetcher_->context().offline;
  Result<Index> index = refetch && !offline ? FetchIndex() : CachedIndex();
  if (!offline && !refetch && (!index.ok() || index->Find(address.name) == nullptr)) index = FetchIndex();
  if (!index.ok() && offline)
    return NotFoundError(
        fmt::format("{} is not in the cache, and --offline forbids looking it up; run the command once "
                    "without --offline",
                    ToString(address)));
  if (!index.ok()) return std::move(index).error();
  const IndexItem* const item = index->Find(address.name);
  if (item == nullptr) {
    const std::vector<std::string> near = index->Near(address.name);
    return NotFoundError(fmt::format("there is no model {} on this disk or in the collection{}", address.name,
                                     near.empty() ? std::string("; `tegula zoo search` finds models")
                                                  : "; did you mean " + Join(near, " or ") + "?"));
  }
  TEGULA_ASSIGN_OR_RETURN(const IndexVersion version, ChooseVersion(*item, address.version));
  Resolved resolved{{Address::Kind::kCollection, item->name, version.version},
                    CollectionRemote(places_, item->name, version.version),
                    version.sha256,
                    version.version,
                    item->deprecated};
  return resolved;
}

Result<Store::Resolved> Store::Resolve(const Address& address, bool refetch) {
  if (address.kind == Address::Kind::kCollection) return ResolveInCollection(address, refetch);
  if (address.kind == Address::Kind::kDoi) {
    if (const Result<Dated<Catalogue>> catalogue = ReadCatalogue(); catalogue.ok())
      for (const CatalogueEntry& entry : catalogue->value.models)
        if (entry.concept_doi == address.name)
          return ResolveInCollection({Address::Kind::kCollection, entry.id, ""}, refetch);
  }
  TEGULA_ASSIGN_OR_RETURN(Remote remote, RemoteOf(places_, address));
  return Resolved{address, std::move(remote), "", "", false};
}

// A description may have one of two names where the address does not say which.
Result<std::string> Store::FetchDescription(Resolved& resolved) {
  const Limits& limits = fetcher_->context().limits;
  const Address::Kind kind = resolved.address.kind;
  const std::int64_t limit = kind == Address::Kind::kUrl ? limits.archive_file_bytes : limits.description_bytes;
  const std::string name = ToString(resolved.address);
  Result<std::string> sha256 = fetcher_->Content(resolved.remote.description, {resolved.sha256, -1, limit}, name);
  const bool has_other = kind == Address::Kind::kDoi || kind == Address::Kind::kHuggingFace;
  if (sha256.ok() || !has_other || fetcher_->context().offline || sha256.error().code != Code::kNotFound) return sha256;
  const bool was_rdf = resolved.remote.description.find("/rdf.yaml") != std::string::npos;
  const std::string other = resolved.remote.FileUrl(was_rdf ? "bioimageio.yaml" : "rdf.yaml");
  Result<std::string> second = fetcher_->Content(other, {"", -1, limit}, name);
  if (!second.ok()) return sha256;
  resolved.remote.description = other;
  return second;
}

// A missing report is no failure: mirrors need not have any.
Status Store::AddReport(Resolved& resolved, About& about) {
  if (resolved.version.empty()) return Ok();
  const Result<std::string> text = fetcher_->Text(ReportUrl(places_, resolved.address.name, resolved.version),
                                                  fetcher_->context().limits.index_bytes, "the collection's report");
  if (!text.ok()) return text.error().code == Code::kCancelled ? Status(text.error()) : Ok();
  const Result<CollectionReport> report = ParseReport(*text);
  if (!report.ok()) return Ok();
  about.report_tool = report->tool;
  about.report_status = report->status;
  about.report_problem = report->problem;
  return Ok();
}

Result<StoredModel> Store::Find(const Address& address, bool refetch) {
  TEGULA_ASSIGN_OR_RETURN(const FileLock in_use, cache().Use(fetcher_->context().stop));
  const std::string asked = ToString(address);
  const bool is_id = address.kind == Address::Kind::kCollection;
  const std::optional<StoredModel> known = refetch ? std::nullopt : cache().Recall(asked);
  if (known && !is_id) return *known;
  Result<Resolved> found = Resolve(address, refetch);
  if (!found.ok()) {
    if (known) return *known;  // what was fetched once is there even if the index is not
    return std::move(found).error();
  }
  Resolved& resolved = *found;
  if (!refetch) {
    std::optional<StoredModel> same = cache().Recall(ToString(resolved.address));
    if (same && same->sha256 == resolved.sha256) return std::move(*same);
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, FetchDescription(resolved));
  StoredModel model{sha256, {}};
  About& about = model.about;
  about.reference = ToString(resolved.address);
  about.version = resolved.version;
  about.source = resolved.remote.description;
  about.before = resolved.remote.before;
  about.after = resolved.remote.after;
  about.fetched = UtcNow();
  about.deprecated = resolved.deprecated;
  about.is_zip = address.kind == Address::Kind::kUrl && IsZip(cache().Content(sha256));
  const Limits& limits = fetcher_->context().limits;
  if (about.is_zip) {
    TEGULA_ASSIGN_OR_RETURN(const spec::Package package,
                            spec::Package::Read(cache().Content(sha256), limits).Context(about.source));
    about.name = package.description().name;
    about.license = package.description().license;
  } else {
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(cache().Content(sha256), limits.description_bytes));
    TEGULA_ASSIGN_OR_RETURN(const spec::ReadDescription read, spec::ReadRdf(text, limits).Context(about.source));
    about.name = read.model.name;
    about.license = read.model.license;
    about.deprecated = EntryOf({"", {{"", "", ""}}, resolved.deprecated}, read).deprecated;
  }
  TEGULA_TRY(AddReport(resolved, about));
  TEGULA_TRY(cache().Link(sha256, cache().Model(sha256) / FileOf(about)));
  TEGULA_TRY(cache().WriteSum(sha256, FileOf(about), sha256));
  if (!cache().ReadAbout(sha256).ok()) TEGULA_TRY(cache().WriteAbout(sha256, about));
  TEGULA_TRY(cache().Remember(asked, model));
  TEGULA_TRY(cache().Remember(about.reference, model));
  return model;
}

Result<spec::Package> Store::Read(const StoredModel& model) {
  const Limits& limits = fetcher_->context().limits;
  cache().Touch(model.sha256);
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<ModelFiles> files, ModelFiles::Open(fetcher_, model.sha256, model.about));
  if (!model.about.is_zip) return spec::Package::Read(std::move(files), "rdf.yaml", model.about.reference, limits);
  TEGULA_ASSIGN_OR_RETURN(const Path zip, files->OnDisk("package.zip", limits.archive_file_bytes));
  return spec::Package::Read(zip, limits);
}

Result<Dated<Catalogue>> Store::ReadCatalogue() const {
  const Limits& limits = fetcher_->context().limits;
  const Result<std::string> text = ReadFile(cache().catalogue(), limits.index_bytes);
  Result<Catalogue> catalogue = text.ok() ? CatalogueFromJson(*text, limits) : text.error();
  if (catalogue.ok()) return Dated<Catalogue>{std::move(*catalogue), AgeOf(cache().catalogue())};
  return Error{catalogue.error().code == Code::kNotFound ? Code::kNotFound : catalogue.error().code,
               fmt::format("there is no catalogue of the collection here yet; run `tegula zoo update` ({})",
                           catalogue.error().what)};
}

Result<spec::ReadDescription> Store::Description(const CatalogueEntry& entry) const {
  const Limits& limits = fetcher_->context().limits;
  if (!IsSha256(entry.sha256)) return CorruptError("the catalogue is damaged; run `tegula zoo update`");
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(cache().Content(entry.sha256), limits.description_bytes));
  return spec::ReadRdf(text, limits);
}

Result<UpdatedCatalogue> Store::Update() {
  const RunContext& context = fetcher_->context();
  TEGULA_ASSIGN_OR_RETURN(const FileLock in_use, cache().Use(context.stop));
  TEGULA_ASSIGN_OR_RETURN(const Index index, FetchIndex());
  struct Outcome {
    std::optional<CatalogueEntry> entry;
    std::string note;
    bool fetched = false;
  };
  std::vector<Outcome> outcomes(index.models.size());
  std::vector<std::unique_ptr<Fetcher>> fetchers(static_cast<std::size_t>(context.executor.workers()));
  std::atomic<std::int64_t> done = 0;
  std::atomic<int> refused = 0;
  SilentProgress silent;
  const RunContext quiet{context.executor, silent, context.stop, context.limits, context.offline};
  const auto take = [&](std::int64_t i, int worker) -> Status {
    constexpr int kMostRefused = 5;  // then the network is at fault, not a model
    const IndexItem& item = index.models[static_cast<std::size_t>(i)];
    Outcome& outcome = outcomes[static_cast<std::size_t>(i)];
    std::unique_ptr<Fetcher>& fetcher = fetchers[static_cast<std::size_t>(worker)];
    if (!fetcher) fetcher = std::make_unique<Fetcher>(cache(), quiet);
    const IndexVersion& newest = item.versions.back();
    const std::string name = fmt::format("rdf.yaml of {}/{}", item.name, newest.version);
    outcome.fetched = !cache().Holds(newest.sha256);
    const Result<std::string> sha256 =
        fetcher->Content(CollectionRemote(places_, item.name, newest.version).description,
                         {newest.sha256, -1, context.limits.description_bytes}, name);
    context.progress.Update("reading descriptions", ++done, static_cast<std::int64_t>(outcomes.size()), "models");
    if (!sha256.ok()) {
      const Code code = sha256.error().code;
      if (code == Code::kCancelled || (code == Code::kIo && ++refused >= kMostRefused)) return sha256.error();
      outcome.note = fmt::format("{} is left out: {}", item.name, tegula::ToString(sha256.error()));
      return Ok();
    }
    TEGULA_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(cache().Content(*sha256), context.limits.description_bytes));
    const Result<spec::ReadDescription> read = spec::ReadRdf(text, context.limits);
    if (read.ok() && read->is_model) {
      outcome.entry = EntryOf(item, *read);
    } else {
      outcome.note = fmt::format("{} is left out: {}", item.name,
                                 read.ok() ? "its description is not one of a model" : tegula::ToString(read.error()));
    }
    return Ok();
  };
  TEGULA_TRY(ForEach(context.executor, static_cast<std::int64_t>(outcomes.size()), context.stop, take));

  UpdatedCatalogue updated;
  Catalogue catalogue{index.timestamp, {}};
  for (Outcome& outcome : outcomes) {
    if (outcome.entry) catalogue.models.push_back(std::move(*outcome.entry));
    if (!outcome.note.empty()) updated.notes.push_back(std::move(outcome.note));
    if (outcome.entry && outcome.fetched) updated.fetched += 1;
  }
  updated.models = catalogue.models.size();
  TEGULA_TRY(WriteFileWhole(cache().catalogue(), ToJson(catalogue)));
  return updated;
}

}  // namespace tegula::zoo
