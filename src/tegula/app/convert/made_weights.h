// app/convert/made_weights.h — weights that `convert` made of a model's own and keeps in the cache, where every command
// finds them again.
#pragma once

#include "tegula/core/files.h"
#include "tegula/spec/package.h"

namespace tegula::app {

/// Whether `convert` makes other weights of these.
bool IsConvertible(spec::WeightsFormat format);

/// Whether an engine is made for any of the model's weights; loads nothing.
bool HasWeightsThatRun(const spec::ModelDescription& model);

/// If no engine runs the package's weights: adds those that KeepWeights left for it. What is damaged there counts as
/// not being there. Cost: the weights of such a package are read once; those that would have to be fetched first are
/// not.
void AddMadeWeights(spec::Package& package, const Path& cache);

/// Copies the weights, which were made of `source`, into the cache, under the sha256 of the description, the source and
/// the code of its architecture. kIo.
Status KeepWeights(const spec::Package& package, const spec::WeightsEntry& source, const spec::AddedWeights& made,
                   const Path& cache);

/// "make weights that run with: tegula convert MODEL" if no engine runs the package's weights and they can be
/// converted; empty otherwise.
std::string ConvertAdvice(const spec::Package& package);

}  // namespace tegula::app
