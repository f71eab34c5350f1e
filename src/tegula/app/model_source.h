// app/model_source.h — the one way in which a MODEL of the command line becomes a package.
//
// People name models as they think of them: a folder, a yaml file, a zip, an id of the collection, a DOI, an address.
// What lies on the disk goes first; everything else is fetched into the cache as far as it is needed, and what the
// collection knows against a model is said each time it is used.
#pragma once

#include <string>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/spec/package.h"

namespace tegula::app {

/// A package that can be run, as spec::Package::Open, with the weights that were made of its own and are kept in
/// `cache` (empty: without). The package borrows the context. kNotFound if `model` is neither a path nor the name of a
/// model; errors of the network and the cache.
Result<spec::Package> OpenModel(const Path& model, const Path& cache, const RunContext& context);

/// A package of any type, as spec::Package::Read.
Result<spec::Package> ReadModel(const Path& model, const RunContext& context);

/// Whether there is nothing under this path, and it can be the name of a model that is elsewhere.
bool NamesModelElsewhere(const std::string& name);

}  // namespace tegula::app
