#include "tegula/zoo/address.h"

#include <gtest/gtest.h>

namespace tegula::zoo {
namespace {

using Kind = Address::Kind;

TEST(ParseAddress, KnowsTheFormsThatPeopleUse) {
  const struct {
    const char* text;
    Address address;
  } rows[] = {
      {"affable-shark", {Kind::kCollection, "affable-shark", ""}},
      {" affable-shark\n", {Kind::kCollection, "affable-shark", ""}},
      {"affable-shark/1.2", {Kind::kCollection, "affable-shark", "1.2"}},
      {"affable-shark/v0", {Kind::kCollection, "affable-shark", "v0"}},
      {"affable-shark__v1", {Kind::kCollection, "affable-shark", "v1"}},
      {"bioimage-io/affable-shark", {Kind::kCollection, "affable-shark", ""}},
      {"bioimage-io/affable-shark/v0", {Kind::kCollection, "affable-shark", "v0"}},
      {"laid-back-t-rex", {Kind::kCollection, "laid-back-t-rex", ""}},
      {"https://bioimage.io/#/artifacts/affable-shark", {Kind::kCollection, "affable-shark", ""}},
      {"https://bioimage.io/#/?id=bioimage-io/affable-shark", {Kind::kCollection, "affable-shark", ""}},
      {"huggingface/fynnbe/ambitious-sloth", {Kind::kHuggingFace, "fynnbe/ambitious-sloth", ""}},
      {"huggingface/fynnbe/ambitious-sloth/1.3", {Kind::kHuggingFace, "fynnbe/ambitious-sloth", "1.3"}},
      {"10.5281/zenodo.5764892", {Kind::kDoi, "10.5281/zenodo.5764892", ""}},
      {"doi:10.5281/zenodo.5764892", {Kind::kDoi, "10.5281/zenodo.5764892", ""}},
      {"https://doi.org/10.5281/zenodo.5764892", {Kind::kDoi, "10.5281/zenodo.5764892", ""}},
      {"https://zenodo.org/records/5764892", {Kind::kDoi, "10.5281/zenodo.5764892", ""}},
      {"https://example.org/a/rdf.yaml?x=1", {Kind::kUrl, "https://example.org/a/rdf.yaml?x=1", ""}},
      {"http://localhost:80/model.zip", {Kind::kUrl, "http://localhost:80/model.zip", ""}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseAddress(row.text), row.address) << row.text;
}

TEST(ParseAddress, TakesNoPathForAnId) {
  for (const char* text : {"",
                           "model.zip",
                           "models/affable-shark",
                           "./affable-shark",
                           "affable-shark/",
                           "affable-shark/weights",
                           "affable-shark/1/2",
                           "Affable-Shark",
                           "affable--shark",
                           "-shark",
                           "shark",
                           "/tmp/affable-shark",
                           "../a-b",
                           "huggingface/only",
                           "huggingface/a/b/c/d",
                           "huggingface/../b",
                           "ftp://example.org/a.zip",
                           "https://",
                           "https://a b/",
                           "affable-shark/v",
                           "affable-shark/1..%2f",
                           "c:\\affable-shark",
                           "synthetic:nuclei"})
    EXPECT_EQ(ParseAddress(text), std::nullopt) << text;
  EXPECT_EQ(ParseAddress("https://example.org/" + std::string(3000, 'a')), std::nullopt);
  EXPECT_EQ(ParseAddress("https://example.org/a\"b/rdf.yaml"), std::nullopt);
}

TEST(ParseAddress, ReadsWhatToStringWrites) {
  for (const char* text : {"affable-shark/v0", "huggingface/a/b/1", "10.5281/zenodo.1", "https://example.org/rdf.yaml"})
    EXPECT_EQ(ToString(*ParseAddress(text)), text);
}

TEST(RemoteOf, FilesLieBesideTheDescription) {
  const Places places;
  const auto remote = [&](const char* text) { return RemoteOf(places, *ParseAddress(text)).value(); };
  EXPECT_EQ(remote("https://example.org/a/rdf.yaml?t=1").FileUrl("weights/my file.onnx"),
            "https://example.org/a/weights/my%20file.onnx?t=1");
  EXPECT_EQ(remote("https://example.org").FileUrl("x"), "https://example.org/x");
  EXPECT_EQ(remote("https://zenodo.org/api/records/7/files/rdf.yaml/content").FileUrl("w.pt"),
            "https://zenodo.org/api/records/7/files/w.pt/content");
  EXPECT_EQ(remote("10.5281/zenodo.7").description, "https://zenodo.org/api/records/7/files/rdf.yaml/content");
  EXPECT_EQ(remote("huggingface/a/b/1.3").description,
            "https://huggingface.co/a/b/resolve/v1.3/package/bioimageio.yaml");
  EXPECT_EQ(remote("huggingface/a/b").FileUrl("w.onnx"), "https://huggingface.co/a/b/resolve/main/package/w.onnx");
  EXPECT_EQ(RemoteOf(places, *ParseAddress("10.1038/s41592")).error().code, Code::kUnsupported);
}

TEST(CollectionRemote, NamesTheVersion) {
  const Remote remote = CollectionRemote({}, "affable-shark", "v0");
  EXPECT_EQ(remote.description,
            "https://hypha.aicell.io/bioimage-io/artifacts/affable-shark/files/rdf.yaml?version=v0");
  EXPECT_EQ(remote.FileUrl("weights.onnx"),
            "https://hypha.aicell.io/bioimage-io/artifacts/affable-shark/files/weights.onnx?version=v0");
}

TEST(PlacesBelow, IsOneAddressForAll) {
  const Places places = PlacesBelow("http://mirror.example.org/zoo/").value();
  EXPECT_EQ(IndexUrl(places), "http://mirror.example.org/zoo/collection/index.json");
  EXPECT_EQ(ReportUrl(places, "affable-shark", "v0"),
            "http://mirror.example.org/zoo/collection/reports/bioimage-io/affable-shark/v0/summary.json");
  EXPECT_EQ(FileListUrl(places, "affable-shark", "v0"),
            "http://mirror.example.org/zoo/artifacts/affable-shark/files/?version=v0");
  EXPECT_EQ(PlacesBelow("mirror").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace tegula::zoo
