#include "tegula/spec/text_kinds.h"

#include <gtest/gtest.h>

#include "tegula/spec/licenses.h"

namespace tegula::spec {
namespace {

struct Case {
  bool (*is)(std::string_view);
  std::vector<std::string_view> yes, no;
};

TEST(TextKinds, AreToldApart) {
  const Case cases[] = {
      {&IsUrl,
       {"https://a.org", "http://a/b?c#d", " HTTPS://A.org/x y ", "https:a.org", "http://[::1]:80/"},
       {"", "a.org", "ftp://a.org", "https://", "https:///", "http://a b/", "http://a:99999"}},
      {&IsEmail, {"a@b.org", "a.b+c@d-e.co.uk"}, {"a", "a@b", "@b.org", "a..b@c.org", "a@b.test", "a@-b.org", "a@b.1"}},
      {&IsDoi, {"10.1234/a", "10.12345"}, {"", "10.123/a", "https://doi.org/10.1234/a", "10.1234"}},
      {&IsOrcid, {"0000-0002-1825-0097", "0000-0002-1694-233X"}, {"0000-0002-1825-0098", "0000000218250097", ""}},
      {&IsVersion,
       {"1", "1.2.3", "v1.0", "1!2.0", "1.0a1", "1.0-beta.2", "1.0.post1", "1.0-1", "1.0.dev3", "1.0rc1+cpu.2", " 1 "},
       {"", "a", "1.", "1.0+", "1.0 2", "1..2", "1.0+a_"}},
      {&IsTimestamp,
       {"2020", "2020-01", "20200131", "2020-01-31", "2020-02-29T12", "2020-01-31T12:30:00Z",
        "2020-01-31 12:30:00.5+01:00", "2020-W05-2", "20200131T123000"},
       {"", "2020-13", "2020-01-32", "2021-02-29", "2020-01-31T25:00", "2020-01-31T12:60", "yesterday"}},
      {&IsYamlTimestamp, {"2020-1-1 1:00:00", "2001-12-14t21:59:43.10-05:00"}, {"2020-01-01", "2020-01-01T10:00"}},
      {&IsYamlDate, {"2020-01-31"}, {"2020-1-31", "2020-01-31T00:00:00"}},
      {&IsSiUnit, {"m", "µm", "kg·m^2/s", "km/s", "mol", "cd", "m*s^-1"}, {"", "pixel", "m^0", "m/s^-1", "m·"}},
      {&IsIdentifier, {"a", "A_1", "_", "größe"}, {"", "1a", "a-b", "for", "a b"}},
      {&IsLowerIdentifier, {"a", "raw_1"}, {"A", "_", "_1", "for", ""}},
      {&IsResourceId, {"affable-shark", "a/1.2"}, {"", "/a", "a/", "A", "a b"}},
      {&IsPlainName, {"A model (2D) +x", ""}, {"a/b", "a:b", "é"}},
      {&IsDescriptionName, {"rdf.yaml", "x.model.yaml", "bioimageio.yaml"}, {"xrdf.yaml", "rdf.yml", "a.yaml"}},
  };
  int index = 0;
  for (const Case& kind : cases) {
    for (const std::string_view text : kind.yes) EXPECT_TRUE(kind.is(text)) << index << ": " << text;
    for (const std::string_view text : kind.no) EXPECT_FALSE(kind.is(text)) << index << ": " << text;
    ++index;
  }
}

TEST(TextKinds, FilesHaveNamesAndSuffixes) {
  EXPECT_EQ(FileNameOf("a/b.npy"), "b.npy");
  EXPECT_EQ(FileNameOf("https://a.org/x/b.npy?download=1"), "b.npy");
  EXPECT_EQ(FileNameOf("https://zenodo.org/api/records/12/files/w.pt/content"), "w.pt");
  EXPECT_EQ(SuffixOf("a.tar.gz"), ".gz");
  EXPECT_EQ(SuffixOf(".hidden"), "");
  EXPECT_EQ(CountCharacters("größe"), 5u);
}

TEST(KindOfLicense, KnowsTheIdentifiersOfSpdx) {
  EXPECT_EQ(KindOfLicense("CC-BY-4.0"), LicenseKind::kCurrent);
  EXPECT_EQ(KindOfLicense("0BSD"), LicenseKind::kCurrent);
  EXPECT_EQ(KindOfLicense("zlib-acknowledgement"), LicenseKind::kCurrent);
  EXPECT_EQ(KindOfLicense("GPL-2.0"), LicenseKind::kDeprecated);
  EXPECT_EQ(KindOfLicense("cc-by-4.0"), LicenseKind::kUnknown);
  EXPECT_EQ(KindOfLicense(""), LicenseKind::kUnknown);
}

}  // namespace
}  // namespace tegula::spec
