#include "tegula/outputs/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tegula/outputs/testing/sample_record.h"

namespace tegula::outputs {
namespace {

TEST(RunRecord, IsReadBackAsItWasWritten) {
  const RunRecord record = testing::SampleRecord();
  const std::string text = ToJson(record);
  EXPECT_EQ(RunRecordFromJson(text).value(), record);
  EXPECT_EQ(ToJson(RunRecordFromJson(text).value()), text);
  EXPECT_EQ(RunRecordFromJson(ToJson(RunRecord{})).value(), RunRecord{});
}

TEST(RunRecord, KeepsNumbersThatJsonDoesNotHave) {
  RunRecord record;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  record.tests = {{.output = "a", .max_abs_error = kInfinity},
                  {.output = "b", .max_abs_error = -kInfinity},
                  {.output = "c", .max_abs_error = std::nan("")}};
  const RunRecord back = RunRecordFromJson(ToJson(record)).value();
  EXPECT_EQ(back.tests[0].max_abs_error, kInfinity);
  EXPECT_EQ(back.tests[1].max_abs_error, -kInfinity);
  EXPECT_TRUE(std::isnan(back.tests[2].max_abs_error));
}

TEST(RunRecord, TakesTextThatIsNotUtf8) {
  RunRecord record;
  record.image.path = "/slides/M\xfcnchen.svs";
  EXPECT_EQ(RunRecordFromJson(ToJson(record)).value().image.path, "/slides/M\xef\xbf\xbdnchen.svs");
}

TEST(RunRecord, FieldsAreMissedAndMisreadByTheirPath) {
  const std::string text = ToJson(testing::SampleRecord());
  const auto error = [&](std::string_view what, std::string_view by) {
    std::string changed = text;
    changed.replace(changed.find(what), what.size(), by);
    const auto record = RunRecordFromJson(changed);
    return record.ok() ? std::string("read") : std::string(CodeName(record.error().code)) + ": " + record.error().what;
  };
  EXPECT_EQ(error("\"weights_sha256\"", "\"weights\""), "corrupt: 'model.weights_sha256' is missing");
  EXPECT_EQ(error("\"threads\": 2", "\"threads\": 2.5"), "corrupt: 'engine.threads' is not a whole number");
  EXPECT_EQ(error("\"threads\": 2", "\"threads\": 18446744073709551615"),
            "corrupt: 'engine.threads' is not a whole number");
  EXPECT_EQ(error("\"passed\": true", "\"passed\": 1"), "corrupt: 'tests[0].passed' is not true or false");
  EXPECT_EQ(error("\"format\": 1", "\"format\": 2"),
            "unsupported: the run record has format 2; this version reads format 1");
  EXPECT_EQ(error("{", "["), "corrupt: the run record is not a JSON object");
  EXPECT_EQ(error("\"tegula_version\"", "\"unknown\": {}, \"tegula_version\""), "read");
}

TEST(RunRecord, TextCutAnywhereIsAnError) {
  const std::string text = ToJson(testing::SampleRecord());
  for (std::size_t size = 0; size + 2 < text.size(); size += 7)
    EXPECT_FALSE(RunRecordFromJson(text.substr(0, size)).ok());
}

}  // namespace
}  // namespace tegula::outputs
