#include "tegula/spec/rdf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tegula/core/text.h"
#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/rdf_patches.h"

namespace tegula::spec {
namespace {

using internal::Format;

using Version = std::array<std::int64_t, 3>;

// Three numbers with dots.
std::optional<Version> ParseVersion(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() != 3) return std::nullopt;
  Version version{};
  for (std::size_t i = 0; i < 3; ++i) {
    const bool is_digits = !parts[i].empty() && parts[i].find_first_not_of("0123456789") == std::string::npos;
    const std::optional<std::int64_t> number = is_digits ? ParseInt(parts[i]) : std::nullopt;
    if (!number) return std::nullopt;
    version[i] = *number;
  }
  return version;
}

// One reader per generation; other versions of a generation differ in spelling only.
struct Generation {
  bool of_models;
  Format format;
  std::int64_t oldest_minor, newest_minor;
  Version newest;
  Version last_with_plain_files;  ///< up to here documentation, covers and icon may be plain paths
};
constexpr Generation kGenerations[] = {
    {true, Format::k04, 3, 4, {0, 4, 10}, {0, 4, 10}},
    {true, Format::k05, 5, 5, {0, 5, 14}, {0, 5, 10}},
    {false, Format::k04, 2, 2, {0, 2, 4}, {0, 2, 4}},
    {false, Format::k05, 3, 3, {0, 3, 4}, {0, 3, 3}},
};

// The generation of a version; of one that is not known, the newest, as the reference does.
const Generation& FindGeneration(bool is_model, const std::optional<Version>& version) {
  const Generation* newest = nullptr;
  for (const Generation& generation : kGenerations) {
    if (generation.of_models != is_model) continue;
    newest = &generation;
    if (version && (*version)[0] == 0 && (*version)[1] >= generation.oldest_minor &&
        (*version)[1] <= generation.newest_minor)
      return generation;
  }
  return *newest;
}

void CheckVersion(const Reader& at, const std::string& written, const std::optional<Version>& version,
                  const Generation& generation) {
  if (!version) return at.Note(fmt::format("must be three numbers like 0.5.4, is '{}'", Shortened(written, 40)));
  // Descriptions of other types hardly changed, and the reference takes any version for the newest.
  const bool is_read = !generation.of_models || ((*version)[0] == 0 && (*version)[1] >= generation.oldest_minor);
  if (!is_read)
    return at.Note(fmt::format("models of format {} are not read, those from 0.3 on are", Shortened(written, 40)));
  if (*version > generation.newest)
    at.Warn(fmt::format("{} is newer than {}, the last one known here, and read as that one", written,
                        fmt::join(generation.newest, ".")),
            {}, Severity::kAlert);
}

NodePointer AsNewestPatch(const NodePointer& tree, const Generation& generation) {
  if (generation.format != Format::k04) return tree;
  return generation.of_models ? internal::AsModel04(tree) : internal::AsOther02(tree);
}

// A type and a version must be said, in text. Without a type what looks like a model is read as one, so that it can be
// shown; it stays an error.
std::string ReadType(const Reader& root) {
  const Reader type = root.Required("type");
  if (type.is_there()) return type.Text();
  return root["inputs"].is_there() && root["outputs"].is_there() ? "model" : "";
}

}  // namespace

Result<ReadDescription> ReadRdf(std::string_view yaml_text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const NodePointer written, ParseYaml(yaml_text, limits));
  if (!written->is_mapping()) return CorruptError("a description is a mapping of names to values, and this is not");
  ReadDescription result;
  const Reader as_written(*written, result.findings);
  const std::string type = ReadType(as_written);
  const Reader format_version = as_written.Required("format_version");
  const std::string version_text = format_version.Text();
  const bool is_complete = as_written["type"].is_text() && format_version.is_text();
  result.type = as_written["type"].is_text() ? type : "";
  result.is_model = type == "model";

  const std::optional<Version> version = ParseVersion(version_text);
  const Generation& generation = FindGeneration(result.is_model, version);
  if (is_complete) CheckVersion(format_version, version_text, version, generation);
  result.tree = AsNewestPatch(written, generation);
  // What cannot be told apart is read for what can be shown of it; its findings would be about a guess.
  std::vector<Finding> about_a_guess;
  std::vector<Finding>& findings = is_complete ? result.findings : about_a_guess;
  const bool is_known = version && (!generation.of_models || *version >= Version{0, generation.oldest_minor, 0});
  const internal::Reading reading{generation.format, is_known && *version <= generation.last_with_plain_files, limits,
                                  &result.files};
  const Reader root(*result.tree, findings);
  result.model.type = type;
  result.model.format_version = version_text;
  if (!result.is_model) {
    internal::ReadOther(root, reading, result.model);
  } else if (generation.format == Format::k04) {
    internal::ReadModel04(root, reading, result.model);
  } else {
    internal::ReadModel05(root, reading, result.model);
  }
  return result;
}

Status CheckRunnable(const ReadDescription& read) {
  if (!read.type.empty() && !read.is_model)
    return UnsupportedError(fmt::format("it describes a {}, and only models can be run", read.type));
  constexpr std::string_view kDeciding[] = {"inputs",       "outputs", "weights",        "test_inputs",
                                            "test_outputs", "type",    "format_version", "config"};
  std::vector<Finding> deciding;
  for (const Finding& finding : read.findings) {
    const std::string_view first = std::string_view(finding.path).substr(0, finding.path.find_first_of(".["));
    const bool decides =
        first.empty() || std::find(std::begin(kDeciding), std::end(kDeciding), first) != std::end(kDeciding);
    if (decides) deciding.push_back(finding);
  }
  if (HasErrors(deciding)) return InvalidError("the description breaks the format: " + JoinErrors(deciding));
  return Ok();
}

}  // namespace tegula::spec
