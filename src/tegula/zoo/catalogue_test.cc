#include "tegula/zoo/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::zoo {
namespace {

Catalogue Sample() {
  Catalogue catalogue{"t", {}};
  CatalogueEntry shark{
      .id = "affable-shark", .version = "v0", .sha256 = std::string(64, 'a'), .name = "Nuclei boundary"};
  shark.license = "CC-BY-4.0";
  shark.tags = {"fluorescence-light-microscopy", "2D"};
  shark.axes = {"batch channel y x"};
  shark.weights = {"onnx"};
  shark.channels = 1;
  CatalogueEntry owl{.id = "humorous-owl", .name = "Cells", .description = "Finds nuclei in histology"};
  owl.license = "MIT";
  owl.axes = {"batch channel z y x"};
  owl.weights = {"torchscript"};
  CatalogueEntry old{.id = "old-nuclei", .name = "Nuclei"};
  old.deprecated = true;
  catalogue.models = {owl, old, shark};
  return catalogue;
}

std::vector<std::string> Ids(const Query& query) {
  static const Catalogue catalogue = Sample();
  std::vector<std::string> ids;
  for (const Hit& hit : Search(catalogue, query)) ids.push_back(hit.entry->id);
  return ids;
}

TEST(Catalogue, IsReadBackAsWritten) {
  const Catalogue read = CatalogueFromJson(ToJson(Sample()), {}).value();
  EXPECT_EQ(ToJson(read), ToJson(Sample()));
  EXPECT_EQ(read.models[2].channels, 1);
}

TEST(Catalogue, RefusesWhatItDidNotWrite) {
  for (const char* text : {"", "{}", "[]", R"({"format": "tegula-catalogue-1"})"})
    EXPECT_EQ(CatalogueFromJson(text, {}).error().code, Code::kCorrupt);
}

TEST(Search, TheNameCountsMoreThanTheTextAndDeprecatedComesLast) {
  EXPECT_THAT(Ids({.words = {"NUCLEI"}}), ::testing::ElementsAre("affable-shark", "humorous-owl", "old-nuclei"));
  EXPECT_THAT(Ids({.words = {"nuc"}}), ::testing::SizeIs(3));
  EXPECT_THAT(Ids({.words = {"uclei"}}), ::testing::IsEmpty());
  EXPECT_THAT(Ids({.words = {"nuclei", "histology"}}), ::testing::ElementsAre("humorous-owl"));
  EXPECT_THAT(Ids({.words = {""}}).size(), ::testing::Le(3U));
}

TEST(Search, EverythingThatIsAskedForMustHold) {
  EXPECT_THAT(Ids({.tags = {"2d"}}), ::testing::ElementsAre("affable-shark"));
  EXPECT_THAT(Ids({.modality = "fluorescence"}), ::testing::ElementsAre("affable-shark"));
  EXPECT_THAT(Ids({.modality = "histology"}), ::testing::ElementsAre("humorous-owl"));
  EXPECT_THAT(Ids({.axes = "xyz"}), ::testing::ElementsAre("humorous-owl"));
  EXPECT_THAT(Ids({.weights = "onnx"}), ::testing::ElementsAre("affable-shark"));
  EXPECT_THAT(Ids({.license = "cc-by"}), ::testing::ElementsAre("affable-shark"));
  EXPECT_THAT(Ids({.weights = "onnx", .license = "MIT"}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace tegula::zoo
