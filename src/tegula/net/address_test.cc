#include "tegula/net/address.h"

#include <gtest/gtest.h>

namespace tegula::net {
namespace {

TEST(Addresses, BeginWithHttp) {
  EXPECT_TRUE(IsAddress("http://host") && IsAddress("HTTPS://host/a"));
  EXPECT_FALSE(IsAddress("s3://host") || IsAddress("httpx://") || IsAddress("http:/a") || IsAddress("/a/http://"));
}

TEST(Addresses, AreShownWithoutWhatGivesAccess) {
  const std::pair<const char*, const char*> kMasked[] = {
      {"https://host/a.zarr/0", "https://host/a.zarr/0"},
      {"https://me:secret@host:8080/a.zarr/", "https://***@host:8080/a.zarr/"},
      {"https://me:p'a@ss@host/a@b", "https://***@host/a@b"},
      {"HTTP://host?sig=secret", "HTTP://host?***"},
      {"https://host/a/?x=http://u:v@w", "https://host/a/?***"},
      {"https://host/a#secret", "https://host/a#***"},
      {"mask=https://u:v@host/a?b=c,level=1", "mask=https://***@host/a?***"},
      {"from https://u@a/b to http://c/d?e f", "from https://***@a/b to http://c/d?*** f"},
      {"no address: a@b?c", "no address: a@b?c"},
      {"http://", "http://"},
      {"", ""},
  };
  for (const auto& [text, masked] : kMasked) EXPECT_EQ(Masked(text), masked);
}

TEST(Addresses, AreNamedByTheLastPartOfTheirPath) {
  EXPECT_EQ(NameOf("https://host/a/image.zarr"), "image.zarr");
  EXPECT_EQ(NameOf("https://host/a/image.zarr//?x=/y"), "image.zarr");
  EXPECT_EQ(NameOf("https://u:v@host/"), "host");
}

TEST(FolderAddresses, KeepTheirQueryForEveryFile) {
  const FolderAddress folder = FolderAddress::Parse("https://u:v@host/a.zarr/?sig=a/b#part").value();
  EXPECT_EQ(folder.UrlOf("0/c/1 2?#%"), "https://u:v@host/a.zarr/0/c/1%202%3F%23%25?sig=a/b");
  EXPECT_EQ(folder.shown(), "https://***@host/a.zarr");
  EXPECT_EQ(folder.Shown("zarr.json"), "https://***@host/a.zarr/zarr.json");
  EXPECT_EQ(FolderAddress::Parse("http://host")->UrlOf("a"), "http://host/a");
}

TEST(FolderAddresses, AreRefusedWhereTheyAreNone) {
  for (const std::string text : {"ftp://host/a", "http://", "http:///a", "https://host/a b", "https://host/\xC3\xBC",
                                 "https://host/\"", "https://u@/a", "a"})
    EXPECT_EQ(FolderAddress::Parse(text).error().code, Code::kInvalid) << text;
  EXPECT_EQ(FolderAddress::Parse("http://host/" + std::string(5000, 'a')).error().code, Code::kInvalid);
  const Error error = FolderAddress::Parse("https://me:secret@ho st/").error();
  EXPECT_EQ(error.what.find("secret"), std::string::npos) << error.what;
}

}  // namespace
}  // namespace tegula::net
