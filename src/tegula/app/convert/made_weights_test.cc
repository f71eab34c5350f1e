#include "tegula/app/convert/made_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::EndsWith;

constexpr const char* kRdf = R"(format_version: 0.5.4
type: model
name: Tiny
inputs:
- id: a
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
outputs:
- id: b
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
weights:
  pytorch_state_dict:
    source: w.pt
    pytorch_version: 2.10
    architecture: {source: net.py, callable: Net}
)";

class MadeWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeFolders(model()).ok());
    Write(model() / "rdf.yaml", kRdf);
    Write(model() / "w.pt", "a state dict");
    Write(model() / "net.py", "class Net: pass\n");
    Write(folder_.path() / "made.pt", "torchscript");
  }
  void Write(const Path& file, std::string_view text) { ASSERT_TRUE(WriteFileWhole(file, text).ok()); }
  Path model() const { return folder_.path() / "model"; }
  Path cache() const { return folder_.path() / "cache"; }
  void Keep() {
    const spec::Package package = spec::Package::Open(model()).value();
    const spec::AddedWeights made{
        .file = folder_.path() / "made.pt", .framework_version = "2.13.0", .comment = "made by a test"};
    ASSERT_TRUE(KeepWeights(package, package.description().weights[0], made, cache()).ok());
  }
  spec::Package Open() const {
    spec::Package package = spec::Package::Open(model()).value();
    AddMadeWeights(package, cache());
    return package;
  }
  std::size_t EntriesNow() const { return Open().description().weights.size(); }
  // The file that was kept.
  Path Kept() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cache()))
      if (entry.path().filename() == "made.pt") return entry.path();
    return {};
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(MadeWeights, AreFoundAgain) {
  EXPECT_EQ(EntriesNow(), 1U);
  EXPECT_THAT(ConvertAdvice(spec::Package::Open(model()).value()), EndsWith("tegula convert " + model().string()));
  Keep();
  const spec::Package package = Open();
  const spec::WeightsEntry* const entry = package.description().FindWeights(spec::WeightsFormat::kTorchscript);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(ReadFile(package.Weights(*entry)->path, 100).value(), "torchscript");
  EXPECT_EQ(entry->framework_version, "2.13.0");
  EXPECT_EQ(entry->parent, "pytorch_state_dict");
  EXPECT_EQ(package.added().front().comment, "made by a test");
  EXPECT_EQ(ConvertAdvice(package), "");
}

TEST_F(MadeWeights, BelongToOneStateOfTheirSources) {
  Keep();
  EXPECT_EQ(EntriesNow(), 2U);
  Write(model() / "w.pt", "another state dict");
  EXPECT_EQ(EntriesNow(), 1U);
  Write(model() / "w.pt", "a state dict");
  EXPECT_EQ(EntriesNow(), 2U);
  Write(model() / "net.py", "class Net: size = 2\n");
  EXPECT_EQ(EntriesNow(), 1U);
  Write(model() / "net.py", "class Net: pass\n");
  Write(model() / "rdf.yaml", std::string(kRdf) + "description: of other arguments\n");
  EXPECT_EQ(EntriesNow(), 1U);
}

TEST_F(MadeWeights, ThatWereDamagedAreNotThere) {
  Keep();
  Write(Kept(), "other bytes");
  EXPECT_EQ(EntriesNow(), 1U);
  Keep();
  EXPECT_EQ(EntriesNow(), 2U);
  Write(Kept().parent_path() / "made.json", R"({"file": 3})");
  EXPECT_EQ(EntriesNow(), 1U);
  Keep();
  std::filesystem::remove(Kept());
  EXPECT_EQ(EntriesNow(), 1U);
}

TEST_F(MadeWeights, AreOfNoUseWhereTheModelHasSomeThatRun) {
  Keep();
  std::string rdf = kRdf;
  Write(model() / "rdf.yaml",
        rdf + "  torchscript: {source: made.pt, pytorch_version: 2.10, parent: pytorch_state_dict}\n");
  const spec::Package package = Open();
  EXPECT_TRUE(package.added().empty());
  EXPECT_EQ(ConvertAdvice(package), "");
}

}  // namespace
}  // namespace tegula::app
