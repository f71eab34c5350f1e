#include "tegula/zoo/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/net/address.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::zoo {
namespace {

constexpr std::size_t kLongest = 2083;  // as spec::IsUrl

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPlain(char c) { return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-'; }

bool AllPlain(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::all_of(text.begin(), text.end(), IsPlain);
}

// "affable-shark": lower-case words and numbers with single hyphens between, at least two.
bool IsNickname(std::string_view text) {
  const std::vector<std::string> words = Split(text, '-');
  return words.size() >= 2 && std::all_of(words.begin(), words.end(), [](const std::string& word) {
           return !word.empty() &&
                  std::all_of(word.begin(), word.end(), [](char c) { return IsLower(c) || IsDigit(c); });
         });
}

bool IsVersion(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  return AllPlain(text) && IsDigit(text.front());
}

std::string_view Without(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::optional<Address> ParseCollectionId(std::string_view text) {
  text = Without(text, "bioimage-io/");
  std::size_t end = text.find('/'), next = end + 1;
  if (end == std::string_view::npos) end = text.find("__"), next = end + 2;
  const std::string_view name = text.substr(0, end);
  const std::string_view version = end == std::string_view::npos ? "" : text.substr(next);
  if (!IsNickname(name) || (end != std::string_view::npos && !IsVersion(version))) return std::nullopt;
  return Address{Address::Kind::kCollection, std::string(name), std::string(version)};
}

std::optional<Address> ParseHuggingFace(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '/');
  if (parts.size() < 2 || parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), &AllPlain)) return std::nullopt;
  return Address{Address::Kind::kHuggingFace, parts[0] + "/" + parts[1], parts.size() == 3 ? parts[2] : ""};
}

std::optional<Address> ParseDoi(std::string_view text) {
  if (!spec::IsDoi(text)) return std::nullopt;
  return Address{Address::Kind::kDoi, std::string(text), ""};
}

// Pages that people copy from a browser, and what they show.
struct Page {
  std::string_view prefix;
  std::optional<Address> (*parse)(std::string_view rest);
};
std::optional<Address> ParseRecord(std::string_view rest) {
  if (rest.empty() || !std::all_of(rest.begin(), rest.end(), IsDigit)) return std::nullopt;
  return Address{Address::Kind::kDoi, fmt::format("10.5281/zenodo.{}", rest), ""};
}
constexpr Page kPages[] = {
    {"https://bioimage.io/#/artifacts/", &ParseCollectionId},
    {"https://bioimage.io/#/?id=", &ParseCollectionId},
    {"https://doi.org/", &ParseDoi},
    {"http://doi.org/", &ParseDoi},
    {"https://dx.doi.org/", &ParseDoi},
    {"https://zenodo.org/records/", &ParseRecord},
    {"https://zenodo.org/record/", &ParseRecord},
};

// Files lie beside the description, and what stands behind its name (a query, Zenodo's "/content") belongs to them too.
Remote RemoteOfUrl(const std::string& url) {
  constexpr std::string_view kContent = "/content";
  const std::size_t query = std::min(url.find_first_of("?#"), url.size());
  std::string_view path = std::string_view(url).substr(0, query);
  std::string after = url.substr(query);
  if (path.ends_with(kContent) && path.find("/files/") != std::string_view::npos) {
    path.remove_suffix(kContent.size());
    after = std::string(kContent) + after;
  }
  const std::size_t host = path.find("://") + 3, slash = path.rfind('/');
  const std::string before = slash == std::string_view::npos || slash < host ? std::string(path) + "/"
                                                                             : std::string(path.substr(0, slash + 1));
  return {url, before, after};
}

Result<Remote> RemoteOfDoi(const Places& places, const std::string& doi) {
  constexpr std::string_view kZenodo = "10.5281/zenodo.";
  const std::string_view number = Without(doi, kZenodo);
  if (!doi.starts_with(kZenodo) || !std::all_of(number.begin(), number.end(), IsDigit))
    return UnsupportedError(fmt::format(
        "the DOI {} is not one of Zenodo, so it does not say where the model lies; use the model's id or address",
        doi));
  const std::string before = fmt::format("{}/api/records/{}/files/", places.zenodo, number);
  return Remote{before + "rdf.yaml/content", before, "/content"};
}

}  // namespace

std::optional<Address> ParseAddress(std::string_view text) {
  text = Trim(text);
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  for (const Page& page : kPages) {
    if (!text.starts_with(page.prefix)) continue;
    if (std::optional<Address> address = page.parse(text.substr(page.prefix.size()))) return address;
  }
  if (text.starts_with("http://") || text.starts_with("https://")) {
    const bool is_clean = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127 && c != '"'; });
    if (!is_clean || !spec::IsUrl(text)) return std::nullopt;
    return Address{Address::Kind::kUrl, std::string(text), ""};
  }
  if (text.starts_with("huggingface/")) return ParseHuggingFace(Without(text, "huggingface/"));
  if (std::optional<Address> doi = ParseDoi(Without(text, "doi:"))) return doi;
  return ParseCollectionId(text);
}

std::string ToString(const Address& address) {
  const std::string prefix = address.kind == Address::Kind::kHuggingFace ? "huggingface/" : "";
  return prefix + address.name + (address.version.empty() ? "" : "/" + address.version);
}

Result<Places> PlacesBelow(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  if (!spec::IsUrl(url))
    return InvalidError(
        fmt::format("'{}' is not an address that begins with http:// or https://; set TEGULA_ZOO_URL to "
                    "the address of a mirror",
                    url));
  return Places{fmt::format("{}/collection", url), fmt::format("{}/artifacts", url), fmt::format("{}/huggingface", url),
                fmt::format("{}/zenodo", url)};
}

Result<Places> PlacesFromEnvironment() {
  const std::string url = EnvironmentVariable("TEGULA_ZOO_URL");
  return url.empty() ? Result<Places>(Places{}) : PlacesBelow(url);
}

std::string Remote::FileUrl(std::string_view name) const { return before + net::Escaped(name) + after; }

std::string IndexUrl(const Places& places) { return places.collection + "/index.json"; }

Remote CollectionRemote(const Places& places, std::string_view name, std::string_view version) {
  const std::string before = fmt::format("{}/{}/files/", places.artifacts, net::Escaped(name));
  const std::string after = version.empty() ? "" : fmt::format("?version={}", net::Escaped(version));
  return {before + "rdf.yaml" + after, before, after};
}

std::string FileListUrl(const Places& places, std::string_view name, std::string_view version) {
  const Remote remote = CollectionRemote(places, name, version);
  return remote.before + remote.after;
}

std::string ReportUrl(const Places& places, std::string_view name, std::string_view version) {
  return fmt::format("{}/reports/bioimage-io/{}/{}/summary.json", places.collection, net::Escaped(name),
                     net::Escaped(version));
}

Result<Remote> RemoteOf(const Places& places, const Address& address) {
  switch (address.kind) {
    case Address::Kind::kUrl: return RemoteOfUrl(address.name);
    case Address::Kind::kDoi: return RemoteOfDoi(places, address.name);
    case Address::Kind::kHuggingFace: {
      const std::string branch = address.version.empty()       ? "main"
                                 : IsDigit(address.version[0]) ? "v" + address.version
                                                               : address.version;
      const std::string before = fmt::format("{}/{}/resolve/{}/package/", places.huggingface, address.name, branch);
      return Remote{before + "bioimageio.yaml", before, ""};
    }
    case Address::Kind::kCollection: return CollectionRemote(places, address.name, address.version);
  }
  return InternalError("an address of no kind");
}

}  // namespace tegula::zoo
