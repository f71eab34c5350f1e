#include "tegula/app/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Classifier Sample() {
  Classifier c;
  c.tegula_version = "1.2.3";
  c.model = "affable-shark";
  c.network = {"d1", "onnx", "w1", "openvino", "2026.4", "float32", "cpu", 2};
  c.channels = {"DAPI", "mean(1,2)"};
  c.stains = "he";
  c.z = "3:4";
  c.pixel_size_um = 0.5;
  c.border = "network";
  c.axes = {{"y", 512, 56, 0}, {"x", 256, 0, 0}};
  c.output = "probability";
  c.output_type = "multiclass";
  c.threshold = 0.25;
  c.classes = {{"background", "Background*", 1, 2, 3}, {"nucleus", "Nucleus", 4, 5, 6}};
  return c;
}

TEST(Classifier, ReadsWhatItWrites) {
  const std::string text = ToJson(Sample());
  const Result<Classifier> read = ClassifierFromJson(text);
  ASSERT_TRUE(read.ok()) << ToString(read.error());
  EXPECT_EQ(ToJson(*read), text);
}

TEST(Classifier, AppliesToARequestAllThatItHolds) {
  PredictRequest request;
  ASSERT_TRUE(Apply(Sample(), request).ok());
  EXPECT_EQ(request.model, "affable-shark");
  EXPECT_THAT(request.binding.channels, ElementsAre("DAPI", "mean(1,2)"));
  ASSERT_TRUE(request.binding.stains && request.binding.z);
  EXPECT_EQ(request.binding.z->first, 3);
  EXPECT_EQ(request.binding.z->end, 4);
  EXPECT_EQ(request.binding.pixel_size_um, 0.5);
  EXPECT_FALSE(request.binding.level || request.binding.downsample || request.binding.t);
  EXPECT_FALSE(request.border_as_reference);
  EXPECT_EQ(request.tiling.border, tiling::Border::kNetwork);
  EXPECT_EQ(request.tiling.tile[GridAxis::kY], 512);
  EXPECT_EQ(request.tiling.tile[GridAxis::kX], 256);
  EXPECT_EQ(request.tiling.context[GridAxis::kY], 56);
  EXPECT_FALSE(request.tiling.context[GridAxis::kX]);
  EXPECT_EQ(request.engine.engine, "openvino");
  EXPECT_EQ(request.engine.threads, 2);
  EXPECT_EQ(request.engine.weights, spec::WeightsFormat::kOnnx);
  const ClassRequest classes = ClassesOf(Sample());
  EXPECT_EQ(classes.names, "0=Background*,1=Nucleus");
  EXPECT_EQ(classes.threshold, 0.25);
  EXPECT_TRUE(classes.overlapping);
}

TEST(Classifier, SaysWhatDiffers) {
  const Classifier c = Sample();
  EXPECT_THAT(DifferencesTo(c, c.network), IsEmpty());
  ClassifierNetwork here = c.network;
  here.weights_sha256 = "w2";
  here.engine_version = "2027.1";
  EXPECT_THAT(DifferencesTo(c, here), ElementsAre("the sha256 of the weights is w2 here and was w1",
                                                  "the engine's version is 2027.1 here and was 2026.4"));
}

TEST(Classifier, RefusesNumbersThatCannotBe) {
  const auto refusal = [](auto change) {
    Classifier c = Sample();
    change(c);
    const Result<Classifier> read = ClassifierFromJson(ToJson(c));
    return read.ok() ? std::string() : ToString(read.error());
  };
  EXPECT_THAT(refusal([](Classifier& c) { c.pixel_size_um = -1; }), HasSubstr("no size of a pixel"));
  EXPECT_THAT(refusal([](Classifier& c) { c.axes[0].tile = 1LL << 40; }), HasSubstr("pixels along y"));
  EXPECT_THAT(refusal([](Classifier& c) { c.classes[0].red = 256; }), HasSubstr("colour"));
  EXPECT_THAT(refusal([](Classifier& c) { c.output_type = "guess"; }), HasSubstr("neither probability nor"));
  EXPECT_THAT(refusal([](Classifier& c) { c.network.threads = 1 << 20; }), HasSubstr("threads"));
  EXPECT_FALSE(ClassifierFromJson("{}").ok());
}

TEST(ClassifierFolder, KeepsListsAndRemoves) {
  const auto folder = TemporaryFolder::Create("classifiers");
  ASSERT_TRUE(folder.ok());
  const ClassifierFolder kept(folder->path() / "new");
  EXPECT_THAT(*kept.Names(), IsEmpty());
  ASSERT_TRUE(kept.Save("H&E", Sample(), false).ok() == false) << "a name with & would not be a file everywhere";
  ASSERT_TRUE(kept.Save("nuclei 0.5", Sample(), false).ok());
  ASSERT_TRUE(kept.Save("a", Sample(), false).ok());
  EXPECT_THAT(*kept.Names(), ElementsAre("a", "nuclei 0.5"));
  EXPECT_FALSE(kept.Save("a", Sample(), false).ok());
  EXPECT_TRUE(kept.Save("a", Sample(), true).ok());
  EXPECT_EQ(ToJson(*kept.Load("nuclei 0.5")), ToJson(Sample()));
  EXPECT_EQ(ToJson(*kept.Load((folder->path() / "new" / "a.json").string())), ToJson(Sample()));
  EXPECT_THAT(ToString(kept.Load("b").error()), HasSubstr("there are a, nuclei 0.5"));
  EXPECT_TRUE(kept.Remove("a").ok());
  EXPECT_EQ(kept.Remove("a").error().code, Code::kNotFound);
}

TEST(ClassifierFolder, NamesLeadNowhereElse) {
  const ClassifierFolder folder("anywhere");
  for (const char* name : {"", "../a", "a/b", ".hidden", "-x", "a\nb", "ü"})
    EXPECT_EQ(folder.Load(name).error().code, Code::kInvalid) << name;
}

}  // namespace
}  // namespace tegula::app
