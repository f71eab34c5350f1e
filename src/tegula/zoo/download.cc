#include "tegula/zoo/download.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/partial_file.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"

namespace tegula::zoo {
namespace {

constexpr std::int64_t kLargestTag = 4096;
constexpr std::int64_t kLargestRefusal = 1 << 20;  // bytes of an error page that are waited for

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool IsPassing(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

bool IsWebPage(const std::string& url, const HttpHead& head) {
  const std::string path = ToLower(url.substr(0, url.find_first_of("?#")));
  return head.content_type == "text/html" && !path.ends_with(".html") && !path.ends_with(".htm");
}

Error WebPageError(const std::string& url) {
  return CorruptError(
      fmt::format("{} answered with a web page instead of the file; check the address, and whether a proxy or a login "
                  "stands in the way",
                  url));
}

// What went wrong with an answer that ends the matter.
Error Refusal(const std::string& url, int status) {
  switch (status) {
    case 404:
    case 410: return NotFoundError(fmt::format("{} is not there (HTTP {})", url, status));
    case 401:
    case 403:
    case 407: return IoError(fmt::format("{} may not be read without a login (HTTP {})", url, status));
    default: return IoError(fmt::format("{} was refused (HTTP {})", url, status));
  }
}

}  // namespace

// Where the bytes go.
class Downloader::Target {
 public:
  virtual ~Target() = default;
  virtual std::int64_t size() const = 0;
  /// What the server called the content that is here; empty if it has no name.
  virtual std::string validator() const = 0;
  virtual Status Clear() = 0;
  /// New content begins, whose name is this.
  virtual Status Begin(const std::string& validator) = 0;
  virtual Status Append(std::string_view piece, std::int64_t total) = 0;
  virtual Result<std::string> Sha256() const = 0;
};

class Downloader::TextTarget final : public Downloader::Target {
 public:
  std::int64_t size() const override { return static_cast<std::int64_t>(text.size()); }
  std::string validator() const override { return validator_; }
  Status Clear() override {
    text.clear();
    return Ok();
  }
  Status Begin(const std::string& validator) override {
    validator_ = validator;
    return Clear();
  }
  Status Append(std::string_view piece, std::int64_t) override {
    text += piece;
    return Ok();
  }
  Result<std::string> Sha256() const override { return Sha256OfBytes(text); }
  std::string text;

 private:
  std::string validator_;
};

class Downloader::FileTarget final : public Downloader::Target {
 public:
  FileTarget(PartialFile file, Path tag, std::string_view stage, Progress& progress)
      : file_(std::move(file)), tag_(std::move(tag)), stage_(stage), progress_(progress) {
    if (Result<std::string> validator = ReadFile(tag_, kLargestTag); validator.ok()) validator_ = *validator;
  }
  std::int64_t size() const override { return file_.size(); }
  std::string validator() const override { return validator_; }
  Status Clear() override { return file_.Clear(); }
  Status Begin(const std::string& validator) override {
    TEGULA_TRY(file_.Clear());
    validator_ = validator.size() <= kLargestTag ? validator : "";
    return WriteFileWhole(tag_, validator_);
  }
  Status Append(std::string_view piece, std::int64_t total) override {
    TEGULA_TRY(file_.Append(piece));
    constexpr std::int64_t kKilobyte = 1000;
    const std::int64_t done = file_.size() / kKilobyte;
    progress_.Update(stage_, done, std::max(done, total / kKilobyte), "kB");
    return Ok();
  }
  Result<std::string> Sha256() const override { return Sha256OfFile(file_.path()); }
  /// What came is wrong, or is in its place: nothing stays of it here.
  void Forget() {
    std::error_code ignored;
    std::filesystem::remove(tag_, ignored);
    std::filesystem::remove(file_.path(), ignored);
  }
  Status MoveTo(const Path& path) {
    TEGULA_TRY(file_.MoveTo(path));
    Forget();
    return Ok();
  }

 private:
  PartialFile file_;
  Path tag_;
  std::string_view stage_;
  Progress& progress_;
  std::string validator_;
};

Downloader::Downloader(std::unique_ptr<Http> http, RetryOptions options, Wait wait)
    : http_(std::move(http)), options_(options), wait_(std::move(wait)) {}

Status Downloader::Fetch(const std::string& url, const Expected& expected, Target& target,
                         const std::stop_token& stop) {
  std::string address = url;
  std::string reason;
  int redirects = 0;
  std::int64_t most = target.size();
  double wait_seconds = options_.first_wait_seconds;
  for (int failures = 0; failures < options_.attempts;) {
    if (target.size() > 0 && target.validator().empty() && expected.sha256.empty()) TEGULA_TRY(target.Clear());
    const std::int64_t offset = target.size();
    bool started = false, is_content = false, is_web_page = false;
    std::int64_t total = expected.size, ignored_bytes = 0;
    const auto sink = [&](const HttpHead& head, std::string_view piece) -> Status {
      if (!started) {
        started = true;
        const bool goes_on = head.status == 206 && offset > 0 && head.range_begin == offset;
        is_web_page = (head.status == 200 || goes_on) && IsWebPage(url, head);
        is_content = (head.status == 200 || goes_on) && !is_web_page;
        if (is_content && !goes_on) TEGULA_TRY(target.Begin(head.validator));
        if (goes_on && head.range_size >= 0) total = head.range_size;
        if (!goes_on && head.content_length >= 0) total = head.content_length;
        if (is_content && total > expected.limit)
          return ExhaustedError(fmt::format("{} has {} bytes, more than the limit of {}", url, total, expected.limit));
      }
      const auto size = static_cast<std::int64_t>(piece.size());
      if (!is_content) {
        ignored_bytes += size;
        return ignored_bytes > kLargestRefusal ? Status(IoError(url + " was refused at great length")) : Ok();
      }
      if (target.size() + size > expected.limit)
        return ExhaustedError(fmt::format("{} has more bytes than the limit of {}", url, expected.limit));
      return target.Append(piece, total);
    };
    TEGULA_ASSIGN_OR_RETURN(const HttpEnd end,
                            http_->Get({address, offset, offset > 0 ? target.validator() : ""}, sink, stop));
    const int status = end.head.status;
    if (is_web_page) return WebPageError(url);
    if (is_content && end.complete) return Ok();
    if (end.complete && IsRedirect(status)) {
      if (++redirects > options_.redirects || end.head.location.empty())
        return IoError(fmt::format("{} leads from one address to the next without an end", url));
      if (address.starts_with("https:") && !end.head.location.starts_with("https:"))
        return InvalidError(fmt::format("{} leads to an address without encryption ({}), which is not followed", url,
                                        end.head.location));
      address = end.head.location;
      continue;
    }
    if (status == 416) {  // all of it may be here already
      TEGULA_ASSIGN_OR_RETURN(const std::string sha256, target.Sha256());
      if (!expected.sha256.empty() && sha256 == expected.sha256) return Ok();
      TEGULA_TRY(target.Clear());
    } else if (status == 206) {
      TEGULA_TRY(target.Clear());  // not the part that was asked for
    } else if (end.complete && !IsPassing(status)) {
      return Refusal(url, status);
    }
    reason = !end.complete ? end.reason : fmt::format("HTTP {}", status);
    if (target.size() > most) {
      most = target.size();
      failures = 0;
      wait_seconds = options_.first_wait_seconds;
    }
    if (++failures >= options_.attempts) break;
    const double asked = end.head.retry_after_seconds.value_or(0);
    if (!wait_(std::min(options_.longest_wait_seconds, std::max(asked, wait_seconds)), stop)) return CancelledError();
    wait_seconds *= 2;
    address = url;
    redirects = 0;
  }
  return IoError(fmt::format("{} could not be fetched in {} attempts: {}", url, options_.attempts, reason));
}

namespace {

Error WrongSize(const std::string& url, std::int64_t size, std::int64_t expected) {
  return CorruptError(fmt::format("{} has {} bytes, but {} were announced", url, size, expected));
}

Error WrongSum(const std::string& url, const std::string& sha256, const std::string& expected) {
  return CorruptError(
      fmt::format("{} has the sha256 {}, but {} is stated; what came was thrown away. If it is the "
                  "same the next time, tell those who keep the collection",
                  url, sha256, expected));
}

}  // namespace

Result<std::string> Downloader::Text(const std::string& url, const Expected& expected, const std::stop_token& stop) {
  TextTarget target;
  TEGULA_TRY(Fetch(url, expected, target, stop));
  if (expected.size >= 0 && target.size() != expected.size) return WrongSize(url, target.size(), expected.size);
  const std::string sha256 = Sha256OfBytes(target.text);
  if (!expected.sha256.empty() && sha256 != expected.sha256) return WrongSum(url, sha256, expected.sha256);
  return std::move(target.text);
}

Result<Downloaded> Downloader::ToFile(const std::string& url, const Path& path, const Expected& expected,
                                      std::string_view stage, Progress& progress, const std::stop_token& stop) {
  Path part = path, tag = path;
  part += ".part";
  tag += ".tag";
  TEGULA_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(part));
  FileTarget target(std::move(file), tag, stage, progress);
  for (;;) {
    const bool was_begun = target.size() > 0;
    if (!was_begun || target.size() != expected.size) TEGULA_TRY(Fetch(url, expected, target, stop));
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

Result<Downloader> NewDownloader() {
  TEGULA_ASSIGN_OR_RETURN(const HttpOptions options, HttpOptionsFromEnvironment());
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<Http> http, NewHttp(options));
  return Downloader(std::move(http), {}, &WaitFor);
}

}  // namespace tegula::zoo
