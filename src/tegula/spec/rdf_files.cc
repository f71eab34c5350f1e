// Files that descriptions name: paths in the package or addresses.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {
namespace {

// A path or address in `text`, which stands at `at`; nothing if it cannot be one.
bool CheckPath(const Reader& at, std::string_view text, NameList suffixes) {
  if (IsUrl(text)) {
    // Below a host there may be anything.
  } else if (text.empty() || text == ".") {
    at.Note("must be a path or an address, is empty");
    return false;
  } else if (text.starts_with('/')) {
    at.Note(fmt::format("must be a path relative to the description, is '{}'", Shortened(text, 80)));
    return false;
  } else if (text.starts_with("http:") || text.starts_with("https:")) {
    at.Note(fmt::format("is not an address that can be read: '{}'", Shortened(text, 80)));
    return false;
  }
  const std::string_view name = FileNameOf(text);
  if (IsDescriptionName(name)) at.Note(fmt::format("'{}' is a name that only descriptions may have", name));
  const auto fits = [&](std::string_view suffix) { return SuffixOf(name) == suffix; };
  if (suffixes.size() > 0 && std::none_of(suffixes.begin(), suffixes.end(), fits))
    at.Note(fmt::format("must be a {} file, is '{}'", fmt::join(suffixes, " or "), Shortened(name, 80)));
  return true;
}

void Add(const Reading& reading, DescribedFile file) {
  if (!file.file.source.empty()) reading.files->push_back(std::move(file));
}

}  // namespace

FileReference ReadSource(const Reader& source, const Reading& reading, NameList suffixes) {
  if (!source.is_there()) return {};
  FileReference file{source.Text(), {}};
  if (!source.is_text() || !CheckPath(source, file.source, suffixes)) return {};
  Add(reading, {.file = file, .source = source.node(), .path = source.path()});
  return file;
}

FileReference ReadFileFields(const Reader& mapping, const Reading& reading, NameList suffixes) {
  const Reader source = mapping.Required("source");
  FileReference file{source.Text(), ReadSha256(mapping.Nullable("sha256"))};
  if (!source.is_text() || !CheckPath(source, file.source, suffixes)) return {};
  Add(reading,
      {.file = file, .source = source.node(), .owner = mapping.node(), .sha256_key = "sha256", .path = source.path()});
  return file;
}

std::optional<FileReference> ReadFile(const Reader& file, const Reading& reading, NameList suffixes) {
  if (!file.is_there()) return std::nullopt;
  file.AllowOnly({"source", "sha256"});
  if (!file.is_mapping()) return std::nullopt;
  return ReadFileFields(file, reading, suffixes);
}

std::string ReadSha256(const Reader& sha256) {
  if (!sha256.is_there()) return {};
  std::string text = ToLower(Trim(sha256.Text()));
  constexpr std::size_t kLength = 64;
  if (CountCharacters(text) != kLength) {
    if (sha256.is_text()) sha256.Note(fmt::format("must be 64 hexadecimal digits, is '{}'", Shortened(text, 80)));
    return {};
  }
  if (text.find_first_not_of("0123456789abcdef") != std::string::npos)
    sha256.Warn("is not hexadecimal, so no file can have it", {}, Severity::kAlert);
  return text;
}

std::optional<Architecture> ReadCallable04(const Reader& callable) {
  const std::string written(Trim(callable.Text()));
  if (!callable.is_text()) return std::nullopt;
  const std::size_t colon = written.rfind(':');
  if (colon != std::string::npos && colon > 0 && IsIdentifier(std::string_view(written).substr(colon + 1))) {
    std::string file = written.substr(0, colon);
    if (!CheckPath(callable, file, {})) return std::nullopt;
    return Architecture{.file = {std::move(file), {}}, .callable = written.substr(colon + 1)};
  }
  const std::vector<std::string> parts = Split(written, '.');
  if (parts.size() > 1 && std::all_of(parts.begin(), parts.end(), IsIdentifier)) {
    const std::size_t dot = written.rfind('.');
    return Architecture{.import_from = written.substr(0, dot), .callable = written.substr(dot + 1)};
  }
  callable.Note(fmt::format("must be 'file.py:Name' or 'package.module.Name', is '{}'", Shortened(written, 80)));
  return std::nullopt;
}

}  // namespace tegula::spec::internal
