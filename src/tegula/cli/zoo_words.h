// cli/zoo_words.h — what `tegula zoo` and `tegula cache` share.
#pragma once

#include <cstdint>
#include <string>

#include "tegula/cli/commands.h"
#include "tegula/zoo/cache_care.h"

namespace tegula::cli {

struct ModelWords {
  std::string model;
  bool json = false;
};

/// Prints the models in the cache.
Result<int> ListCachedModels(const ModelWords& words, const Session& session);

/// "20GB", "500 MB", "1.5 g" or a number of bytes; decimal units, capitals make no difference. kInvalid.
Result<std::int64_t> BytesFromWords(const std::string& words);

}  // namespace tegula::cli
