#include "tegula/spec/rdf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tegula::spec {
namespace {

using ::testing::HasSubstr;

TEST(Yaml, ScalarsFollowYaml12) {
  const auto tree = ParseYaml("{a: 1e-6, b: yes, c: .inf, d: 010, e: 0o17, f: 1_000, g: '5', h: 2019-12-11T11:22:32Z, i: -inf, j: 12:30:45, k: ~, l: 0x1F, m: 1.0}").value();
  EXPECT_EQ(tree->Find("a")->AsDouble(), 1e-6);
  EXPECT_EQ(tree->Find("b")->AsBool(), std::nullopt);
  EXPECT_EQ(tree->Find("b")->AsString(), "yes");
  EXPECT_TRUE(std::isinf(*tree->Find("c")->AsDouble()));
  EXPECT_EQ(tree->Find("d")->AsInt(), 10);
  EXPECT_EQ(tree->Find("e")->AsInt(), 15);
  EXPECT_EQ(tree->Find("f")->AsInt(), 1000);
  EXPECT_EQ(tree->Find("g")->AsInt(), std::nullopt);
  EXPECT_EQ(tree->Find("g")->AsString(), "5");
  EXPECT_EQ(tree->Find("h")->AsString(), "2019-12-11T11:22:32Z");
  EXPECT_LT(*tree->Find("i")->AsDouble(), 0);
  EXPECT_EQ(tree->Find("j")->AsDouble(), std::nullopt);
  EXPECT_TRUE(tree->Find("k")->is_null());
  EXPECT_EQ(tree->Find("l")->AsInt(), 31);
  EXPECT_EQ(tree->Find("m")->AsInt(), std::nullopt);
}

TEST(Yaml, JsonAndCommentsBeforeADirectiveAreRead) {
  EXPECT_EQ(ParseYaml("{\"a\": [1, null, \"x\"]}").value()->Find("a")->items.size(), 3u);
  EXPECT_EQ(ParseYaml("# comment\n\n%YAML 1.2\n---\na: 1\n").value()->Find("a")->line, 5);
}

TEST(Yaml, PositionsAreThoseOfTheText) {
  const auto tree = ParseYaml("a: 1\nb:\n  - x\n  - y\n").value();
  EXPECT_EQ(tree->Find("b")->items[1]->line, 4);
  EXPECT_EQ(tree->Find("b")->items[1]->column, 5);
}

TEST(Yaml, HostileTextEndsInAnErrorAtOnce) {
  const auto code = [](const std::string& text) { return ParseYaml(text).error().code; };
  EXPECT_EQ(code("{a: 1, a: 2}"), Code::kCorrupt);
  EXPECT_EQ(code("a: [1, 2"), Code::kCorrupt);
  EXPECT_EQ(code("a: \xff\xfe"), Code::kCorrupt);
  EXPECT_EQ(code(""), Code::kCorrupt);
  EXPECT_EQ(code("a: *nowhere"), Code::kCorrupt);
  EXPECT_EQ(code("[a]: 1"), Code::kCorrupt);
  EXPECT_EQ(code("a: 1\n---\nb: 2\n"), Code::kCorrupt);
  EXPECT_EQ(code(std::string(100'000, '[')), Code::kExhausted);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + (j < 9 ? "," : "]\n");
  }
  EXPECT_EQ(code(bomb), Code::kExhausted);
}

TEST(ReadModelDescription, FindsEverythingThatIsWrongWithItsPlace) {
  const ReadModel read = ReadModelDescription(R"(format_version: 0.5.4
type: model
name: Broken
inputs:
- id: a
  axes:
  - {type: space, id: y, size: -3}
  - {type: spice, id: x, size: 8}
  preprocessing:
  - {id: sharpen}
outputs:
- id: b
  axes: [{type: space, id: y, size: {tensor_id: nobody, axis_id: y}}]
weights: {onnx: {source: w.onnx}}
)").value();
  const std::string all = ToString(read.findings);
  EXPECT_EQ(read.findings.size(), 4u) << all;
  EXPECT_THAT(all, HasSubstr("line 7: inputs[0].axes[0].size"));
  EXPECT_THAT(all, HasSubstr("inputs[0].axes[1].type: must be batch"));
  EXPECT_THAT(all, HasSubstr("'sharpen' is not an operation"));
  EXPECT_THAT(all, HasSubstr("axis y of nobody, which does not exist"));
}

TEST(ReadModelDescription, WhatIsNotAModelOfAKnownVersionIsNamed) {
  EXPECT_THAT(ParseModelDescription("{type: dataset, format_version: 0.3.0}").error().what, HasSubstr("a dataset, not a model"));
  EXPECT_THAT(ParseModelDescription("{type: model, format_version: 0.3.2}").error().what, HasSubstr("version 0.3.2 is not read"));
  EXPECT_EQ(ParseModelDescription("just text").error().code, Code::kCorrupt);
}

TEST(ReadModelDescription, TheFormatsCastsAreInserted) {
  const auto ids = [](std::string_view pre) {
    const std::string text = std::string(R"({format_version: 0.5.4, type: model, name: n, weights: {onnx: {source: w}},
      outputs: [{id: o, axes: [{type: space, id: y, size: 8}]}], inputs: [{id: i, data: {type: uint8}, axes: [{type: space, id: y, size: 8}], preprocessing: [)") + std::string(pre) + "]}]}";
    std::string all;
    for (const OpDescription& op : ParseModelDescription(text).value().inputs[0].ops) all += std::string(OpId(op)) + " ";
    return all;
  };
  EXPECT_EQ(ids(""), "ensure_dtype ");
  EXPECT_EQ(ids("{id: sigmoid}"), "ensure_dtype sigmoid ensure_dtype ");
  EXPECT_EQ(ids("{id: binarize, kwargs: {threshold: 1}}"), "ensure_dtype binarize ");
  EXPECT_EQ(ids("{id: ensure_dtype, kwargs: {dtype: float32}}, {id: sigmoid}, {id: ensure_dtype, kwargs: {dtype: float32}}"), "ensure_dtype sigmoid ensure_dtype ");
}

}  // namespace
}  // namespace tegula::spec
