#include "tegula/zoo/index.h"

#include "tegula/core/text.h"
#include "tegula/spec/finding.h"
#include "tegula/zoo/address.h"
#include "tegula/zoo/cache.h"
#include "tegula/zoo/json.h"

namespace tegula::zoo {
namespace {

// The id and version as one address; nothing if either is not as ids and versions are.
std::optional<Address> CheckedAddress(const std::string& name, const std::string& version) {
  std::optional<Address> address = ParseAddress(name + "/" + version);
  if (!address || address->kind != Address::Kind::kCollection || address->version != version) return std::nullopt;
  return address;
}

// Letters to insert, drop or replace to get from one to the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

bool IsDeprecated(const Json& json) { return BoolOf(json, "deprecated") || TextOf(json, "status") == "deprecated"; }

std::optional<IndexItem> ReadItem(const Json& json) {
  if (TextOf(json, "type") != "model") return std::nullopt;
  IndexItem item;
  item.deprecated = IsDeprecated(json);
  const Json& versions = Member(json, "versions");
  if (!versions.is_array()) return std::nullopt;
  for (const Json& entry : versions) {
    IndexVersion version{TextOf(entry, "version"), TextOf(entry, "sha256"), TextOf(entry, "created_at")};
    const std::optional<Address> address = CheckedAddress(TextOf(json, "id"), version.version);
    if (!address || !IsSha256(version.sha256)) continue;
    item.name = address->name;
    item.versions.push_back(std::move(version));
  }
  if (item.versions.empty()) return std::nullopt;
  if (IsDeprecated(versions.back())) item.deprecated = true;
  return item;
}

// Versions of programs by their numbers: 0.9.6 is before 0.11.0.
bool IsOlder(const std::string& a, const std::string& b) {
  const std::vector<std::string> x = Split(a, '.'), y = Split(b, '.');
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const std::int64_t p = ParseInt(x[i]).value_or(-1), q = ParseInt(y[i]).value_or(-1);
    if (p != q) return p < q;
  }
  return x.size() < y.size();
}

// The first message of a summary's nested lists of details and errors.
std::string FirstProblem(const Json& test) {
  if (std::string text = TextOf(test, "error"); !text.empty()) return text;
  const Json& details = Member(Member(test, "details"), "details");
  if (!details.is_array()) return {};
  for (const Json& detail : details) {
    const Json& errors = Member(detail, "errors");
    if (!errors.is_array()) continue;
    for (const Json& error : errors)
      if (std::string text = TextOf(error, "msg"); !text.empty()) return text;
  }
  return {};
}

}  // namespace

const IndexItem* Index::Find(std::string_view name) const {
  const auto found =
      std::find_if(models.begin(), models.end(), [&](const IndexItem& item) { return item.name == name; });
  return found == models.end() ? nullptr : &*found;
}

std::vector<std::string> Index::Near(std::string_view name) const {
  constexpr std::size_t kMostEdits = 3, kMostNames = 3, kLongest = 100;
  std::vector<std::pair<std::size_t, std::string>> near;
  if (name.size() > kLongest) return {};
  for (const IndexItem& item : models) {
    if (item.name.size() > kLongest) continue;
    const std::size_t edits = EditDistance(name, item.name);
    if (edits <= kMostEdits) near.emplace_back(edits, item.name);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(near.size(), kMostNames); ++i) names.push_back(near[i].second);
  return names;
}

Result<Index> ParseIndex(std::string_view text, const Limits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.index_bytes)
    return ExhaustedError(fmt::format("the index has more bytes than the limit of {}", limits.index_bytes));
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "the index"));
  const Json& items = Member(json, "items");
  if (!items.is_array()) return CorruptError("the index has no list 'items'");
  if (static_cast<std::int64_t>(items.size()) > limits.index_items)
    return ExhaustedError(
        fmt::format("the index has {} items, more than the limit of {}", items.size(), limits.index_items));
  Index index;
  index.timestamp = TextOf(json, "timestamp");
  for (const Json& item : items)
    if (std::optional<IndexItem> model = ReadItem(item)) index.models.push_back(std::move(*model));
  return index;
}

std::map<std::string, std::int64_t> ParseFileList(std::string_view text) {
  std::map<std::string, std::int64_t> sizes;
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return sizes;
  for (const Json& file : json) {
    const double size = NumberOf(file, "size", -1);
    constexpr double kLargest = 1e15;  // doubles hold whole numbers beyond it
    if (size >= 0 && size < kLargest) sizes[TextOf(file, "name")] = static_cast<std::int64_t>(size);
  }
  return sizes;
}

Result<CollectionReport> ParseReport(std::string_view text) {
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "the collection's report"));
  CollectionReport report;
  const Json& tests = Member(Member(json, "tests"), "bioimageio.core");
  if (!tests.is_object()) return report;
  std::string newest;
  for (const auto& [version, test] : tests.items())
    if (newest.empty() || IsOlder(newest, version)) newest = version;
  if (newest.empty()) return report;
  const Json& test = tests[newest];
  report.tool = spec::Shortened("bioimageio.core " + newest, 60);
  report.status = TextOf(test, "status", 40);
  if (report.failed()) report.problem = spec::Shortened(FirstProblem(test), 200);
  return report;
}

}  // namespace tegula::zoo
