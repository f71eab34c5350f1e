#include "tegula/app/convert/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ConversionAnswer, SaysHowTheWeightsWereMade) {
  const ConversionAnswer answer =
      ParseConversion(R"({"framework_version": "2.13.0+cpu", "how": "exported", "opset_version": 17})").value();
  EXPECT_EQ(answer.framework_version, "2.13.0+cpu");
  EXPECT_EQ(answer.how, "exported");
  EXPECT_EQ(answer.opset_version, 17);
  EXPECT_EQ(answer.wants_consent, "");
  EXPECT_EQ(ParseConversion(R"({"error": "a Lambda layer", "kind": "trust"})")->wants_consent, "a Lambda layer");
}

TEST(ConversionAnswer, ErrorsKeepTheirKind) {
  EXPECT_EQ(ParseConversion(R"({"error": "too little", "kind": "exhausted"})").error().code, Code::kExhausted);
  EXPECT_EQ(ParseConversion(R"({"error": "no", "kind": "failed"})").error().code, Code::kUnsupported);
  EXPECT_EQ(ParseConversion(R"({"error": "no", "kind": 3})").error().what, "no");
  EXPECT_THAT(ParseConversion(R"({"error": {}, "kind": "trust"})").error().what, HasSubstr("does not say why"));
}

TEST(ConversionAnswer, WhatIsNoneIsRefused) {
  const std::string version = R"({"framework_version": "1", "how": "traced", "opset_version": )";
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"),
        std::string(R"({"framework_version": "1; rm", "how": "traced"})"),
        std::string(R"({"framework_version": 2, "how": "traced"})"),
        std::string(R"({"framework_version": "1", "how": "guessed"})"), version + "6}", version + "101}",
        version + "\"17\"}", version + "17.0}", version + "1e300}", version + "18446744073709551615}",
        "{\"x\": \"" + std::string(1 << 20, 'x') + "\"}", std::string(100000, '[')})
    EXPECT_EQ(ParseConversion(text).error().code, Code::kUnsupported) << text.substr(0, 100);
}

TEST(ProbeAnswer, NamesTheProgramAndWhatItLacks) {
  const std::optional<ProbeAnswer> answer = ParseProbe(R"({"executable": "/usr/bin/python3", "missing": ["torch"]})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->executable, "/usr/bin/python3");
  EXPECT_THAT(answer->missing, ElementsAre("torch"));
  for (const char* const text : {"", "{}", "[]", R"({"executable": "", "missing": []})", R"({"executable": "/x"})",
                                 R"({"executable": "/x", "missing": [3]})"})
    EXPECT_FALSE(ParseProbe(text)) << text;
}

TEST(OneLine, HoldsNothingThatMovesATerminal) {
  EXPECT_EQ(OneLine(" a\nb\tc\x1b[2Jd\x7f "), "a b c [2Jd");
  EXPECT_EQ(OneLine(std::string(5000, 'x')).size(), 600U);
}

}  // namespace
}  // namespace tegula::app
