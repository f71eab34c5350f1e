#include "tegula/zarr/web_store.h"

#include <gtest/gtest.h>

#include "tegula/net/testing/scripted_http.h"

namespace tegula::zarr {
namespace {

using net::ScriptedAnswer;

class WebStores : public ::testing::Test {
 protected:
  WebStore New(const char* address = "https://me:secret@host/a.zarr?sig=secret", bool forbidden_is_missing = false) {
    auto connections = std::make_shared<net::Connections>(NewThreadExecutor(1), [this]() -> Result<net::Downloader> {
      return net::Downloader(std::make_unique<net::ScriptedHttp>(script_), {.attempts = 3},
                             [this](double seconds, const std::stop_token&) {
                               waits_.push_back(seconds);
                               return true;
                             });
    });
    return WebStore(net::FolderAddress::Parse(address).value(), connections, stop_.get_token(),
                    {.forbidden_is_missing = forbidden_is_missing});
  }
  void Answer(const std::string& key, std::vector<ScriptedAnswer> answers) {
    script_->answers["https://me:secret@host/a.zarr/" + key + "?sig=secret"] = std::move(answers);
  }
  static ScriptedAnswer Whole(std::string content, std::string state = "") {
    const auto size = static_cast<std::int64_t>(content.size());
    return {{.status = 200, .state = std::move(state), .content_length = size}, std::move(content)};
  }
  static ScriptedAnswer Part(std::int64_t begin, std::int64_t whole, std::string content, std::string state = "") {
    const auto size = static_cast<std::int64_t>(content.size());
    return {
        {.status = 206, .state = std::move(state), .content_length = size, .range_begin = begin, .range_size = whole},
        std::move(content)};
  }
  static ScriptedAnswer Status(int status) { return {{.status = status}, "no"}; }
  static ScriptedAnswer Lost() { return {}; }
  Result<std::string> Range(const WebStore& store, std::int64_t offset, std::size_t size) {
    std::vector<std::byte> bytes(size);
    TEGULA_ASSIGN_OR_RETURN(const bool found, store.GetRange("0/c/0", offset, bytes));
    return found ? std::string(reinterpret_cast<const char*>(bytes.data()), size) : "missing";
  }
  Error Refused(std::vector<ScriptedAnswer> answers) {
    Answer("0/c/0", std::move(answers));
    const Result<std::optional<std::string>> value = New().Get("0/c/0", 100);
    EXPECT_FALSE(value.ok());
    if (value.ok()) return {};
    EXPECT_NE(value.error().what.find("https://***@host/a.zarr/0/c/0?***"), std::string::npos) << value.error().what;
    EXPECT_EQ(value.error().what.find("secret"), std::string::npos) << value.error().what;
    return value.error();
  }

  std::shared_ptr<net::Script> script_ = std::make_shared<net::Script>();
  std::vector<double> waits_;
  std::stop_source stop_;
};

TEST_F(WebStores, KeysAreFilesBelowTheAddressWithItsQuery) {
  Answer("0/c/0", {Whole("chunk")});
  EXPECT_EQ(New().Get("0/c/0", 100).value(), "chunk");
  EXPECT_EQ(New().Name("0/c/0"), "https://***@host/a.zarr/0/c/0");
  EXPECT_EQ(New().Get("../0", 100).error().code, Code::kCorrupt);
}

TEST_F(WebStores, WhatIsNotThereIsMissing) {
  for (const int status : {404, 410}) {
    Answer("0/c/0", {Status(status)});
    EXPECT_EQ(New().Get("0/c/0", 100).value(), std::nullopt);
    EXPECT_EQ(Range(New(), 0, 4).value(), "missing");
  }
  EXPECT_TRUE(waits_.empty());
}

TEST_F(WebStores, WhatPassesIsAskedForAgain) {
  const ScriptedAnswer broken{{.status = 200, .content_length = 100}, "chu", false};
  Answer("0/c/0", {Lost(), broken, Whole("chunk")});
  EXPECT_EQ(New().Get("0/c/0", 100).value(), "chunk");
  Answer("0/c/0", {Status(503), Status(429), Part(4, 10, "part")});
  EXPECT_EQ(Range(New(), 4, 4).value(), "part");
  EXPECT_EQ(waits_, (std::vector<double>{0.5, 0.5, 0.5, 1}));  // some bytes are progress
}

TEST_F(WebStores, NoOutageIsAMissingChunk) {
  EXPECT_EQ(Refused({Lost()}).code, Code::kIo);
  EXPECT_EQ(Refused({Status(500)}).code, Code::kIo);
  EXPECT_EQ(Refused({{{.status = 200, .content_length = 100}, "chu", false}}).code, Code::kIo);
  waits_.clear();
  EXPECT_EQ(Refused({Status(401)}).code, Code::kIo);
  EXPECT_EQ(Refused({Status(400)}).code, Code::kIo);
  EXPECT_EQ(Refused({{{.status = 200, .content_type = "text/html"}, "<html>"}}).code, Code::kCorrupt);
  EXPECT_EQ(Refused({{{.status = 302, .location = "http://other/"}, ""}}).code, Code::kInvalid);
  EXPECT_EQ(Refused({{{.status = 302, .location = "https://me:secret@host/a.zarr/0/c/0?sig=secret"}, ""}}).code,
            Code::kIo);
  EXPECT_EQ(Refused({{{.status = 200, .content_encoding = "gzip"}, "chunk"}}).code, Code::kUnsupported);
  EXPECT_EQ(Refused({Whole(std::string(101, 'a'))}).code, Code::kExhausted);
  EXPECT_EQ(Refused({{{.status = 200}, std::string(101, 'a')}}).code, Code::kExhausted);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(WebStores, ForbiddenIsAnErrorThatNamesTheWayOut) {
  const Error error = Refused({Status(403)});
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_NE(error.what.find("TEGULA_HTTP_FORBIDDEN=missing"), std::string::npos);
}

TEST_F(WebStores, ForbiddenIsMissingIfItIsSaidAndTheMetadataMayStillBeRead) {
  const char* const address = "https://me:secret@host/a.zarr?sig=secret";
  const WebStore store = New(address, true);
  Answer("zarr.json", {Whole("{}")});
  ASSERT_TRUE(store.Get("zarr.json", 100).ok());
  Answer("0/c/0", {Status(403)});
  EXPECT_EQ(store.Get("0/c/0", 100).value(), std::nullopt);
  Answer("zarr.json", {Status(403)});  // the signature has run out
  EXPECT_EQ(store.Get("0/c/0", 100).error().code, Code::kIo);
  EXPECT_EQ(Range(store, 0, 4).error().code, Code::kIo);
}

TEST_F(WebStores, OnlyTheGenerationOfTheMetadataIsGuessedFromForbidden) {
  Answer("zarr.json", {Status(403)});
  Answer(".zattrs", {Status(403)});
  EXPECT_EQ(New().Get("zarr.json", 100).value(), std::nullopt);
  EXPECT_EQ(New().Get(".zattrs", 100).error().code, Code::kIo);
}

TEST_F(WebStores, PartsAreAskedForByRange) {
  Answer("0/c/0", {Part(4, 10, "4567")});
  EXPECT_EQ(Range(New(), 4, 4).value(), "4567");
  EXPECT_EQ(script_->requests.back().offset, 4);
  EXPECT_EQ(script_->requests.back().size, 4);
  Answer("0/c/0", {Part(7, 10, "789")});
  EXPECT_EQ(Range(New(), -3, 3).value(), "789");
  EXPECT_EQ(script_->requests.back().offset, -3);
}

TEST_F(WebStores, PartsFromTheEndAreCountedFromTheBeginningIfTheServerWantsThat) {
  Answer("0/c/0", {Whole("0123456789"), Part(7, 10, "789")});
  const WebStore store = New();
  EXPECT_EQ(Range(store, -3, 3).value(), "789");
  EXPECT_EQ(script_->requests.back().offset, 7);
  Answer("0/c/0", {Part(0, 10, "0"), Part(6, 10, "6789")});  // the next time its size is asked for
  EXPECT_EQ(Range(store, -4, 4).value(), "6789");
  EXPECT_EQ(script_->requests.back().offset, 6);
  Answer("0/c/0", {Part(0, 3, "0")});
  EXPECT_EQ(Range(store, -4, 4).error().code, Code::kCorrupt);
  Answer("0/c/0", {Status(404)});
  EXPECT_EQ(Range(store, -4, 4).value(), "missing");
}

TEST_F(WebStores, WithoutRangesPartsAreRefused) {
  Answer("0/c/0", {Whole("0123456789")});
  for (const std::int64_t offset : {-3, 4}) {
    const Result<std::string> part = Range(New(), offset, 3);
    ASSERT_FALSE(part.ok());
    EXPECT_EQ(part.error().code, Code::kUnsupported);
    EXPECT_NE(part.error().what.find("range"), std::string::npos);
  }
  Answer("0/c/0", {Whole("012")});
  EXPECT_EQ(Range(New(), 0, 3).value(), "012");  // all of it was asked for
}

TEST_F(WebStores, APartThatIsAnotherIsAskedForAgainAndThenRefused) {
  Answer("0/c/0", {Part(0, 10, "0123"), Part(4, 10, "45678"), Part(4, 10, "4567")});
  EXPECT_EQ(Range(New(), 4, 4).value(), "4567");
  for (const ScriptedAnswer& wrong : {Part(0, 10, "0123"), Part(4, 10, "45")}) {
    Answer("0/c/0", {wrong});
    EXPECT_EQ(Range(New(), 4, 4).error().code, Code::kIo);
  }
}

TEST_F(WebStores, AFileThatEndsBeforeIsCorrupt) {
  Answer("0/c/0", {Part(4, 6, "45")});
  EXPECT_EQ(Range(New(), 4, 4).error().code, Code::kCorrupt);
  Answer("0/c/0", {Part(0, 2, "01")});
  EXPECT_EQ(Range(New(), -4, 4).error().code, Code::kCorrupt);
  Answer("0/c/0", {Status(416)});
  EXPECT_EQ(Range(New(), 4, 4).error().code, Code::kCorrupt);
}

TEST_F(WebStores, AShardThatChangesIsNoticed) {
  Answer("0/c/0", {Part(4, 10, "4567", "etag a"), Part(4, 10, "4567", "etag a"), Part(4, 10, "4567", "etag b")});
  const WebStore store = New();
  EXPECT_TRUE(Range(store, 4, 4).ok());
  EXPECT_TRUE(Range(store, 4, 4).ok());
  const Result<std::string> changed = Range(store, 4, 4);
  ASSERT_FALSE(changed.ok());
  EXPECT_NE(changed.error().what.find("changed"), std::string::npos);
}

TEST_F(WebStores, TheStateIsThatOfAllMetadata) {
  const auto state = [&](const ScriptedAnswer& group, const ScriptedAnswer& array) {
    Answer("zarr.json", {group});
    Answer("0/zarr.json", {array});
    Answer("0/c/0", {Whole("chunk", std::to_string(script_->requests.size()))});
    const WebStore store = New();
    for (const char* key : {"zarr.json", "0/zarr.json", "0/c/0", "1/zarr.json"}) EXPECT_TRUE(store.Get(key, 100).ok());
    return store.State();
  };
  const std::string first = state(Whole("a", "etag 1"), Whole("b"));
  EXPECT_EQ(first, state(Whole("a", "etag 1"), Whole("b")));
  EXPECT_NE(first, state(Whole("a", "etag 2"), Whole("b")));
  EXPECT_NE(first, state(Whole("a", "etag 1"), Whole("c")));
  EXPECT_EQ(New().State(), "");
}

TEST_F(WebStores, AStopEndsReads) {
  const WebStore store = New();
  stop_.request_stop();
  EXPECT_EQ(store.Get("0/c/0", 100).error().code, Code::kCancelled);
  EXPECT_EQ(Range(store, 0, 4).error().code, Code::kCancelled);
}

}  // namespace
}  // namespace tegula::zarr
