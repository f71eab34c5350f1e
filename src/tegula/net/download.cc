#include "tegula/net/download.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/platform.h"
#include "tegula/net/address.h"
#include "tegula/net/attempts.h"
#include "tegula/net/download_target.h"
#include "tegula/net/reception.h"

namespace tegula::net {
namespace {

using Kind = Reception::Kind;

bool IsContent(int status) { return status == 200 || status == 206; }
bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool IsPassing(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

Error TooShort(const std::string& url, std::int64_t size) {
  return CorruptError(fmt::format("{} has {}, fewer than its index needs", Masked(url),
                                  size >= 0 ? fmt::format("{} bytes", size) : "too few bytes"));
}

// Of an answer that was cut short, and is the same the next time.
Error NotAsAskedFor(const std::string& url, const Reception& reception) {
  if (reception.kind() == Kind::kWebPage)
    return CorruptError(
        fmt::format("{} answered with a web page instead of the file; check the address, and whether a proxy or a "
                    "login stands in the way",
                    Masked(url)));
  if (reception.kind() == Kind::kCompressed)
    return UnsupportedError(
        fmt::format("{} is sent compressed (Content-Encoding: {}), which was not asked for; have its server send it as "
                    "it is",
                    Masked(url), reception.head().content_encoding));
  return UnsupportedError(
      fmt::format("{} is sent whole where a part of it was asked for: its server does not answer range requests, "
                  "without which shards cannot be read; copy the image, or have it served by one that does",
                  Masked(url)));
}

}  // namespace

Error RefusalOf(const std::string& url, int status) {
  const std::string shown = Masked(url);
  switch (status) {
    case 404:
    case 410: return NotFoundError(fmt::format("{} is not there (HTTP {})", shown, status));
    case 401:
    case 403:
    case 407: return IoError(fmt::format("{} may not be read without a login (HTTP {})", shown, status));
    default: return IoError(fmt::format("{} was refused (HTTP {})", shown, status));
  }
}

Downloader::Downloader(std::unique_ptr<Http> http, RetryOptions options, Wait wait)
    : http_(std::move(http)), options_(options), wait_(std::move(wait)) {}

// The head of the answer that ends the matter: of content, or of a refusal. `range` is counted from the beginning
// afterwards if the server wanted that.
Result<HttpHead> Downloader::Fetch(const std::string& url, const Expected& expected, std::optional<ByteRange>& range,
                                   Target& target, const std::stop_token& stop) {
  Attempts attempts(url, options_, wait_);
  std::int64_t most = target.size();
  for (;;) {
    // What has no name could be another content by now; parts are small.
    const bool begins_anew = range || (target.validator().empty() && expected.sha256.empty());
    if (target.size() > 0 && begins_anew) TEGULA_TRY(target.Clear());
    const std::int64_t offset = target.size();
    Reception reception(url, expected, range, target);
    const HttpRequest request = range
                                    ? HttpRequest{attempts.address(), range->begin, range->size, ""}
                                    : HttpRequest{attempts.address(), offset, -1, offset > 0 ? target.validator() : ""};
    Result<HttpEnd> ended = http_->Get(
        request, [&](const HttpHead& head, std::string_view piece) { return reception.Take(head, piece); }, stop);
    if (reception.is_cut_short() && reception.kind() != Kind::kAnotherPart) {
      const bool counts_from_the_end = reception.kind() == Kind::kWholeForPart && range->begin < 0;
      if (!counts_from_the_end || reception.head().content_length + range->begin < 0)
        return NotAsAskedFor(url, reception);
      range->begin += reception.head().content_length;  // some servers count from the beginning only
      continue;
    }
    if (reception.is_cut_short()) {
      TEGULA_TRY(target.Clear());
      TEGULA_TRY(attempts.Fail("another part came than was asked for", 0, stop));
      continue;
    }
    TEGULA_TRY(ended);
    HttpEnd& end = *ended;
    const int status = end.head.status;
    if (reception.kind() == Kind::kContent && end.complete) {
      if (!range || target.size() == range->size) return std::move(end.head);
      const std::int64_t whole = end.head.range_size;
      if (whole < std::max(range->begin, std::int64_t{0}) + range->size) return TooShort(url, whole);
      TEGULA_TRY(attempts.Fail("fewer bytes came than were asked for", 0, stop));
      continue;
    }
    if (end.complete && IsRedirect(status)) {
      TEGULA_TRY(attempts.Follow(end.head.location));
      continue;
    }
    if (status == 416) {
      if (range) return TooShort(url, end.head.range_size);
      TEGULA_ASSIGN_OR_RETURN(const std::string sha256, target.Sha256());  // all of it may be here already
      end.head.status = 200;
      if (!expected.sha256.empty() && sha256 == expected.sha256) return std::move(end.head);
      TEGULA_TRY(target.Clear());
    } else if (end.complete && !IsPassing(status)) {
      return std::move(end.head);
    }
    if (end.is_final) return IoError(fmt::format("{} could not be fetched: {}", Masked(url), end.reason));
    if (!range && target.size() > most) {
      most = target.size();
      attempts.Progress();
    }
    TEGULA_TRY(attempts.Fail(end.complete ? fmt::format("HTTP {}", status) : end.reason,
                             end.head.retry_after_seconds.value_or(0), stop));
  }
}

namespace {

Error WrongSize(const std::string& url, std::int64_t size, std::int64_t expected) {
  return CorruptError(fmt::format("{} has {} bytes, but {} were announced", Masked(url), size, expected));
}

Error WrongSum(const std::string& url, const std::string& sha256, const std::string& expected) {
  return CorruptError(
      fmt::format("{} has the sha256 {}, but {} is stated; what came was thrown away. If it is the "
                  "same the next time, tell those who keep the collection",
                  Masked(url), sha256, expected));
}

}  // namespace

Result<std::string> Downloader::Text(const std::string& url, const Expected& expected, const std::stop_token& stop) {
  TextTarget target;
  std::optional<ByteRange> whole;
  TEGULA_ASSIGN_OR_RETURN(const HttpHead head, Fetch(url, expected, whole, target, stop));
  if (!IsContent(head.status)) return RefusalOf(url, head.status);
  if (expected.size >= 0 && target.size() != expected.size) return WrongSize(url, target.size(), expected.size);
  const std::string sha256 = Sha256OfBytes(target.text);
  if (!expected.sha256.empty() && sha256 != expected.sha256) return WrongSum(url, sha256, expected.sha256);
  return std::move(target.text);
}

Result<Fetched> Downloader::Receive(const std::string& url, const Expected& expected, std::optional<ByteRange> range,
                                    const std::stop_token& stop) {
  TextTarget target;
  const bool from_end = range && range->begin < 0;
  TEGULA_ASSIGN_OR_RETURN(HttpHead head, Fetch(url, expected, range, target, stop));
  const bool counts_from_end = !from_end || range->begin < 0;
  if (head.status == 403 || head.status == 404 || head.status == 410) return Fetched{head.status};
  if (!IsContent(head.status)) return RefusalOf(url, head.status);
  return Fetched{200, std::move(target.text), std::move(head.state), head.range_size, counts_from_end};
}

Result<Fetched> Downloader::Get(const std::string& url, const Expected& expected, const std::stop_token& stop) {
  return Receive(url, expected, std::nullopt, stop);
}

Result<Fetched> Downloader::GetRange(const std::string& url, ByteRange range, const std::stop_token& stop) {
  return Receive(url, {.size = range.size, .limit = range.size}, range, stop);
}

Result<Downloaded> Downloader::ToFile(const std::string& url, const Path& path, const Expected& expected,
                                      std::string_view stage, Progress& progress, const std::stop_token& stop) {
  Path part = path, tag = path;
  part += ".part";
  tag += ".tag";
  TEGULA_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(part));
  FileTarget target(std::move(file), tag, stage, progress);
  std::optional<ByteRange> whole;
  for (;;) {
    const bool was_begun = target.size() > 0;
    if (!was_begun || target.size() != expected.size) {
      TEGULA_ASSIGN_OR_RETURN(const HttpHead head, Fetch(url, expected, whole, target, stop));
      if (!IsContent(head.status)) return RefusalOf(url, head.status);
    }
    TEGULA_ASSIGN_OR_RETURN(std::string sha256, target.Sha256());
    const bool right_size = expected.size < 0 || target.size() == expected.size;
    const bool right_sum = expected.sha256.empty() || sha256 == expected.sha256;
    if (right_size && right_sum) {
      Downloaded downloaded{std::move(sha256), target.size()};
      TEGULA_TRY(target.MoveTo(path));
      return downloaded;
    }
    const std::int64_t size = target.size();
    if (was_begun) {  // the part that was here may be of something else
      TEGULA_TRY(target.Clear());
      continue;
    }
    target.Forget();
    if (!right_size) return WrongSize(url, size, expected.size);
    return WrongSum(url, sha256, expected.sha256);
  }
}

Result<Downloader> NewDownloader(const RetryOptions& options) {
  TEGULA_ASSIGN_OR_RETURN(const HttpOptions http_options, HttpOptionsFromEnvironment());
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<Http> http, NewHttp(http_options));
  return Downloader(std::move(http), options, &WaitFor);
}

}  // namespace tegula::net
