#include "tegula/spec/yaml_writer.h"

#include <gtest/gtest.h>

#include "tegula/spec/tree_edit.h"

namespace tegula::spec {
namespace {

std::string Rewritten(std::string_view text) { return WriteYaml(*ParseYaml(text).value()).value(); }

TEST(WriteYaml, ReadsBackAsTheSameTree) {
  for (const std::string_view text :
       {"a: 1\nb: [1, 2.5, '3', x]\nc: {d: null, e: '', f: ~}\n", "- - a\n  - []\n- {}\n", "'a: b': \"c\\nd\\n\"\n",
        "t: '2024-01-01'\nn: 'null'\ny: 'true'\nz: 1e-6\n", "&of", "x: 'é µ 🦈'\n", "folded: >\n  a\n  b\n"}) {
    const NodePointer tree = ParseYaml(text).value();
    const std::string written = WriteYaml(*tree).value();
    const NodePointer again = ParseYaml(written).value();
    EXPECT_EQ(WriteYaml(*again).value(), written) << text;
    if (!tree->is_mapping()) continue;
    for (const Node::Entry& entry : tree->entries) {
      const Node* const value = again->Find(entry.key);
      ASSERT_NE(value, nullptr) << text;
      EXPECT_EQ(value->AsText(), entry.value->AsText()) << text;
      EXPECT_EQ(value->AsDouble(), entry.value->AsDouble()) << text;
      EXPECT_EQ(value->is_null(), entry.value->is_null()) << text;
    }
  }
}

TEST(WriteYaml, QuotesOnlyWhatWouldNotBeText) {
  EXPECT_EQ(Rewritten("{a: 'plain', b: '1.0', c: 1.0, d: 'no', e: '2024-01-01'}"),
            "a: plain\nb: '1.0'\nc: 1.0\nd: no\ne: '2024-01-01'\n");
}

TEST(Applied, ChangesNodesWhereverTheyStandAndLeavesTheOldTree) {
  const NodePointer tree = ParseYaml("{a: {b: x}, c: [y, {d: x}]}").value();
  const Node* const b = tree->Find("a")->Find("b");
  const Node* const a = tree->Find("a");
  internal::Changes changes;
  changes[b] = [](const NodePointer& old) { return internal::TextLike(old, "new"); };
  changes[a] = [](const NodePointer& old) { return internal::With(old, "e", internal::Text("added")); };
  EXPECT_EQ(WriteYaml(*internal::Applied(changes, tree)).value(), "a:\n  b: new\n  e: added\nc:\n- y\n- d: x\n");
  EXPECT_EQ(WriteYaml(*tree).value(), "a:\n  b: x\nc:\n- y\n- d: x\n");
}

}  // namespace
}  // namespace tegula::spec
