#include "tegula/zoo/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::zoo {
namespace {

const std::string kSum(64, 'a');

std::string Item(const std::string& id, const std::string& more = "") {
  return R"({"id": ")" + id + R"(", "type": "model", "versions": [{"version": "v0", "sha256": ")" + kSum + "\"" + more +
         "}]}";
}

TEST(ParseIndex, TakesModelsWithTheirVersions) {
  const Index index =
      ParseIndex(R"({"timestamp": "t", "items": [{"id": "bioimage-io/some-data", "type": "dataset"}, )" +
                     Item("bioimage-io/affable-shark", R"(, "comment": null)") + "]}",
                 {})
          .value();
  ASSERT_EQ(index.models.size(), 1U);
  EXPECT_EQ(index.timestamp, "t");
  EXPECT_EQ(index.Find("affable-shark")->versions[0].sha256, kSum);
  EXPECT_EQ(index.Find("some-data"), nullptr);
  EXPECT_THAT(index.Near("afable-sharc"), ::testing::ElementsAre("affable-shark"));
  EXPECT_THAT(index.Near("calm-otter"), ::testing::IsEmpty());
}

TEST(ParseIndex, LeavesOutWhatIsNoIdVersionOrSum) {
  std::string text = R"({"items": [)" + Item("../../etc") + "," + Item("a/b/c") + "," + Item("Shark") + "," +
                     R"({"id": "a-b", "type": "model", "versions": [{"version": "v0", "sha256": "short"}]},)" +
                     R"({"id": "a-b", "type": "model", "versions": [{"version": "../v0", "sha256": ")" + kSum +
                     R"("}]},)" + R"({"id": "a-b", "type": "model", "versions": 7}, {"type": "model"}, null, 3, "x"]})";
  EXPECT_TRUE(ParseIndex(text, {}).value().models.empty());
}

TEST(ParseIndex, RefusesWhatIsNoIndex) {
  for (const char* text : {"", "[]", "{", "<html>", "{\"items\": {}}", "\xff"})
    EXPECT_EQ(ParseIndex(text, {}).error().code, Code::kCorrupt) << text;
  EXPECT_NE(ParseIndex("\n<html>", {}).error().what.find("web page"), std::string::npos);
  Limits limits;
  limits.index_items = 1;
  EXPECT_EQ(ParseIndex("{\"items\": [1, 2]}", limits).error().code, Code::kExhausted);
  limits.index_bytes = 3;
  EXPECT_EQ(ParseIndex("{\"items\": []}", limits).error().code, Code::kExhausted);
}

TEST(ParseIndex, EndsWithDeepNesting) { EXPECT_FALSE(ParseIndex(std::string(1'000'000, '['), {}).ok()); }

TEST(ParseIndex, MarksWhatIsDeprecated) {
  const std::string text = "{\"items\": [" + Item("a-b", R"(, "status": "deprecated")") + "," + Item("c-d") + "]}";
  const Index index = ParseIndex(text, {}).value();
  EXPECT_TRUE(index.Find("a-b")->deprecated);
  EXPECT_FALSE(index.Find("c-d")->deprecated);
}

TEST(ParseFileList, SaysSizes) {
  const auto sizes = ParseFileList(R"([{"name": "a", "size": 5}, {"name": "b", "size": -1}, {"name": "c"}, 3])");
  EXPECT_THAT(sizes, ::testing::ElementsAre(::testing::Pair("a", 5)));
  EXPECT_TRUE(ParseFileList("<html>").empty());
}

TEST(ParseReport, TakesTheNewestTestByNumber) {
  const CollectionReport report =
      ParseReport(R"({"tests": {"bioimageio.core": {"0.9.6": {"status": "passed"}, "0.11.0": {"status": "failed",
        "details": {"details": [{"errors": []}, {"errors": [{"msg": "two\nlines"}]}]}}}}})")
          .value();
  EXPECT_EQ(report.tool, "bioimageio.core 0.11.0");
  EXPECT_TRUE(report.failed());
  EXPECT_EQ(report.problem, "two lines");
  EXPECT_EQ(ParseReport("{}").value().tool, "");
  EXPECT_EQ(ParseReport("[]").error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::zoo
