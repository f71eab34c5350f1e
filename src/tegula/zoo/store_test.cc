#include "tegula/zoo/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/net/testing/scripted_http.h"

namespace tegula::zoo {
namespace {

// Not a whole description, but one that is read.
constexpr const char* kDescription = R"(format_version: 0.4.10
type: model
name: A model
version: 1.2.3
license: MIT
weights: {onnx: {source: weights.onnx, sha256: SUM}}
)";

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    description_.replace(description_.find("SUM"), 3, Sha256OfBytes("weights"));
    Serve("https://z.org/collection/index.json",
          R"({"items": [{"id": "bioimage-io/calm-otter", "type": "model", "versions": [{"version": "v0", "sha256": ")" +
              Sha256OfBytes(description_) + R"("}]}]})");
    Serve("https://z.org/artifacts/calm-otter/files/rdf.yaml?version=v0", description_);
    Serve("https://z.org/artifacts/calm-otter/files/weights.onnx?version=v0", "weights");
  }
  void Serve(const std::string& url, const std::string& content) {
    script_->answers[url] = {{{.status = 200, .content_length = static_cast<std::int64_t>(content.size())}, content}};
  }
  Store New(const RunContext& context) {
    return Store(cache_, PlacesBelow("https://z.org").value(), context,
                 net::Downloader(std::make_unique<net::ScriptedHttp>(script_), {.attempts = 2},
                                 [](double, const std::stop_token&) { return true; }));
  }
  std::size_t Requests() const { return script_->requests.size(); }

  std::string description_ = kDescription;
  std::shared_ptr<net::Script> script_ = std::make_shared<net::Script>();
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Cache cache_ = Cache::At(folder_.path()).value();
  SerialExecutor executor_;
  SilentProgress progress_;
  RunContext online_{executor_, progress_};
  RunContext offline_{executor_, progress_, {}, {}, true};
};

TEST_F(StoreTest, FilesComeWhenTheyAreAskedForAndOnce) {
  Store store = New(online_);
  const StoredModel model = store.Find(*ParseAddress("calm-otter")).value();
  EXPECT_EQ(model.about.reference, "calm-otter/v0");
  EXPECT_EQ(model.about.name, "A model");
  const spec::Package package = store.Read(model).value();
  EXPECT_EQ(package.path(), "calm-otter/v0");
  const std::size_t before = Requests();
  EXPECT_FALSE(package.IsHere(package.description().weights[0]));
  const Path file = package.File(package.description().weights[0].file).value();
  EXPECT_EQ(ReadFile(file, 100).value(), "weights");
  EXPECT_TRUE(package.IsHere(package.description().weights[0]));
  EXPECT_EQ(Requests(), before + 1);
  EXPECT_TRUE(package.File(package.description().weights[0].file).ok());
  EXPECT_TRUE(store.Find(*ParseAddress("calm-otter/1.2.3")).ok());
  EXPECT_EQ(Requests(), before + 1);
}

TEST_F(StoreTest, OfflineTakesWhatIsThereAndRefusesTheRest) {
  EXPECT_EQ(New(offline_).Find(*ParseAddress("calm-otter")).error().code, Code::kNotFound);
  EXPECT_EQ(Requests(), 0U);
  ASSERT_TRUE(New(online_).Find(*ParseAddress("calm-otter")).ok());
  const std::size_t before = Requests();
  Store store = New(offline_);
  const spec::Package package = store.Read(store.Find(*ParseAddress("calm-otter")).value()).value();
  const Result<Path> weights = package.File(package.description().weights[0].file);
  EXPECT_EQ(weights.error().code, Code::kNotFound);
  EXPECT_NE(weights.error().what.find("--offline"), std::string::npos);
  EXPECT_EQ(Requests(), before);
}

TEST_F(StoreTest, ADescriptionThatIsNotTheIndexedOneIsRefused) {
  Serve("https://z.org/artifacts/calm-otter/files/rdf.yaml?version=v0", description_ + "# changed\n");
  EXPECT_EQ(New(online_).Find(*ParseAddress("calm-otter")).error().code, Code::kCorrupt);
  EXPECT_TRUE(std::filesystem::is_empty(cache_.models()));
}

TEST_F(StoreTest, NamesThatLeadOutOfThePackageAreRefused) {
  Store store = New(online_);
  const spec::Package package = store.Read(store.Find(*ParseAddress("calm-otter")).value()).value();
  EXPECT_EQ(package.File({"../../secret", ""}).error().code, Code::kInvalid);
  EXPECT_EQ(package.File({"/etc/passwd", ""}).error().code, Code::kInvalid);
}

TEST_F(StoreTest, FilesElsewhereStayInTheModelsFolder) {
  Serve("https://far.org/a/../w.onnx?x=1", "far");
  Store store = New(online_);
  const StoredModel model = store.Find(*ParseAddress("calm-otter")).value();
  const spec::Package package = store.Read(model).value();
  const Path file = package.File({"https://far.org/a/../w.onnx?x=1", ""}).value();
  EXPECT_EQ(ReadFile(file, 100).value(), "far");
  EXPECT_TRUE(file.string().starts_with(cache_.Model(model.sha256).string()));
}

TEST_F(StoreTest, WithoutAnUpdateThereIsNoCatalogue) {
  const Result<Dated<Catalogue>> catalogue = New(online_).ReadCatalogue();
  EXPECT_EQ(catalogue.error().code, Code::kNotFound);
  EXPECT_NE(catalogue.error().what.find("tegula zoo update"), std::string::npos);
  EXPECT_EQ(Requests(), 0U);
}

}  // namespace
}  // namespace tegula::zoo
