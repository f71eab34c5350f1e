// The fields that descriptions of all types have, in both generations of the format; and the other types.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tegula/core/text.h"
#include "tegula/spec/licenses.h"
#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {
namespace {

constexpr std::size_t kAnyLength = std::string::npos;

constexpr std::string_view kFields04[] = {
    "attachments",    "authors",    "cite", "config", "covers",   "description", "documentation", "download_url",
    "format_version", "git_repo",   "icon", "id",     "id_emoji", "license",     "links",         "maintainers",
    "name",           "rdf_source", "tags", "type",   "uploader", "version",     "version_number"};
constexpr std::string_view kFields05[] = {
    "attachments",   "authors",        "cite",           "config",         "covers", "description",
    "documentation", "format_version", "git_repo",       "icon",           "id",     "id_emoji",
    "license",       "links",          "maintainers",    "name",           "tags",   "type",
    "uploader",      "version",        "version_number", "version_comment"};

bool HasNoSlash(std::string_view text) { return text.find_first_of("/\\") == std::string_view::npos; }
bool IsAny(std::string_view) { return true; }

// 0.4 drops slashes from names by itself.
std::string ReadPersonName(const Reader& name, const Reading& reading) {
  return name.Text(reading.is_04() ? &IsAny : &HasNoSlash, "text without slashes");
}

Person ReadPerson(const Reader& person, const Reading& reading, std::string_view required) {
  person.AllowOnly({"name", "affiliation", "email", "github_user", "orcid"});
  if (!person.is_mapping()) return {};
  person.Required(required);
  Person read;
  read.name = ReadPersonName(required == "name" ? person["name"] : person.Nullable("name"), reading);
  read.github_user = (required == "name" ? person.Nullable("github_user") : person["github_user"]).Text();
  read.affiliation = person.Nullable("affiliation").Text();
  read.orcid = person.Nullable("orcid").Text(&IsOrcid, "an ORCID iD in groups of four digits with its check digit");
  person.Nullable("email").Text(&IsEmail, "an e-mail address");
  return read;
}

Citation ReadCitation(const Reader& cite, const Reading& reading) {
  cite.AllowOnly({"text", "doi", "url"});
  if (!cite.is_mapping()) return {};
  Citation read;
  read.text = cite.Required("text").Text();
  const Reader doi = cite.Nullable("doi");
  read.doi = doi.Text();
  if (reading.is_04())  // which takes the address for the DOI
    for (const std::string_view prefix : {"https://doi.org/", "http://dx.doi.org/"})
      if (read.doi.starts_with(prefix)) read.doi.erase(0, prefix.size());
  if (doi.is_text() && !IsDoi(read.doi))
    doi.Note(fmt::format("must be like 10.1234/abc, is '{}'", Shortened(read.doi, 60)));
  const Reader url = cite.Nullable("url");
  read.url = reading.is_04() ? url.Text() : url.Text(&IsUrl, kAddress);
  if (read.doi.empty() && read.url.empty()) cite.Note("needs a doi or a url");
  return read;
}

void CheckUploader(const Reader& uploader) {
  if (!uploader.is_there()) return;
  uploader.AllowOnly({"email", "name"});
  if (!uploader.is_mapping()) return;
  uploader.Required("email").Text(&IsEmail, "an e-mail address");
  uploader.Nullable("name").Text();
}

void CheckBadge(const Reader& badge, const Reading& reading) {
  badge.AllowOnly({"label", "icon", "url"});
  if (!badge.is_mapping()) return;
  badge.Required("label").Text();
  badge.Required("url").Text(&IsUrl, kAddress);
  ReadSource(badge.Nullable("icon"), reading);
}

// One or two characters (an emoji), or a file.
void ReadIcon(const Reader& icon, const Reading& reading) {
  if (!icon.is_there()) return;
  const std::size_t characters = icon.is_scalar() ? CountCharacters(icon.node()->text) : 0;
  if (icon.is_scalar() && characters >= 1 && characters <= 2) {
    icon.Text();
  } else if (icon.is_mapping() && !reading.is_04()) {
    ReadFile(icon, reading);
  } else if (reading.plain_files) {
    ReadSource(icon, reading);
  } else {
    icon.Note("must be one or two characters, or a mapping with the source of a file");
  }
}

constexpr std::string_view kCovers[] = {".gif", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff"};

// Upper and lower case do not matter here.
void CheckCoverSuffix(const Reader& at, const FileReference& file, const Reading& reading) {
  constexpr std::size_t kOf05 = 5;
  const std::string suffix = ToLower(SuffixOf(FileNameOf(file.source)));
  const Names allowed = Names(kCovers).first(reading.is_04() ? std::size(kCovers) : kOf05);
  if (file.source.empty() || std::find(allowed.begin(), allowed.end(), suffix) != allowed.end()) return;
  at.Note(fmt::format("must be an image ({}), is '{}'", fmt::join(allowed, ", "), Shortened(file.source, 80)));
}

// A mapping with a source; a plain path as well where the version allows it.
std::optional<FileReference> ReadPlainOrFile(const Reader& file, const Reading& reading, NameList suffixes = {}) {
  if (!file.is_there()) return std::nullopt;
  if (reading.is_04() || (reading.plain_files && file.is_scalar())) return ReadSource(file, reading, suffixes);
  return ReadFile(file, reading, suffixes);
}

void ReadCovers(const Reader& covers, const Reading& reading, Resource& resource) {
  for (const Reader& cover : covers.Items()) {
    const std::optional<FileReference> file = ReadPlainOrFile(cover, reading);
    if (!file) continue;
    CheckCoverSuffix(cover, *file, reading);
    resource.covers.push_back(file->source);
  }
}

void ReadAttachments(const Reader& attachments, const Reading& reading) {
  if (!reading.is_04()) {
    for (const Reader& file : attachments.Items()) ReadFile(file, reading);
    return;
  }
  const Reader nullable = attachments.AsNullable();
  nullable.Keys();
  for (const Reader& file : nullable["files"].Items()) ReadSource(file, reading);
}

void ReadLicense(const Reader& license, const Reading& reading, bool is_required, Resource& resource) {
  if (!license.is_there()) {
    if (reading.is_04() && !is_required) license.Warn("is not stated");
    return;
  }
  if (!reading.is_04() && license.is_mapping()) {
    ReadFile(license, reading);
    license.Warn("is a file; an identifier of SPDX is understood by more programs");
    return;
  }
  resource.license = license.Text();
  if (!license.is_text()) return;
  const LicenseKind kind = KindOfLicense(resource.license);
  if (kind == LicenseKind::kUnknown && !reading.is_04())
    license.Note(fmt::format("'{}' is not an identifier of SPDX", Shortened(resource.license, 60)),
                 "see https://spdx.org/licenses");
  else if (kind == LicenseKind::kUnknown)
    license.Warn(fmt::format("'{}' is not an identifier of SPDX", Shortened(resource.license, 60)));
  else if (kind == LicenseKind::kDeprecated)
    license.Warn(fmt::format("the identifier '{}' has been replaced by another one", resource.license));
}

void ReadName(const Reader& root, const Reading& reading, bool is_model, Resource& resource) {
  constexpr std::size_t kShort = 5, kLong = 64, kLongOther = 128;
  const Reader name = root.Required("name");
  resource.name = reading.is_04() ? name.Text(1, kAnyLength) : name.Text(kShort, kLongOther);
  const std::size_t characters = CountCharacters(resource.name);
  if (!reading.is_04() && !IsPlainName(resource.name))
    name.Note(fmt::format("must hold letters, digits, spaces and _+-() only, is '{}'", Shortened(resource.name, 80)));
  if (!is_model && reading.is_04()) {
    if (characters > kLongOther) name.Warn("is longer than 128 characters");
    return;
  }
  if (characters > kLong) name.Warn("is longer than 64 characters", {}, Severity::kInfo);
  if (reading.is_04() && characters > 0 && characters < kShort)
    name.Warn("is shorter than 5 characters", {}, Severity::kInfo);
}

void ReadText(const Reader& root, const Reading& reading, Resource& resource) {
  constexpr std::size_t kLong = 512, kLongest = 1024;
  const Reader description = reading.is_04() ? root.Required("description") : root["description"];
  resource.description = reading.is_04() ? description.Text() : description.Text(0, kLongest);
  if (reading.is_04()) return;
  AskForFair(description, resource.description.empty());
  if (CountCharacters(resource.description) > kLong) description.Warn("is longer than 512 characters");
}

void ReadPeople(const Reader& root, const Reading& reading, bool is_model, Resource& resource) {
  const Reader authors = root["authors"];
  for (const Reader& author : authors.Items()) {  // 0.4 takes a text for a name
    const bool is_text = reading.is_04() && author.is_text();
    resource.authors.push_back(is_text ? Person{author.Text(), {}, {}, {}} : ReadPerson(author, reading, "name"));
  }
  const bool is_empty = !authors.is_there() || (authors.is_sequence() && resource.authors.empty());
  if (reading.is_04() && is_model && is_empty)
    authors.Note("must name at least one author");
  else if (reading.is_04() && is_empty)
    authors.Warn("are missing");
  else if (!reading.is_04())
    AskForFair(authors, is_empty);
  for (const Reader& person : root["maintainers"].Items())
    resource.maintainers.push_back(ReadPerson(person, reading, "github_user"));
  const auto is_reachable = [](const Person& person) { return !person.github_user.empty(); };
  if (!reading.is_04() && resource.maintainers.empty() && !resource.authors.empty() &&
      std::none_of(resource.authors.begin(), resource.authors.end(), is_reachable))
    authors.Warn("need a github_user, or there should be maintainers, so that someone can be asked", {},
                 Severity::kAlert);
  CheckUploader(root.Nullable("uploader"));
}

void ReadFairTags(const Reader& root, const Reading& reading, Resource& resource) {
  for (const Reader& cite : root["cite"].Items()) resource.cite.push_back(ReadCitation(cite, reading));
  if (reading.is_04() && resource.cite.empty()) root["cite"].Warn("is missing");
  if (!reading.is_04()) AskForFair(root["cite"], resource.cite.empty());
  resource.tags = root["tags"].Texts();
  if (!reading.is_04()) AskForFair(root["tags"], resource.tags.empty());
}

void ReadAddresses(const Reader& root, const Reading& reading, Resource& resource) {
  const Reader git_repo = root.Nullable("git_repo");
  resource.git_repo = reading.is_04() ? git_repo.Text() : git_repo.Text(&IsUrl, kAddress);
  resource.links = root["links"].Texts();
  if (!reading.is_04()) return;
  root.Nullable("download_url").Text(&IsUrl, kAddress);
  root.Nullable("rdf_source").Text();  // where the description came from: not a file that it needs
}

void ReadIds(const Reader& root, const Reading& reading, Resource& resource) {
  constexpr std::size_t kComment = 512;
  const Reader id = root.Nullable("id");
  resource.id = ReadResourceId(id, reading);
  resource.id_emoji = root.Nullable("id_emoji").Text(1, reading.is_04() ? 1 : 2);
  resource.version = ReadVersion(root.Nullable("version"));
  if (reading.is_04())
    root.Nullable("version_number")
        .Int(0, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
  else
    root.Nullable("version_comment").Text(0, kComment);
}

}  // namespace

std::string ReadVersion(const Reader& version) {
  std::string text = version.Written();
  if (version.is_scalar() && !IsVersion(text))
    version.Note(fmt::format("must be a version like 1.2.0, is '{}'", Shortened(text, 60)));
  return text;
}

std::string ReadResourceId(const Reader& id, const Reading& reading) {
  std::string text = reading.is_04() ? ToLower(id.Text()) : id.Text();
  if (id.is_text() && !IsResourceId(text))
    id.Note(fmt::format("must hold lower-case letters, digits and _-/. only, is '{}'", Shortened(text, 60)));
  return text;
}

void AskForFair(const Reader& field, bool is_empty) {
  if (is_empty) field.Warn("should be filled, so that others can find and reuse this", {}, Severity::kAlert);
}

Names CommonFields(Format format) { return format == Format::k04 ? Names(kFields04) : Names(kFields05); }

std::vector<Person> ReadAuthors(const Reader& authors, const Reading& reading) {
  std::vector<Person> people;
  for (const Reader& author : authors.Items()) people.push_back(ReadPerson(author, reading, "name"));
  return people;
}

void CheckLink(const Reader& link, const Reading& reading) {
  link.AllowOnly({"id", "version_number", reading.is_04() ? std::string_view("version_number") : "version"});
  if (!link.is_mapping()) return;
  ReadResourceId(link.Required("id"), reading);
  ReadVersion(link.Nullable("version"));
}

void ReadTimestamp(const Reader& timestamp, Resource& resource) {
  if (!timestamp.is_there()) return;
  resource.timestamp = timestamp.Written();
  const bool is_date = timestamp.is_scalar() && timestamp.node()->is_plain && IsYamlDate(resource.timestamp);
  if (timestamp.is_scalar() && (is_date || !(IsTimestamp(resource.timestamp) || IsYamlTimestamp(resource.timestamp))))
    timestamp.Note(
        fmt::format("must be a date and time like 2024-05-01T12:00:00Z, is '{}'", Shortened(resource.timestamp, 60)));
}

void ReadPackagers(const Reader& root, const Reading& reading) { ReadAuthors(root["packaged_by"], reading); }

void ReadRunMode(const Reader& root, const Reading& reading) {
  const Reader mode = root.Nullable("run_mode");
  if (!mode.is_there()) return;
  mode.AllowOnly({"name", "kwargs"});
  if (!mode.is_mapping()) return;
  const std::string name = mode.Required("name").Text();
  CheckAnyMapping(mode["kwargs"]);
  if (!reading.is_04() || name != "deepimagej") mode.Warn("is ignored: the model runs as its tensors describe");
}

// A dataset by its id, or its whole description.
void ReadTrainingData(const Reader& root, const Reading& reading) {
  const Reader data = root.Nullable("training_data");
  if (!data.is_there()) return;
  if (!data.is_mapping() || !(data["name"].is_there() || data["type"].is_there())) return CheckLink(data, reading);
  const bool is_02 =
      data["format_version"].is_there() ? data["format_version"].Written().starts_with("0.2") : reading.is_04();
  Resource dataset;
  dataset.type = "dataset";
  if (data["type"].is_there()) data["type"].Choice({"dataset"}, "dataset");
  ReadOther(data, {is_02 ? Format::k04 : Format::k05, true, reading.limits, reading.files}, dataset);
}

void CheckAnyMapping(const Reader& mapping) { mapping.Keys(); }

void ReadCommon(const Reader& root, const Reading& reading, bool is_model, Resource& resource) {
  ReadName(root, reading, is_model, resource);
  ReadIds(root, reading, resource);
  ReadText(root, reading, resource);
  ReadPeople(root, reading, is_model, resource);
  ReadFairTags(root, reading, resource);
  const bool is_strict = reading.is_04() && is_model;  // 0.4 models must have a licence and a documentation
  ReadLicense(is_strict ? root.Required("license") : root.Nullable("license"), reading, is_strict, resource);
  if (!reading.is_04()) AskForFair(root["license"], !root["license"].present());
  const Reader documentation = is_strict ? root.Required("documentation") : root.Nullable("documentation");
  const std::optional<FileReference> file =
      reading.is_04() ? ReadPlainOrFile(documentation, reading) : ReadPlainOrFile(documentation, reading, {".md"});
  if (file) resource.documentation = file->source;
  if (!reading.is_04()) AskForFair(root["documentation"], !documentation.is_there());
  ReadCovers(root["covers"], reading, resource);
  ReadIcon(root.Nullable("icon"), reading);
  ReadAttachments(root["attachments"], reading);
  ReadAddresses(root, reading, resource);
}

void ReadOther(const Reader& root, const Reading& reading, Resource& resource) {
  const bool is_known = resource.type == "dataset" || resource.type == "application" || resource.type == "notebook";
  if (is_known) {
    if (reading.is_04())
      root.AllowOnly(CommonFields(reading.format), {"badges", "source"});
    else
      root.AllowOnly(CommonFields(reading.format), {"badges", "source", "parent"});
  } else if (resource.type == "collection" || resource.type == "model") {
    root["type"].Note(fmt::format("'{}' is not among the types that can be described in this version", resource.type));
  } else if (resource.type.empty() || resource.type != ToLower(resource.type)) {
    root["type"].Note("must be a word in lower case");
  }
  ReadCommon(root, reading, false, resource);
  CheckAnyMapping(root["config"]);
  for (const Reader& badge : root["badges"].Items()) CheckBadge(badge, reading);
  if (!reading.is_04()) ReadResourceId(root.Nullable("parent"), reading);
  if (resource.type == "notebook")
    ReadSource(root.Required("source"), reading, {".ipynb"});
  else if (resource.type == "application")
    ReadSource(root.Nullable("source"), reading);
  else
    root.Nullable("source").Text(&IsUrl, kAddress);
}

}  // namespace tegula::spec::internal
