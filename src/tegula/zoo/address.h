// zoo/address.h — the forms in which people name a model that is not on their disk, and where its files are.
//
// Pure: text in, text out; nothing is looked up. The forms are those of the reference software and of the collection's
// pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tegula/core/status.h"

namespace tegula::zoo {

/// What a name means.
struct Address {
  enum class Kind {
    kCollection,   ///< `name` is the id without "bioimage-io/"
    kHuggingFace,  ///< `name` is "organisation/repository"
    kDoi,          ///< `name` is the DOI
    kUrl,          ///< `name` is the address of a description or a zip
  };
  Kind kind = Kind::kCollection;
  std::string name;
  std::string version;  ///< as written; empty: the newest
  friend bool operator==(const Address&, const Address&) = default;
};

/// Reads "affable-shark", "affable-shark/1.2", "affable-shark__v1", "bioimage-io/affable-shark[/v1]",
/// "10.5281/zenodo.5764892", "doi:...", "https://doi.org/...", "huggingface/org/repo[/1.3]", pages of bioimage.io,
/// records of zenodo.org, and any other http(s) address. Nothing for everything else: paths, for one. An id of the
/// collection is an adjective and a noun with a hyphen between; a version begins with a digit or with v and a digit.
std::optional<Address> ParseAddress(std::string_view text);

/// The form that is shown and kept: "affable-shark/v0", "huggingface/org/repo", "10.5281/...", "https://...".
std::string ToString(const Address& address);

/// Where the collection and its neighbours are; an institute can have all of it elsewhere (docs/mirror.md). Without a
/// '/' at the end.
struct Places {
  std::string collection = "https://bioimage-io.github.io/collection";      ///< index.json and reports/
  std::string artifacts = "https://hypha.aicell.io/bioimage-io/artifacts";  ///< NAME/files/
  std::string huggingface = "https://huggingface.co";                       ///< ORG/REPO/resolve/BRANCH/
  std::string zenodo = "https://zenodo.org";                                ///< api/records/NUMBER/files/
};
/// The places below TEGULA_ZOO_URL (collection/, artifacts/, huggingface/, zenodo/) if that is set. kInvalid if it is
/// no http(s) address.
Result<Places> PlacesFromEnvironment();
Result<Places> PlacesBelow(std::string_view url);

/// A description on the network, and how the files it names are addressed: `before` NAME `after`.
struct Remote {
  std::string description;
  std::string before, after;
  friend bool operator==(const Remote&, const Remote&) = default;

  /// The address of a file that the description names by a relative path; the path is escaped.
  std::string FileUrl(std::string_view name) const;
};

std::string IndexUrl(const Places& places);
/// Of one version of a resource of the collection, both as in its index.
Remote CollectionRemote(const Places& places, std::string_view name, std::string_view version);
/// The list of its files with their sizes, as JSON.
std::string FileListUrl(const Places& places, std::string_view name, std::string_view version);
/// What the collection's own tests found.
std::string ReportUrl(const Places& places, std::string_view name, std::string_view version);
/// Of any address but those of the collection. kUnsupported for a DOI that is not Zenodo's: it says to use the
/// model's id.
Result<Remote> RemoteOf(const Places& places, const Address& address);

}  // namespace tegula::zoo
