#include "tegula/engines/onnx/single_loops.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tegula/engines/onnx/wire.h"

namespace tegula::engines::onnx {
namespace {

using Names = std::vector<std::string>;

std::string Node(const std::string& type, const Names& inputs, const Names& outputs, const std::string& rest = "") {
  std::string bytes;
  for (const std::string& name : inputs) AppendBytes(1, name, bytes);
  for (const std::string& name : outputs) AppendBytes(2, name, bytes);
  AppendBytes(3, type, bytes);
  AppendBytes(4, type, bytes);
  return bytes + rest;
}

std::string Scalar(const std::string& name, std::uint64_t type, const std::string& raw) {
  std::string bytes;
  AppendInteger(2, type, bytes);
  AppendBytes(8, name, bytes);
  AppendBytes(9, raw, bytes);
  return bytes;
}
std::string Int64(const std::string& name, char value) {
  return Scalar(name, 7, std::string(1, value) + std::string(7, '\0'));
}
std::string Float(const std::string& name, float value) {
  std::string raw(sizeof value, '\0');
  std::memcpy(raw.data(), &value, sizeof value);
  return Scalar(name, 1, raw);
}

struct Graph {
  std::vector<std::string> nodes, tensors;
  Names inputs, outputs;
  std::string bytes() const {
    std::string all;
    for (const std::string& node : nodes) AppendBytes(1, node, all);
    AppendBytes(2, "graph", all);
    for (const std::string& tensor : tensors) AppendBytes(5, tensor, all);
    for (const auto& [number, names] : {std::pair(11U, inputs), std::pair(12U, outputs)})
      for (const std::string& name : names) {
        std::string value;
        AppendBytes(1, name, value);
        AppendBytes(number, value, all);
      }
    return all;
  }
};

std::string GraphAttribute(const std::string& name, const Graph& graph) {
  std::string attribute, field;
  AppendBytes(1, name, attribute);
  AppendBytes(6, graph.bytes(), attribute);
  AppendBytes(5, attribute, field);
  return field;
}

std::string Model(const Graph& graph, std::uint64_t version = 11) {
  std::string bytes, opset;
  AppendInteger(1, 7, bytes);
  AppendBytes(7, graph.bytes(), bytes);
  AppendInteger(2, version, opset);
  AppendBytes(8, opset, bytes);
  return bytes;
}

// y = stack of (x + kept) for every round; `kept` is carried on.
const Graph kBody{{Node("Add", {"x", "kept"}, {"sum"}), Node("Mul", {"sum", "two"}, {"out"})},
                  {Float("two", 2)},
                  {"i", "go", "kept"},
                  {"go", "kept", "out"}};

Graph Whole(const Graph& body = kBody) {
  return {{Node("Less", {"zero", "one"}, {"less"}), Node("And", {"less", "less"}, {"begins"}),
           Node("Loop", {"times", "begins", "start"}, {"last", "y"}, GraphAttribute("body", body)),
           Node("Relu", {"y"}, {"z"})},
          {Int64("times", 1), Float("zero", 0), Float("one", 1), Float("start", 3)},
          {"x"},
          {"z"}};
}

struct Line {
  std::string type;
  Names inputs, outputs;
  friend bool operator==(const Line&, const Line&) = default;
  friend void PrintTo(const Line& line, std::ostream* out) {
    *out << line.type << testing::PrintToString(line.inputs) << testing::PrintToString(line.outputs);
  }
};

std::vector<Field> Parts(std::string_view message) { return FieldsOf(message).value_or(std::vector<Field>()); }

std::string_view GraphOf(std::string_view model) {
  for (const Field& field : Parts(model))
    if (field.number == 7) return field.bytes;
  return {};
}

std::vector<Line> Lines(std::string_view model) {
  std::vector<Line> lines;
  for (const Field& field : Parts(GraphOf(model))) {
    if (field.number != 1) continue;
    Line& line = lines.emplace_back();
    for (const Field& part : Parts(field.bytes)) {
      if (part.number == 1) line.inputs.emplace_back(part.bytes);
      if (part.number == 2) line.outputs.emplace_back(part.bytes);
      if (part.number == 4) line.type = part.bytes;
    }
  }
  return lines;
}

TEST(SingleLoops, TheBodyOfALoopThatRunsOnceStandsInItsPlace) {
  const std::optional<std::string> without = WithoutSingleLoops(Model(Whole()));
  ASSERT_TRUE(without);
  const std::string in = "tegula/loop0/";
  EXPECT_EQ(Lines(*without), (std::vector<Line>{{"Less", {"zero", "one"}, {"less"}},
                                                {"And", {"less", "less"}, {"begins"}},
                                                {"Add", {"x", "start"}, {in + "sum"}},
                                                {"Mul", {in + "sum", in + "two"}, {in + "out"}},
                                                {"Identity", {"start"}, {"last"}},
                                                {"Unsqueeze", {in + "out"}, {"y"}},
                                                {"Relu", {"y"}, {"z"}}}));
  EXPECT_FALSE(WithoutSingleLoops(*without));
}

TEST(SingleLoops, NewerNetworksHaveTheAxesOfUnsqueezeAsAnInput) {
  const std::optional<std::string> without = WithoutSingleLoops(Model(Whole(), 13));
  ASSERT_TRUE(without);
  EXPECT_EQ(Lines(*without)[5], (Line{"Unsqueeze", {"tegula/loop0/out", "tegula/loop0/axes of y"}, {"y"}}));
}

TEST(SingleLoops, AllElseStaysAsItIs) {
  Graph graph = Whole();
  graph.nodes.push_back(Node("Relu", {"z"}, {"zz"},
                             "\x32\x03"
                             "doc"));
  const std::string model = Model(graph);
  const std::optional<std::string> without = WithoutSingleLoops(model);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->substr(without->size() - 4), model.substr(model.size() - 4));  // the version
  EXPECT_NE(without->find(graph.nodes.back()), std::string::npos);
  EXPECT_EQ(without->find("Loop"), std::string::npos);
}

TEST(SingleLoops, WhatMayRunOtherwiseStays) {
  const auto stays = [](auto change) {
    Graph graph = Whole();
    change(graph);
    return !WithoutSingleLoops(Model(graph));
  };
  EXPECT_FALSE(stays([](Graph&) {}));
  EXPECT_TRUE(stays([](Graph& g) { g.tensors[0] = Int64("times", 2); }));
  EXPECT_TRUE(stays([](Graph& g) { g.tensors[0] = Int64("other", 1); }));
  EXPECT_TRUE(stays([](Graph& g) { g.inputs.push_back("times"); }));  // may be given another value
  EXPECT_TRUE(stays([](Graph& g) { g.tensors[1] = Float("zero", 1); }));
  EXPECT_TRUE(stays([](Graph& g) { g.nodes[0] = Node("Less", {"x", "one"}, {"less"}); }));
  EXPECT_TRUE(stays([](Graph& g) { g.nodes[2] = Node("Loop", {"times", "begins", "start"}, {"last", "y"}); }));
}

TEST(SingleLoops, WhatIsNotFollowedStays) {
  Graph nested = kBody;
  nested.nodes.push_back(Node("If", {"go"}, {"no"}, GraphAttribute("then_branch", kBody)));
  EXPECT_FALSE(WithoutSingleLoops(Model(Whole(nested))));
  Graph without_carried = kBody;
  without_carried.inputs.pop_back();
  EXPECT_FALSE(WithoutSingleLoops(Model(Whole(without_carried))));
  Graph clash = Whole();
  clash.nodes.push_back(Node("Relu", {"z"}, {"tegula/loop0/sum"}));
  EXPECT_FALSE(WithoutSingleLoops(Model(clash)));
}

TEST(SingleLoops, DamagedNetworksStay) {
  const std::string model = Model(Whole());
  for (std::size_t size = 0; size < model.size(); ++size) WithoutSingleLoops(model.substr(0, size));
  EXPECT_FALSE(WithoutSingleLoops(""));
  EXPECT_FALSE(WithoutSingleLoops("\xff\xff\xff"));
  EXPECT_FALSE(
      FieldsOf("\x0a\x05"
               "abc"));
  EXPECT_FALSE(FieldsOf(std::string(11, '\x80')));
  std::string many;
  for (std::size_t i = 0; i < kMostFields; ++i) AppendInteger(1, 0, many);
  EXPECT_TRUE(FieldsOf(many));
  AppendInteger(1, 0, many);
  EXPECT_FALSE(FieldsOf(many));
}

}  // namespace
}  // namespace tegula::engines::onnx
