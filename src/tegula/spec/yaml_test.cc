#include "tegula/spec/yaml.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tegula::spec {
namespace {

std::shared_ptr<const Node> Parse(std::string_view text) { return ParseYaml(text).value(); }

TEST(Yaml, NumbersFollowYaml12) {
  const auto tree = Parse("[1e-6, .inf, 010, 0o17, 1_000, -inf, 0x1F, 1.0, +5, .nan, -.5, 1., '12', 1e400]");
  EXPECT_EQ(tree->items[0]->AsDouble(), 1e-6);
  EXPECT_TRUE(std::isinf(tree->items[1]->AsDouble().value()));
  EXPECT_EQ(tree->items[2]->AsInt(), 10);
  EXPECT_EQ(tree->items[3]->AsInt(), 15);
  EXPECT_EQ(tree->items[4]->AsInt(), 1000);
  EXPECT_LT(tree->items[5]->AsDouble().value(), 0);
  EXPECT_EQ(tree->items[6]->AsInt(), 31);
  EXPECT_EQ(tree->items[7]->AsInt(), std::nullopt);
  EXPECT_EQ(tree->items[7]->AsDouble(), 1.0);
  EXPECT_EQ(tree->items[8]->AsInt(), 5);
  EXPECT_TRUE(std::isnan(tree->items[9]->AsDouble().value()));
  EXPECT_EQ(tree->items[10]->AsDouble(), -0.5);
  EXPECT_EQ(tree->items[11]->AsDouble(), 1.0);
  EXPECT_EQ(tree->items[12]->AsInt(), 12);
  EXPECT_EQ(tree->items[13]->AsDouble(), std::nullopt);
}

TEST(Yaml, WhatOnlyLooksLikeANumberIsNone) {
  const auto tree = Parse("[_1, 1_, 0x, 0x-1, 0o8, 1e, e5, 12:30:45, 2019-12-11, --1, '', 9223372036854775808, 1 2]");
  for (const auto& item : tree->items) EXPECT_EQ(item->AsInt(), std::nullopt) << item->text;
  for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(tree->items[i]->AsDouble(), std::nullopt) << tree->items[i]->text;
}

TEST(Yaml, JsonWritesCharactersBeyondTheFirstPlaneAsTwoEscapes) {
  const auto tree = Parse(R"({"a": "\ud83e\udd88 shark", "b": "\\ud83e\\udd88", "c": "\u00e9"})");
  EXPECT_EQ(tree->Find("a")->AsText(), "\xF0\x9F\xA6\x88 shark");
  EXPECT_EQ(tree->Find("b")->AsText(), "\\ud83e\\udd88");
  EXPECT_EQ(tree->Find("c")->AsText(), "é");
}

TEST(Yaml, TextIsWhatIsQuotedOrNothingElse) {
  const auto tree = Parse("[yes, '5', 2019-12-11T11:22:32Z, ~, '', 5, true, 'true', inf, !!str 5, null, n]");
  EXPECT_EQ(tree->items[0]->AsText(), "yes");
  EXPECT_EQ(tree->items[1]->AsText(), "5");
  EXPECT_EQ(tree->items[2]->AsText(), std::nullopt);
  EXPECT_EQ(tree->items[3]->AsText(), std::nullopt);
  EXPECT_EQ(tree->items[4]->AsText(), "");
  EXPECT_EQ(tree->items[5]->AsText(), std::nullopt);
  EXPECT_EQ(tree->items[6]->AsText(), std::nullopt);
  EXPECT_EQ(tree->items[7]->AsText(), "true");
  EXPECT_EQ(tree->items[8]->AsText(), "inf");
  EXPECT_EQ(tree->items[9]->AsText(), "5");
  EXPECT_TRUE(tree->items[10]->is_null());
  EXPECT_EQ(tree->items[11]->AsText(), "n");
}

TEST(Yaml, JsonAndCommentsBeforeADirectiveAreRead) {
  EXPECT_EQ(Parse("{\"a\": [1, null, \"\\u00e4\"]}")->Find("a")->items[2]->text, "\xc3\xa4");
  EXPECT_EQ(Parse("# comment\n\n%YAML 1.2\n---\na: 1\n")->Find("a")->line, 5);
}

TEST(Yaml, PositionsAreThoseOfTheText) {
  const auto tree = Parse("a: 1\nb:\n  - x\n  - y\n");
  EXPECT_EQ(tree->Find("b")->items[1]->line, 4);
  EXPECT_EQ(tree->Find("b")->items[1]->column, 5);
}

TEST(Yaml, AliasesStandForWhatTheyName) {
  const auto tree = Parse("a: &one [1, 2]\nb: *one\n");
  EXPECT_EQ(tree->Find("b")->items.size(), 2u);
}

TEST(Yaml, TextThatIsNotOneDocumentOfPlainDataIsCorrupt) {
  for (const std::string_view text :
       {"{a: 1, a: 2}", "{a: 1, 'a': 2}", "a: [1, 2", "", "# only a comment", "a: *nowhere", "&a [*a]", "[a]: 1",
        "a: 1\n---\nb: 2\n", "a: !!python/object:os.system x", "a: !mine 1", "\ta: 1"}) {
    const auto tree = ParseYaml(text);
    ASSERT_FALSE(tree.ok()) << text;
    EXPECT_EQ(tree.error().code, Code::kCorrupt) << text;
  }
}

TEST(Yaml, BytesThatAreNotCharactersAreNamedWithTheirLine) {
  EXPECT_EQ(ParseYaml("a: 1\nb: \xff\xfe").error().what, "line 2: invalid leading UTF-8 octet");
  EXPECT_EQ(ParseYaml(std::string_view("a: 1\0b", 6)).error().code, Code::kCorrupt);
}

TEST(Yaml, DepthIsLimitedWhereItIsWrittenAndWhereAliasesMakeIt) {
  EXPECT_EQ(ParseYaml(std::string(100'000, '[')).error().code, Code::kExhausted);
  EXPECT_TRUE(ParseYaml(std::string(60, '[') + std::string(60, ']')).ok());
  std::string ladder = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i)
    ladder += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(ParseYaml(ladder).error().code, Code::kExhausted);
}

TEST(Yaml, AliasesThatMultiplyAreCountedNotExpanded) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + (j < 9 ? "," : "]\n");
  }
  EXPECT_EQ(ParseYaml(bomb).error().code, Code::kExhausted);
}

TEST(Yaml, AliasesOfLongTextCountByTheirBytes) {
  std::string text = "a: &a '" + std::string(1 << 20, 'x') + "'\nb: [";
  for (int i = 0; i < 100; ++i) text += "*a,";
  EXPECT_EQ(ParseYaml(text + "]").error().code, Code::kExhausted);
}

TEST(Yaml, TagDirectivesAreFew) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "%TAG !a" + std::to_string(i) + "! tag:x\n";
  EXPECT_EQ(ParseYaml(text + "--- a\n").error().code, Code::kCorrupt);
  EXPECT_EQ(ParseYaml("a: 1\n...\n" + text + "--- a\n").error().code, Code::kCorrupt);
}

TEST(Yaml, SizeIsLimited) {
  EXPECT_EQ(ParseYaml("a: 12345", {.description_bytes = 4}).error().code, Code::kExhausted);
  EXPECT_EQ(ParseYaml("[1, 2, 3, 4]", {.yaml_nodes = 4}).error().code, Code::kExhausted);
  EXPECT_TRUE(ParseYaml("[1, 2, 3]", {.yaml_nodes = 4}).ok());
}

}  // namespace
}  // namespace tegula::spec
