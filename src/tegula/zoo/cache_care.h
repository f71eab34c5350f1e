// zoo/cache_care.h — looking after what is kept: what is there, whether it is whole, and what may go.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/zoo/cache.h"

namespace tegula::zoo {

struct CachedModel {
  std::string sha256;  ///< of the description or zip: its folder's name
  About about;
  std::vector<std::string> files;  ///< those that were fetched, sorted
  std::int64_t bytes = 0;          ///< of them
  std::int64_t idle_seconds = 0;   ///< since its last use
};

/// The models in the cache, last used first. Folders that are none are left out.
std::vector<CachedModel> ListModels(const Cache& cache);

/// All bytes of the cache; links count once.
std::int64_t TotalBytes(const Cache& cache);

struct DamagedFile {
  std::string sha256;                ///< what it should be
  std::vector<std::string> used_by;  ///< "affable-shark/v0: weights.onnx"
};
struct VerifiedCache {
  std::int64_t files = 0, bytes = 0;
  std::vector<DamagedFile> damaged;  ///< they are removed, and fetched again when they are needed
};
/// Reads every content. kCancelled, kIo.
Result<VerifiedCache> Verify(const Cache& cache, const RunContext& context);

struct PrunedCache {
  std::vector<std::string> removed;  ///< references of models, first the one that was not used for longest
  std::int64_t bytes_before = 0, bytes_after = 0;
};
/// Removes what belongs to no model, then what was made of models here, then models, until at most `max_bytes` are
/// left. Descriptions of the catalogue stay. kIo if another process uses the cache.
Result<PrunedCache> Prune(const Cache& cache, std::int64_t max_bytes, const Limits& limits);

/// Removes one model, and the contents that no other has. kIo as Prune.
Status RemoveModel(const Cache& cache, const std::string& sha256, const Limits& limits);

}  // namespace tegula::zoo
