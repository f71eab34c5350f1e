#include "tegula/zarr/multiscale.h"

#include <gtest/gtest.h>

#include "tegula/zarr/json.h"

namespace tegula::zarr {
namespace {

Json Multiscale() {
  return Json::parse(R"({"version": "0.4",
    "axes": [{"name": "c", "type": "channel"}, {"name": "y", "type": "space", "unit": "micrometer"}, {"name": "x"}],
    "datasets": [{"path": "a/0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 0.5]},
                                                               {"type": "translation", "translation": [0, 3, 0]}]}],
    "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 2]}]})");
}

Result<ImageMetadata> Parsed(const Json& multiscale) {
  return ParseImageV2(Json{{"multiscales", {multiscale}}}.dump(), "i.zarr");
}

TEST(ParseImage, AppliesTransformationsInTheirOrder) {
  const ImageMetadata image = Parsed(Multiscale()).value();
  EXPECT_EQ(image.levels[0].path, "a/0");
  EXPECT_EQ(image.levels[0].scale, (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(image.levels[0].translation, (std::vector<double>{0, 6, 0}));
  EXPECT_EQ(image.AxisOf('y'), 1);
  EXPECT_EQ(image.AxisOf('z'), -1);
  EXPECT_EQ(image.axes[1].unit, "micrometer");
}

TEST(ParseImage, PathsStayInTheImage) {
  for (const char* path : {"..", "../x", "a/../../b", "/etc", "", "a//b", "a/", ".", "a\\b", "C:/x", "a\nb"}) {
    Json multiscale = Multiscale();
    multiscale["datasets"][0]["path"] = path;
    const Result<ImageMetadata> image = Parsed(multiscale);
    ASSERT_FALSE(image.ok()) << path;
    EXPECT_EQ(image.error().code, Code::kCorrupt);
  }
}

TEST(ParseImage, RefusesWhatContradictsItself) {
  const auto code = [](const char* pointer, const char* value) {
    Json multiscale = Multiscale();
    multiscale[Json::json_pointer(pointer)] = Json::parse(value);
    const Result<ImageMetadata> image = Parsed(multiscale);
    return image.ok() ? Code::kInternal : image.error().code;
  };
  EXPECT_EQ(code("/axes", "[]"), Code::kCorrupt);
  EXPECT_EQ(code("/axes/1/name", "\"x\""), Code::kCorrupt);
  EXPECT_EQ(code("/axes/0/name", "\"w\""), Code::kUnsupported);
  EXPECT_EQ(code("/axes/0/type", "\"space\""), Code::kUnsupported);
  EXPECT_EQ(code("/datasets", "[]"), Code::kCorrupt);
  EXPECT_EQ(code("/datasets/0/coordinateTransformations", "null"), Code::kCorrupt);
  EXPECT_EQ(code("/datasets/0/coordinateTransformations/0/scale", "[1, 1]"), Code::kCorrupt);
  EXPECT_EQ(code("/datasets/0/coordinateTransformations/0/scale", "[1, 0, 1]"), Code::kCorrupt);
  EXPECT_EQ(code("/datasets/0/coordinateTransformations/0/scale", "[1, 1e-300, 1e308]"), Code::kCorrupt);
  EXPECT_EQ(code("/datasets/0/coordinateTransformations/0/type", "\"affine\""), Code::kUnsupported);
  EXPECT_EQ(code("/version", "\"0.3\""), Code::kUnsupported);
}

TEST(ParseImage, GroupsOfImagesAreAnsweredWithTheirImages) {
  const auto refusal = [](const char* ome) { return ParseImageV2(ome, "i.zarr").error().what; };
  EXPECT_NE(refusal(R"({"labels": ["cells"]})").find("i.zarr/cells"), std::string::npos);
  EXPECT_NE(refusal(R"({"plate": {"wells": [{"path": "A/1"}]}})").find("i.zarr/A/1"), std::string::npos);
  EXPECT_NE(refusal(R"({"well": {"images": [{"path": "0"}]}})").find("i.zarr/0"), std::string::npos);
  EXPECT_NE(refusal(R"({"bioformats2raw.layout": 3})").find("i.zarr/0"), std::string::npos);
  EXPECT_NE(refusal("{}").find("multiscales"), std::string::npos);
}

TEST(ByteStore, LinksOutOfTheFolderAreRefused) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-test").value();
  ASSERT_TRUE(MakeFolders(folder.path() / "store").ok());
  ASSERT_TRUE(WriteFileWhole(folder.path() / "secret", "secret").ok());
  ASSERT_TRUE(WriteFileWhole(folder.path() / "store/inside", "12345").ok());
  std::filesystem::create_symlink("../secret", folder.path() / "store/out");
  std::filesystem::create_symlink("inside", folder.path() / "store/in");
  const std::unique_ptr<ByteStore> store = OpenFolder(folder.path() / "store").value();
  EXPECT_EQ(store->Get("out", 100).error().code, Code::kCorrupt);
  EXPECT_EQ(store->Get("../secret", 100).error().code, Code::kCorrupt);
  EXPECT_EQ(store->Get("in", 100).value(), "12345");
  EXPECT_EQ(store->Get("inside", 4).error().code, Code::kExhausted);
  EXPECT_FALSE(store->Get("none/at/all", 100).value());
  EXPECT_FALSE(store->Get("inside/deeper", 100).value());
  std::array<std::byte, 2> part{};
  EXPECT_TRUE(store->GetRange("inside", -2, part).value());
  EXPECT_EQ(part, (std::array{std::byte{'4'}, std::byte{'5'}}));
  EXPECT_FALSE(store->GetRange("none", 0, part).value());
  EXPECT_EQ(store->GetRange("inside", 4, part).error().code, Code::kCorrupt);
  EXPECT_EQ(store->GetRange("inside", -6, part).error().code, Code::kCorrupt);
  EXPECT_EQ(store->GetRange("inside", INT64_MAX, part).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace tegula::zarr
