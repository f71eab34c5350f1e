#include "tegula/app/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tegula/app/classifier_folder.h"
#include "tegula/app/given_input.h"

namespace tegula::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Classifier Sample() {
  Classifier c;
  c.name = "a";
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
  ASSERT_EQ(request.objects.thresholds.size(), 1U);
  EXPECT_EQ(request.objects.thresholds[0].value, 0.25);
  EXPECT_THAT(request.values, IsEmpty());
  ASSERT_TRUE(request.network);
  EXPECT_THAT(DifferencesTo(*request.network, Sample().network), IsEmpty());
  EXPECT_THAT(request.classes.each,
              ElementsAre(outputs::StoreClass{"Background*", {1, 2, 3}}, outputs::StoreClass{"Nucleus", {4, 5, 6}}));
  EXPECT_EQ(request.classes.threshold, 0.25);
  EXPECT_TRUE(request.classes.overlapping);
}

TEST(Classifier, LeavesPlanesAndStatisticsOfSingleImagesToThem) {
  Classifier c = Sample();
  c.z = "";
  PredictRequest request;
  request.binding.z = image::PlaneRange::One(7), request.binding.t = image::PlaneRange::One(1);
  request.statistics_from = "roi=0,0,8,8";
  ASSERT_TRUE(Apply(c, request).ok());
  EXPECT_EQ(request.binding.z->first, 7);
  EXPECT_EQ(request.binding.t->first, 1);
  EXPECT_EQ(request.statistics_from, "roi=0,0,8,8");
}

TEST(Classifier, OfClassesStoresTheirNumbers) {
  Classifier c = Sample();
  c.output_type = "classification", c.threshold = -1;
  PredictRequest request;
  ASSERT_TRUE(Apply(c, request).ok());
  ASSERT_EQ(request.values.size(), 1U);
  EXPECT_EQ(request.values[0].output, "probability");
  EXPECT_EQ(request.values[0].values, outputs::Values::kArgmax);
  EXPECT_TRUE(request.objects.thresholds.empty() && !request.classes.overlapping);
}

TEST(Classifier, IsRefusedByAVersionThatAnswersOtherwise) {
  Classifier c = Sample();
  c.answers = kAnswers + 1;
  PredictRequest request;
  const Status applied = Apply(c, request);
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(ToString(applied.error()), HasSubstr("was made with Tegula 1.2.3"));
}

// The record of a run that this classifier would repeat.
outputs::RunRecord RunOf(const Classifier& c) {
  outputs::RunRecord record;
  record.model.description_sha256 = c.network.description_sha256;
  record.model.weights_format = c.network.weights_format;
  record.model.weights_sha256 = c.network.weights_sha256;
  record.engine = {c.network.engine, c.network.engine_version, c.network.precision, c.network.threads, ""};
  PredictRequest request;
  EXPECT_TRUE(Apply(c, request).ok());
  record.given = RecordOf(GivenBy(request));
  return record;
}

TEST(Classifier, KnowsTheRunsThatItWouldRepeat) {
  Classifier c = Sample();
  const outputs::RunRecord record = RunOf(c);
  EXPECT_TRUE(CheckMadeAs(c, record).ok());
  c.pixel_size_um = 0.25;
  EXPECT_THAT(ToString(CheckMadeAs(c, record).error()), HasSubstr("the pixel size is 0.5 here and was 0.25"));
  c = Sample();
  c.network.weights_sha256 = "w2";
  EXPECT_THAT(ToString(CheckMadeAs(c, record).error()), HasSubstr("the sha256 of the weights is w1 here and was w2"));
  c = Sample();
  c.z = "";
  EXPECT_TRUE(CheckMadeAs(c, record).ok()) << "the plane is left to the image";
}

TEST(Classifier, SaysWhatDiffers) {
  const Classifier c = Sample();
  EXPECT_THAT(DifferencesTo(c.network, c.network), IsEmpty());
  NetworkIdentity here = c.network;
  here.weights_sha256 = "w2";
  here.engine_version = "2027.1";
  EXPECT_THAT(DifferencesTo(c.network, here), ElementsAre("the sha256 of the weights is w2 here and was w1",
                                                          "the engine's version is 2027.1 here and was 2026.4"));
}

TEST(Classifier, RefusesNumbersAndWordsThatCannotBe) {
  const auto refusal = [](auto change) {
    Classifier c = Sample();
    change(c);
    const Result<Classifier> read = ClassifierFromJson(ToJson(c));
    return read.ok() ? std::string() : ToString(read.error());
  };
  EXPECT_THAT(refusal([](Classifier& c) { c.pixel_size_um = -1; }), HasSubstr("no size of a pixel"));
  EXPECT_THAT(refusal([](Classifier& c) { c.axes[0].tile = 1LL << 40; }), HasSubstr("pixels along y"));
  EXPECT_THAT(refusal([](Classifier& c) { c.classes[0].red = 256; }), HasSubstr("colour"));
  EXPECT_THAT(refusal([](Classifier& c) { c.output_type = "guess"; }), HasSubstr("neither probability"));
  EXPECT_THAT(refusal([](Classifier& c) { c.border = "wide"; }), HasSubstr("border 'wide'"));
  EXPECT_THAT(refusal([](Classifier& c) { c.axes[0].axis = "w"; }), HasSubstr("no axis 'w'"));
  EXPECT_THAT(refusal([](Classifier& c) { c.network.precision = "f99"; }), HasSubstr("no precision"));
  EXPECT_THAT(refusal([](Classifier& c) { c.network.weights_format = "pickle"; }), HasSubstr("no weights format"));
  EXPECT_THAT(refusal([](Classifier& c) { c.statistics_from = "/etc/passwd"; }), HasSubstr("statistics"));
  EXPECT_THAT(refusal([](Classifier& c) { c.classes[1].name = ""; }), HasSubstr("has no name"));
  EXPECT_THAT(refusal([](Classifier& c) { c.classes[1].name = "a\nb"; }), HasSubstr("control characters"));
  EXPECT_THAT(refusal([](Classifier& c) { c.name = "\x1b[2J"; }), HasSubstr("control characters"));
  EXPECT_THAT(refusal([](Classifier& c) { c.threshold = std::numeric_limits<double>::quiet_NaN(); }),
              HasSubstr("no threshold"));
  EXPECT_THAT(refusal([](Classifier& c) { c.network.threads = 1 << 20; }), HasSubstr("threads"));
  EXPECT_FALSE(ClassifierFromJson("{}").ok());
}

std::vector<outputs::StoreChannel> TwoChannels() {
  return {{.name = "1", .colour = {1, 1, 1}}, {.name = "other", .colour = {2, 2, 2}}};
}

TEST(ClassReading, TakesNamesAndColours) {
  const auto reading = ReadClassesOf(TwoChannels(), {.names = "0=Stroma*#0A0b0c, other=C# cell"});
  ASSERT_TRUE(reading.ok()) << ToString(reading.error());
  EXPECT_EQ(reading->classes[0].name, "Stroma*");
  EXPECT_TRUE(reading->classes[0].is_ignored);
  EXPECT_EQ(reading->classes[0].colour, (outputs::Rgb{10, 11, 12}));
  EXPECT_EQ(reading->classes[1].name, "C# cell") << "what is no colour belongs to the name";
  EXPECT_EQ(reading->classes[1].colour, (outputs::Rgb{2, 2, 2}));
}

TEST(ClassReading, OfEveryChannelGoesByTheirOrder) {
  const auto reading = ReadClassesOf(TwoChannels(), {.each = {{"a", {}}, {"b,c=d", {}}}});
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->classes[0].name, "a") << "though a channel is called 1";
  EXPECT_EQ(reading->classes[1].name, "b,c=d");
  EXPECT_FALSE(ReadClassesOf(TwoChannels(), {.each = {{"a", {}}}}).ok());
}

TEST(ClassReading, OfNumbersHasNoThreshold) {
  EXPECT_TRUE(ReadNumbersOf({{"a", {}}, {"b", {}}}, {})->is_partition);
  EXPECT_FALSE(ReadNumbersOf({{"a", {}}, {"b", {}}}, {.threshold = 0.5}).ok());
}

Classifier Named(const char* name) {
  Classifier c = Sample();
  c.name = name;
  return c;
}

TEST(ClassifierFolder, KeepsListsAndRemoves) {
  const auto folder = TemporaryFolder::Create("classifiers");
  ASSERT_TRUE(folder.ok());
  const ClassifierFolder kept(folder->path() / "new");
  EXPECT_THAT(*kept.Names(), IsEmpty());
  EXPECT_FALSE(kept.Save(Named("H&E"), false).ok()) << "a name with & would not be a file everywhere";
  ASSERT_TRUE(kept.Save(Named("nuclei 0.5"), false).ok());
  ASSERT_TRUE(kept.Save(Named("a"), false).ok());
  EXPECT_THAT(*kept.Names(), ElementsAre("a", "nuclei 0.5"));
  EXPECT_FALSE(kept.Save(Named("a"), false).ok());
  EXPECT_TRUE(kept.Save(Named("a"), true).ok());
  EXPECT_EQ(ToJson(*kept.Load("nuclei 0.5")), ToJson(Named("nuclei 0.5")));
  EXPECT_EQ(ToJson(*kept.Load((folder->path() / "new" / "a.json").string())), ToJson(Named("a")));
  EXPECT_THAT(ToString(kept.Load("b").error()), HasSubstr("there are a, nuclei 0.5"));
  ASSERT_TRUE(WriteFileWhole(folder->path() / "new" / "a.json", "{").ok());
  EXPECT_EQ(kept.Load("a").error().code, Code::kCorrupt);
  EXPECT_TRUE(kept.Remove("a").ok()) << "what is broken can be removed as well";
  EXPECT_EQ(kept.Remove("a").error().code, Code::kNotFound);
}

TEST(ClassifierFolder, NamesLeadNowhereElse) {
  const ClassifierFolder folder("anywhere");
  for (const char* name : {"", "../a", "a/b", ".hidden", "-x", "a\nb", "ü"})
    EXPECT_EQ(folder.Load(name).error().code, Code::kInvalid) << name;
}

}  // namespace
}  // namespace tegula::app
