// zoo/store.h — models by name: the collection, its neighbours and the cache as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/spec/package.h"
#include "tegula/zoo/address.h"
#include "tegula/zoo/cache.h"
#include "tegula/zoo/catalogue.h"
#include "tegula/zoo/fetcher.h"

namespace tegula::zoo {

/// A model in the cache: its description is there, its other files come when they are asked for.
using StoredModel = Remembered;

/// A file of the cache that the collection made, and how old it is.
template <class T>
struct Dated {
  T value;
  std::int64_t age_seconds = 0;
};

/// What `zoo update` did.
struct UpdatedCatalogue {
  std::size_t models = 0, fetched = 0;  ///< descriptions; the others were there already
  std::vector<std::string> notes;       ///< models that are left out, and why
};

/// Borrows the context. One thread at a time.
class Store {
 public:
  /// With the cache and the places of the environment.
  static Result<Store> Open(const RunContext& context);
  Store(Cache cache, Places places, const RunContext& context);
  /// The same with a downloader of the caller's.
  Store(Cache cache, Places places, const RunContext& context, net::Downloader downloader);

  const Cache& cache() const { return fetcher_->cache(); }

  /// The model that an address means, fetched as far as its description is concerned. What is in the cache is taken
  /// without asking the network; with `refetch` the network is asked first. kNotFound with ids that are spelled nearly
  /// so, or with the versions there are; errors of the network.
  Result<StoredModel> Find(const Address& address, bool refetch = false);
  /// As a package, of any type and whatever is wrong with its description. It borrows the context too.
  Result<spec::Package> Read(const StoredModel& model);

  /// The catalogue of the last update. kNotFound if there was none: it says to run `tegula zoo update`.
  Result<Dated<Catalogue>> ReadCatalogue() const;
  /// Fetches the index, and the descriptions that are not in the cache; several at once, by the context's executor.
  Result<UpdatedCatalogue> Update();
  /// The description of a model of the catalogue, which Update has fetched. kNotFound if it is gone since.
  Result<spec::ReadDescription> Description(const CatalogueEntry& entry) const;

 private:
  struct Resolved;
  Result<Index> FetchIndex();
  Result<Index> CachedIndex() const;
  Result<Resolved> Resolve(const Address& address, bool refetch);
  Result<Resolved> ResolveInCollection(const Address& address, bool refetch);
  Result<IndexVersion> ChooseVersion(const IndexItem& item, const std::string& wanted);
  Result<std::string> FetchDescription(Resolved& resolved);
  Status AddReport(Resolved& resolved, About& about);

  std::shared_ptr<Fetcher> fetcher_;
  Places places_;
};

}  // namespace tegula::zoo
