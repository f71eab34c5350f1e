#include "tegula/server/json_body.h"

#include <gtest/gtest.h>

namespace tegula::server {
namespace {

const std::vector<Field> kFields = {
    {"image", "string", "", true}, {"z", "integer", ""},    {"size", "number", ""},  {"border", "boolean", ""},
    {"names", "strings", ""},      {"where", "object", ""}, {"points", "array", ""},
};

std::string ErrorOf(std::string_view text) {
  const Result<JsonBody> body = JsonBody::Parse(text, kFields);
  return body.ok() ? std::string() : body.error().what;
}

TEST(JsonBody, GivesWhatWasSentByItsType) {
  const Result<JsonBody> body = JsonBody::Parse(
      R"({"image": "a", "z": -3, "size": 2, "border": true, "names": ["b", "c"], "where": {"x": [1, 2]}, "points": [1]})",
      kFields);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->text("image"), "a");
  EXPECT_EQ(body->integer("z"), -3);
  EXPECT_EQ(body->number("size"), 2.0);
  EXPECT_TRUE(body->flag("border"));
  EXPECT_EQ(body->texts("names"), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(body->json("where"), R"({"x":[1,2]})");
  EXPECT_EQ(body->json("points"), "[1]");
}

TEST(JsonBody, HasNothingWhereNothingWasSent) {
  const Result<JsonBody> body = JsonBody::Parse(R"({"image": "", "z": null})", kFields);
  ASSERT_TRUE(body.ok());
  EXPECT_TRUE(body->has("image"));
  EXPECT_FALSE(body->has("z"));
  EXPECT_EQ(body->integer("z"), std::nullopt);
  EXPECT_EQ(body->number("size"), std::nullopt);
  EXPECT_FALSE(body->flag("border"));
  EXPECT_TRUE(body->texts("names").empty());
  EXPECT_TRUE(body->json("where").empty());
  EXPECT_FALSE(JsonBody().has("image"));
}

TEST(JsonBody, RefusesWithTheNameOfTheMember) {
  EXPECT_EQ(ErrorOf(R"({"z": 1})"), "'image' is missing");
  EXPECT_EQ(ErrorOf(R"({"image": null})"), "'image' is missing");
  EXPECT_EQ(ErrorOf(R"({"image": 1})"), "'image' must be a text");
  EXPECT_EQ(ErrorOf(R"({"image": "a", "z": 1.5})"), "'z' must be a whole number");
  EXPECT_EQ(ErrorOf(R"({"image": "a", "z": 9223372036854775808})"), "'z' must be a whole number");
  EXPECT_EQ(ErrorOf(R"({"image": "a", "names": ["b", 1]})"), "'names' must be a list of texts");
  EXPECT_NE(ErrorOf(R"({"image": "a", "imgae": "b"})").find("'imgae' is not understood"), std::string::npos);
}

TEST(JsonBody, RefusesWhatIsNoObject) {
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{"), std::string("{} {}"),
                                  std::string(1'000'000, '['), R"({"points": )" + std::string(500'000, '[')})
    EXPECT_EQ(ErrorOf(text), "what was sent is not a JSON object") << text.substr(0, 20);
  EXPECT_EQ(ErrorOf(R"({"image": "a", "points": )" + std::string(100, '[') + std::string(100, ']') + "}"),
            "what was sent is not a JSON object");
}

}  // namespace
}  // namespace tegula::server
