#include "tegula/net/download.h"

#include <gtest/gtest.h>

#include "tegula/core/files.h"
#include "tegula/net/http_headers.h"
#include "tegula/net/testing/scripted_http.h"

namespace tegula::net {
namespace {

constexpr const char* kUrl = "https://example.org/file";

class Download : public ::testing::Test {
 protected:
  Downloader New() {
    return Downloader(std::make_unique<ScriptedHttp>(script_), {.attempts = 4},
                      [this](double seconds, const std::stop_token&) {
                        waits_.push_back(seconds);
                        return true;
                      });
  }
  void Answer(std::vector<ScriptedAnswer> answers, const char* url = kUrl) {
    script_->answers[url] = std::move(answers);
  }
  Result<std::string> Text(Expected expected = {.limit = 1000}) { return New().Text(kUrl, expected, {}); }
  Result<Downloaded> File(Expected expected = {.limit = 1000}) {
    return New().ToFile(kUrl, path_, expected, "fetching", progress_, {});
  }
  static ScriptedAnswer Whole(std::string content, std::string validator = "") {
    const auto size = static_cast<std::int64_t>(content.size());
    return {{.status = 200, .validator = std::move(validator), .content_length = size}, std::move(content)};
  }
  static ScriptedAnswer Broken(std::string content, std::string validator = "") {
    ScriptedAnswer answer = Whole(std::move(content), std::move(validator));
    answer.head.content_length = 100;
    answer.complete = false;
    return answer;
  }
  static ScriptedAnswer Rest(std::int64_t begin, std::string content) {
    return {{.status = 206, .range_begin = begin}, std::move(content)};
  }
  static ScriptedAnswer Status(int status) { return {{.status = status}, "no"}; }
  bool Exists(const char* suffix) const {
    Path path = path_;
    path += suffix;
    return std::filesystem::exists(path);
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::vector<double> waits_;
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path path_ = folder_.path() / "file";
  SilentProgress progress_;
};

TEST_F(Download, WhatComesIsWhatIsThere) {
  Answer({Whole("content")});
  EXPECT_EQ(Text().value(), "content");
  const Downloaded file = File({.sha256 = Sha256OfBytes("content"), .size = 7, .limit = 7}).value();
  EXPECT_EQ(file.size, 7);
  EXPECT_EQ(file.sha256, Sha256OfBytes("content"));
  EXPECT_EQ(ReadFile(path_, 100).value(), "content");
  EXPECT_FALSE(Exists(".part") || Exists(".tag"));
}

TEST_F(Download, ABusyServerIsAskedAgainLaterAndLater) {
  Answer({Status(503), Status(429), {}, Whole("content")});
  EXPECT_EQ(Text().value(), "content");
  EXPECT_EQ(waits_, (std::vector<double>{0.5, 1, 2}));
}

TEST_F(Download, AServerThatSaysWhenIsAskedThen) {
  ScriptedAnswer busy = Status(429);
  busy.head.retry_after_seconds = 7;
  ScriptedAnswer very_busy = Status(503);
  very_busy.head.retry_after_seconds = 86400;
  Answer({busy, very_busy, Whole("content")});
  EXPECT_EQ(Text().value(), "content");
  EXPECT_EQ(waits_, (std::vector<double>{7, 60}));
}

TEST_F(Download, WithoutProgressItEnds) {
  Answer({Status(500)});
  EXPECT_EQ(Text().error().code, Code::kIo);
  EXPECT_EQ(script_->requests.size(), 4U);
}

TEST_F(Download, WhatWouldBeTheSameTheNextTimeIsNotTriedAgain) {
  Answer({{.complete = false, .is_final = true}});
  EXPECT_EQ(Text().error().code, Code::kIo);
  EXPECT_EQ(script_->requests.size(), 1U);
}

TEST_F(Download, ABrokenTransferGoesOnWhereItEnded) {
  Answer({Broken("0123", "\"a\""), Rest(4, "4567")});
  EXPECT_TRUE(File({.sha256 = Sha256OfBytes("01234567"), .limit = 1000}).ok());
  EXPECT_EQ(script_->requests[1].offset, 4);
  EXPECT_EQ(script_->requests[1].if_range, "\"a\"");
}

TEST_F(Download, ALaterCallGoesOnToo) {
  Answer({Broken("0123", "\"a\""), {}});
  EXPECT_EQ(File().error().code, Code::kIo);
  EXPECT_TRUE(Exists(".part"));
  EXPECT_FALSE(Exists(""));
  Answer({Rest(4, "4567")});
  EXPECT_TRUE(File().ok());
  EXPECT_EQ(script_->requests.back().if_range, "\"a\"");
  EXPECT_EQ(ReadFile(path_, 100).value(), "01234567");
}

TEST_F(Download, ContentWithoutANameOrASumStartsAgain) {
  Answer({Broken("0123"), Whole("01234567")});
  EXPECT_TRUE(File().ok());
  EXPECT_EQ(script_->requests[1].offset, 0);
}

TEST_F(Download, AServerWithoutRangesStartsAgain) {
  Answer({Broken("0123", "\"a\""), Whole("01234567")});
  EXPECT_TRUE(File().ok());
  EXPECT_EQ(ReadFile(path_, 100).value(), "01234567");
}

TEST_F(Download, APartThatWasNotAskedForStartsAgain) {
  Answer({Broken("0123", "\"a\""), Rest(2, "23"), Whole("01234567")});
  EXPECT_TRUE(File().ok());
  EXPECT_EQ(ReadFile(path_, 100).value(), "01234567");
}

TEST_F(Download, APartOfSomethingElseIsThrownAway) {
  Answer({Broken("abcd", "\"a\""), {}});
  EXPECT_FALSE(File().ok());
  Answer({Rest(4, "4567"), Whole("01234567")});
  EXPECT_TRUE(File({.sha256 = Sha256OfBytes("01234567"), .limit = 1000}).ok());
  EXPECT_EQ(ReadFile(path_, 100).value(), "01234567");
}

TEST_F(Download, WhatIsWholeAlreadyIsNotAskedForAgain) {
  Path part = path_;
  part += ".part";
  ASSERT_TRUE(WriteFileWhole(part, "content").ok());
  EXPECT_TRUE(File({.sha256 = Sha256OfBytes("content"), .size = 7, .limit = 7}).ok());
  EXPECT_TRUE(script_->requests.empty());
  std::filesystem::rename(path_, part);
  Answer({Status(416)});
  EXPECT_TRUE(File({.sha256 = Sha256OfBytes("content"), .limit = 7}).ok());
}

TEST_F(Download, AWrongSumLeavesNothing) {
  Answer({Whole("content")});
  const Result<Downloaded> file = File({.sha256 = std::string(64, '0'), .limit = 1000});
  EXPECT_EQ(file.error().code, Code::kCorrupt);
  EXPECT_NE(file.error().what.find(std::string(64, '0')), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Download, AWrongSizeIsRefused) {
  Answer({Whole("content")});
  EXPECT_EQ(File({.size = 8, .limit = 1000}).error().code, Code::kCorrupt);
  EXPECT_EQ(Text({.size = 6, .limit = 1000}).error().code, Code::kCorrupt);
}

TEST_F(Download, MoreThanTheLimitIsRefused) {
  Answer({Whole("content")});
  EXPECT_EQ(Text({.limit = 6}).error().code, Code::kExhausted);
  ScriptedAnswer secret = Whole("content");
  secret.head.content_length = -1;
  Answer({secret});
  EXPECT_EQ(File({.limit = 6}).error().code, Code::kExhausted);
}

TEST_F(Download, AWebPageIsNoFile) {
  ScriptedAnswer page = Whole("<html>");
  page.head.content_type = "text/html";
  Answer({page});
  EXPECT_EQ(Text().error().code, Code::kCorrupt);
}

TEST_F(Download, RedirectsAreFollowedButNotOutOfEncryption) {
  const auto to = [](const char* where) { return ScriptedAnswer{{.status = 302, .location = where}, ""}; };
  Answer({to("https://other.org/x")});
  Answer({Whole("content")}, "https://other.org/x");
  EXPECT_EQ(Text().value(), "content");
  Answer({to("http://other.org/x")});
  Answer({Whole("content")}, "http://other.org/x");
  EXPECT_EQ(Text().error().code, Code::kInvalid);
  Answer({to(kUrl)});
  EXPECT_EQ(Text().error().code, Code::kIo);
}

TEST_F(Download, AddressesAreNamedWithoutWhatGivesAccess) {
  const char* const url = "https://me:secret@example.org/file?sig=secret";
  for (const ScriptedAnswer& answer : {Status(404), Status(403), Status(500), Whole("content"),
                                       ScriptedAnswer{{.status = 302, .location = "http://example.org/?secret"}, ""}}) {
    Answer({answer}, url);
    const Error error = New().Text(url, {.limit = 6}, {}).error();
    EXPECT_NE(error.what.find("https://***@example.org/file?***"), std::string::npos) << error.what;
    EXPECT_EQ(error.what.find("secret"), std::string::npos) << error.what;
  }
}

TEST_F(Download, WhatIsCompressedUnaskedIsRefused) {
  ScriptedAnswer compressed = Whole("content");
  compressed.head.content_encoding = "gzip";
  Answer({compressed});
  EXPECT_EQ(Text().error().code, Code::kUnsupported);
  compressed.head.content_encoding = "aws-chunked";
  Answer({compressed});
  EXPECT_EQ(Text().value(), "content");
}

TEST_F(Download, EachRefusalHasItsCode) {
  Answer({Status(404)});
  EXPECT_EQ(Text().error().code, Code::kNotFound);
  Answer({Status(403)});
  EXPECT_EQ(Text().error().code, Code::kIo);
  EXPECT_TRUE(waits_.empty());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(New().Text(kUrl, {.limit = 9}, stop.get_token()).error().code, Code::kCancelled);
}

TEST(HttpHeaders, SayWhatMatters) {
  HttpHead head;
  for (const char* line :
       {"HTTP/1.1 302 Found\r\n", "ETag: \"old\"\r\n", "HTTP/1.1 206 Partial Content\r\n", "Content-Length: 12\r\n",
        "CONTENT-TYPE: Text/HTML; charset=utf-8\r\n", "Content-Range: bytes 5-16/17\r\n", "etag: \"new\"\r\n",
        "Last-Modified: yesterday\r\n", "Content-Encoding: GZip\r\n", "Retry-After: 3\r\n", "nonsense\r\n", "\r\n"})
    AddHeaderLine(line, head);
  EXPECT_EQ(head.content_length, 12);
  EXPECT_EQ(head.content_type, "text/html");
  EXPECT_EQ(head.range_begin, 5);
  EXPECT_EQ(head.range_size, 17);
  EXPECT_EQ(head.validator, "\"new\"");
  EXPECT_EQ(head.retry_after_seconds, 3);
  EXPECT_EQ(head.content_encoding, "gzip");
  EXPECT_EQ(head.state, "etag \"new\"\nlast-modified yesterday\n");
}

TEST(HttpHeaders, NonsenseCountsAsNotSaid) {
  HttpHead head;
  for (const char* line : {"HTTP/1.1 206", "Content-Length: -5", "Content-Range: bytes x-/y", "ETag: W/\"weak\"",
                           "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"})
    AddHeaderLine(line, head);
  EXPECT_EQ(head.content_length, -1);
  EXPECT_EQ(head.range_begin, -1);
  EXPECT_EQ(head.validator, "");
  EXPECT_FALSE(head.retry_after_seconds.has_value());
}

}  // namespace
}  // namespace tegula::net
