#include "tegula/spec/rdf.h"

#include <fmt/format.h>

#include "tegula/core/text.h"
#include "tegula/spec/rdf_parts.h"

namespace tegula::spec {
namespace {

struct Version {
  std::int64_t major = 0, minor = 0, patch = 0;
};

std::optional<Version> ParseVersion(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() != 3) return std::nullopt;
  const std::optional<std::int64_t> major = ParseInt(parts[0]), minor = ParseInt(parts[1]), patch = ParseInt(parts[2]);
  if (!major || !minor || !patch) return std::nullopt;
  return Version{*major, *minor, *patch};
}

// One reader per minor version; the patch versions of a minor one differ in what may be left out.
struct VersionRow {
  std::int64_t minor;
  std::int64_t newest_patch;
  void (*read)(const Reader& root, const Limits& limits, ModelDescription& model);
};
constexpr VersionRow kVersions[] = {{4, 10, &internal::ReadModel04}, {5, 14, &internal::ReadModel05}};

Result<VersionRow> ChooseReader(const Reader& root) {
  const Reader type = root["type"], version = root["format_version"];
  if (!version.present()) return InvalidError("it states no format_version, so it is not a bioimage.io description");
  const std::string written = version.Version();
  if (!type.present())
    return UnsupportedError(
        fmt::format("it states no type (format_version {}); only descriptions of type 'model' are read", written));
  if (const std::string name = type.Text(); name != "model")
    return UnsupportedError(fmt::format("it describes a {}, and only models are read", name));
  const std::optional<Version> number = ParseVersion(written);
  if (!number) return InvalidError(fmt::format("the format_version '{}' is not three numbers like 0.5.4", written));
  for (const VersionRow& row : kVersions) {
    if (number->major != 0 || number->minor != row.minor) continue;
    if (number->patch > row.newest_patch)
      version.Warn(
          fmt::format("{} is newer than 0.{}.{}, the last one known here", written, row.minor, row.newest_patch));
    return row;
  }
  return UnsupportedError(fmt::format("models of format {} are not read, those of 0.4 and 0.5 are", written));
}

}  // namespace

Result<ReadModel> ReadModelDescription(std::string_view yaml_text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const Node> tree, ParseYaml(yaml_text, limits));
  if (!tree->is_mapping()) return CorruptError("a description is a mapping of names to values, and this is not");
  ReadModel result;
  const Reader root(*tree, result.findings);
  TEGULA_ASSIGN_OR_RETURN(const VersionRow version, ChooseReader(root));
  result.model.format_version = root["format_version"].Version();
  version.read(root, limits, result.model);
  return result;
}

Result<ModelDescription> ParseModelDescription(std::string_view yaml_text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(ReadModel read, ReadModelDescription(yaml_text, limits));
  if (HasErrors(read.findings)) return InvalidError("the description breaks the format: " + JoinErrors(read.findings));
  return std::move(read.model);
}

}  // namespace tegula::spec
