// zoo/catalogue.h — what is known of every model of the collection, for finding the one that fits.
//
// The collection's index names its models and says no more. `zoo update` reads the descriptions themselves, each
// checked against the index's sha256, and keeps of each what a search asks for; a search reads this one file and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/rdf.h"
#include "tegula/zoo/index.h"

namespace tegula::zoo {

/// One model, in its newest version.
struct CatalogueEntry {
  std::string id;       ///< as ParseAddress reads it: "affable-shark"
  std::string version;  ///< of the index: "v0"
  std::string sha256;   ///< of the description
  std::string name, description, license;
  std::string resource_version;  ///< what the description calls its version; may be empty
  std::string concept_doi;       ///< of all versions together; may be empty
  std::vector<std::string> tags, authors;
  std::vector<std::string> axes;     ///< of each input: "batch channel y x"
  std::vector<std::string> weights;  ///< formats as in rdf.yaml
  std::int64_t channels = 0;         ///< of the first input; 0 if it takes any number or has no channel axis
  bool deprecated = false;
};

/// A value type.
struct Catalogue {
  std::string timestamp;  ///< of the index it was made from
  std::vector<CatalogueEntry> models;
};

/// What a search takes of a description.
CatalogueEntry EntryOf(const IndexItem& item, const spec::ReadDescription& read);

std::string ToJson(const Catalogue& catalogue);
/// kCorrupt for text that ToJson did not write.
Result<Catalogue> CatalogueFromJson(std::string_view text, const Limits& limits);

/// Everything that is asked for must hold; empty: anything does. Capitals make no difference.
struct Query {
  std::vector<std::string> words;  ///< in id, name, tags, description or authors, whole or the beginning of a word
  std::vector<std::string> tags;   ///< whole tags
  std::string modality;            ///< a word of the tags or the description: "fluorescence", "histology"
  std::string axes;                ///< space axes and time of the first input: "yx", "zyx", "tyx"
  std::string weights;             ///< a format
  std::string license;             ///< an SPDX id, or its beginning: "CC-BY"
};

struct Hit {
  const CatalogueEntry* entry = nullptr;
  double score = 0;
};

/// The best first: a word of the id or name counts more than one of a tag, and that more than one of the text;
/// deprecated models come last. Linear in the size of the catalogue, which the hits borrow.
std::vector<Hit> Search(const Catalogue& catalogue, const Query& query);

}  // namespace tegula::zoo
