// An image behind an address is what it is in a folder, and no more is asked of its server than that.
#include <gtest/gtest.h>

#include <map>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"
#include "tegula/image/testing/zarr_writer.h"
#include "tegula/net/testing/scripted_http.h"

namespace tegula::image::testing {
namespace {

class WebZarrs : public ::testing::Test {
 protected:
  static constexpr const char* kAddress = "https://me:secret@host/a.zarr/?sig=secret";

  // Writes an image of 3 channels and puts its files behind the address.
  WebZarrs() {
    Tensor pixels = Tensor::Allocate(DType::kU16, {3, 40, 50}).value();
    const auto values = pixels.values<std::uint16_t>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
    WriteZarr(folder_.path() / "a.zarr", "cyx", {{.pixels = &pixels, .chunk = {2, 16, 16}}});
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "a.zarr"))
      if (entry.is_regular_file())
        Serve(entry.path().lexically_relative(folder_.path() / "a.zarr").generic_string(),
              ReadFile(entry.path(), 1 << 20).value());
  }
  static std::string UrlOf(const std::string& file) { return "https://me:secret@host/a.zarr/" + file + "?sig=secret"; }
  void Serve(const std::string& file, const std::string& content) {
    const auto size = static_cast<std::int64_t>(content.size());
    script_->answers[UrlOf(file)] = {{{.status = 200, .content_length = size}, content}};
  }
  void Refuse(const std::string& file, int status) { script_->answers[UrlOf(file)] = {{{.status = status}, ""}}; }
  Result<std::unique_ptr<Source>> Opened(bool offline = false) {
    auto connections = std::make_shared<net::Connections>(NewThreadExecutor(4), [this]() -> Result<net::Downloader> {
      return net::Downloader(std::make_unique<net::ScriptedHttp>(script_), {.attempts = 2},
                             [](double, const std::stop_token&) { return true; });
    });
    return Open(kAddress, {{}, offline, stop_.get_token(), connections});
  }
  std::unique_ptr<Source> Here() { return Open((folder_.path() / "a.zarr").string()).value(); }
  std::map<std::string, int> Requests() const {
    std::map<std::string, int> counts;
    for (const net::HttpRequest& request : script_->requests) ++counts[request.url];
    return counts;
  }
  static std::string Failure(const Source& source) {
    Tensor out = Tensor::Allocate(DType::kU16, {3, 40, 50}).value();
    const Status read = source.Read({.box = {{0, 40}, {0, 50}}}, out.view());
    return read.ok() ? "" : ToString(read.error());
  }

  std::shared_ptr<net::Script> script_ = std::make_shared<net::Script>();
  std::stop_source stop_;
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(WebZarrs, AreWhatTheyAreInAFolder) {
  const std::unique_ptr<Source> web = Opened().value();
  EXPECT_TRUE(Same(ReadAll(*web).view(), ReadAll(*Here()).view()));
  EXPECT_EQ(web->info().format, Here()->info().format);
  CheckSource(*web);
}

TEST_F(WebZarrs, EachChunkIsFetchedOnceByHoweverManyReads) {
  const std::unique_ptr<Source> web = Opened().value();
  for (int i = 0; i < 3; ++i) ReadAll(*web);
  for (const auto& [url, count] : Requests()) EXPECT_EQ(count, 1) << url;
  EXPECT_EQ(Requests().size(), 2U + 2 * 3 * 4);  // two files of metadata, chunks along c, y and x
}

TEST_F(WebZarrs, NoMoreIsFetchedThanIsRead) {
  const std::unique_ptr<Source> web = Opened().value();
  Tensor out = Tensor::Allocate(DType::kU16, {1, 3, 20}).value();
  const std::int64_t channels[] = {2};
  ASSERT_TRUE(web->Read({.box = {{14, 17}, {14, 34}}, .channels = channels}, out.view()).ok());
  EXPECT_EQ(Requests().size(), 2U + 1 * 2 * 3);
}

TEST_F(WebZarrs, AMissingChunkIsTheFillValueButARefusedOneIsNot) {
  Refuse("0/c/1/2/3", 404);
  const Tensor read = ReadAll(*Opened().value());
  EXPECT_EQ(read.values<std::uint16_t>()[(2 * 40 + 39) * 50 + 49], 9);
  for (const int status : {403, 500}) {
    Refuse("0/c/1/2/3", status);
    const std::string failure = Failure(*Opened().value());
    EXPECT_NE(failure.find("https://***@host/a.zarr/0/c/1/2/3"), std::string::npos) << failure;
    EXPECT_EQ(failure.find("secret"), std::string::npos) << failure;
  }
}

TEST_F(WebZarrs, WhatIsNoImageIsNamed) {
  for (const int status : {404, 403}) {
    Refuse("zarr.json", status);
    const Error error = Opened().error();
    EXPECT_EQ(error.code, Code::kNotFound);
    EXPECT_NE(error.what.find("zarr.json"), std::string::npos);
  }
  Serve("zarr.json", R"({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5",
                         "plate": {"wells": [{"path": "A/1"}]}}}})");
  EXPECT_NE(Opened().error().what.find("https://***@host/a.zarr/A/1"), std::string::npos);
}

TEST_F(WebZarrs, AreRecognisedByTheirMetadata) {
  const std::string state = Opened().value()->info().state;
  EXPECT_EQ(Opened().value()->info().state, state);
  script_->answers[UrlOf("0/zarr.json")].front().head.state = "last-modified today";
  EXPECT_NE(Opened().value()->info().state, state);
  EXPECT_EQ(Here()->info().state, "");
}

TEST_F(WebZarrs, OfflineTouchesNothing) {
  const Error error = Opened(true).error();
  EXPECT_NE(error.what.find("--offline"), std::string::npos);
  EXPECT_EQ(error.what.find("secret"), std::string::npos);
  EXPECT_TRUE(script_->requests.empty());
}

TEST_F(WebZarrs, AStopEndsALaterRead) {
  const std::unique_ptr<Source> web = Opened().value();
  stop_.request_stop();
  EXPECT_NE(Failure(*web).find("stopped"), std::string::npos);
}

TEST(ImageAddresses, HaveAFolderThatEndsInZarr) {
  EXPECT_TRUE(IsImageAddress("https://host/a.ome.zarr") && IsImageAddress("HTTP://host/A.ZARR/A/1/0?x=1"));
  EXPECT_FALSE(IsImageAddress("https://host/rdf.yaml?x=a.zarr") || IsImageAddress("https://host/a.zarr.zip") ||
               IsImageAddress("/data/a.zarr"));
}

}  // namespace
}  // namespace tegula::image::testing
