#include "tegula/zoo/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/zoo/cache_care.h"

namespace tegula::zoo {
namespace {

class CacheTest : public ::testing::Test {
 protected:
  std::string Put(const std::string& content) {
    const Path file = folder_.path() / "new";
    EXPECT_TRUE(WriteFileWhole(file, content).ok());
    EXPECT_TRUE(cache_.Adopt(file, Sha256OfBytes(content)).ok());
    return Sha256OfBytes(content);
  }
  std::string PutModel(const std::string& reference, const std::string& description, const std::string& weights) {
    const std::string sha256 = Put(description);
    for (const auto& [name, sum] :
         {std::pair<std::string, std::string>{"rdf.yaml", sha256}, {"w/w.onnx", Put(weights)}}) {
      EXPECT_TRUE(cache_.Link(sum, cache_.Model(sha256) / name).ok());
      EXPECT_TRUE(cache_.WriteSum(sha256, name, sum).ok());
    }
    EXPECT_TRUE(cache_.WriteAbout(sha256, {.reference = reference, .license = "MIT"}).ok());
    return sha256;
  }
  void Age(const std::string& model, int hours) {
    std::filesystem::last_write_time(cache_.Model(model) / ".tegula" / "about.json",
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Cache cache_ = Cache::At(folder_.path() / "cache").value();
  SerialExecutor executor_;
  SilentProgress progress_;
  RunContext context_{executor_, progress_};
};

TEST_F(CacheTest, AContentIsWhatItsNameSays) {
  const std::string sum = Put("content");
  EXPECT_TRUE(cache_.Holds(sum));
  EXPECT_FALSE(cache_.Holds(Sha256OfBytes("other")));
  ASSERT_TRUE(WriteFileWhole(cache_.Content(sum), "damaged").ok());
  EXPECT_FALSE(cache_.Holds(sum));
}

TEST_F(CacheTest, LinksTakeNoSpaceAndReplaceWhatIsThere) {
  const std::string sum = Put("content");
  const Path link = cache_.Model(sum) / "a" / "b";
  ASSERT_TRUE(cache_.Link(sum, link).ok());
  ASSERT_TRUE(cache_.Link(sum, link).ok());
  EXPECT_TRUE(std::filesystem::equivalent(link, cache_.Content(sum)));
  ASSERT_TRUE(cache_.Link(Put("other"), link).ok());
  EXPECT_EQ(ReadFile(link, 100).value(), "other");
}

TEST_F(CacheTest, AboutIsReadBackAsWritten) {
  const About about{
      "a-b/v0", "v0",     "https://x/rdf.yaml", "https://x/", "?v", "now", "A \"name\"", "MIT", true, true, "tool 1",
      "failed", "because"};
  ASSERT_TRUE(cache_.WriteAbout(std::string(64, '0'), about).ok());
  const About read = cache_.ReadAbout(std::string(64, '0')).value();
  EXPECT_EQ(read.reference, about.reference);
  EXPECT_EQ(read.name, about.name);
  EXPECT_EQ(read.after, about.after);
  EXPECT_TRUE(read.is_zip && read.deprecated);
  EXPECT_EQ(read.report_problem, about.report_problem);
}

TEST_F(CacheTest, FirstUseIsTrueOnce) {
  const std::string model = PutModel("a-b/v0", "description", "weights");
  EXPECT_TRUE(cache_.FirstUse(model));
  EXPECT_FALSE(cache_.FirstUse(model));
}

TEST_F(CacheTest, VerifyNamesDamageAndRemovesIt) {
  const std::string model = PutModel("a-b/v0", "description", "weights");
  EXPECT_TRUE(Verify(cache_, context_)->damaged.empty());
  const Path link = cache_.Model(model) / "w/w.onnx";
  std::filesystem::resize_file(link, 3);
  const VerifiedCache verified = Verify(cache_, context_).value();
  ASSERT_EQ(verified.damaged.size(), 1U);
  EXPECT_THAT(verified.damaged[0].used_by, ::testing::ElementsAre("a-b/v0: w/w.onnx"));
  EXPECT_FALSE(std::filesystem::exists(link));
  EXPECT_TRUE(Verify(cache_, context_)->damaged.empty());
}

TEST_F(CacheTest, PruneRemovesTheModelThatWasNotUsedForLongest) {
  const std::string a = PutModel("a-a/v0", "one", std::string(100'000, 'a'));
  const std::string b = PutModel("b-b/v0", "two", std::string(100'000, 'b'));
  const std::string c = PutModel("c-c/v0", "three", std::string(100'000, 'b'));  // shares its weights
  Age(a, 1);
  Age(b, 3);
  Age(c, 2);
  EXPECT_THAT(Prune(cache_, 1'000'000, {})->removed, ::testing::IsEmpty());
  EXPECT_THAT(Prune(cache_, 150'000, {})->removed, ::testing::ElementsAre("b-b/v0", "c-c/v0"));
  EXPECT_LE(TotalBytes(cache_), 150'000);
  EXPECT_EQ(ListModels(cache_).size(), 1U);
}

TEST_F(CacheTest, PruneRemovesWhatWasMadeHereBeforeModels) {
  PutModel("a-a/v0", "one", std::string(100'000, 'a'));
  const Path made = cache_.root() / "networks" / "some" / "network.bin";
  ASSERT_TRUE(MakeFolders(made.parent_path()).ok());
  ASSERT_TRUE(WriteFileWhole(made, std::string(100'000, 'n')).ok());
  EXPECT_THAT(Prune(cache_, 150'000, {})->removed, ::testing::IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(made));
  EXPECT_EQ(ListModels(cache_).size(), 1U);
}

TEST_F(CacheTest, WhatIsInUseIsNotRemoved) {
  const std::string model = PutModel("a-b/v0", "description", "weights");
  {
    const FileLock in_use = cache_.Use({}).value();
    EXPECT_TRUE(cache_.Use({}).ok());
    EXPECT_EQ(RemoveModel(cache_, model, {}).error().code, Code::kIo);
  }
  EXPECT_TRUE(RemoveModel(cache_, model, {}).ok());
  EXPECT_TRUE(ListModels(cache_).empty());
  EXPECT_FALSE(std::filesystem::exists(cache_.Content(model)));
}

}  // namespace
}  // namespace tegula::zoo
