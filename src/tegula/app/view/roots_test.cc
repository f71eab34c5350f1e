#include "tegula/app/view/roots.h"

#include <gtest/gtest.h>

namespace tegula::app {
namespace {

namespace fs = std::filesystem;

class ViewRootsTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "shown" / "inner");
    fs::create_directories(folder_.path() / "shown-too");
    ASSERT_TRUE(WriteFileWhole(folder_.path() / "secret.png", "secret").ok());
    ASSERT_TRUE(WriteFileWhole(folder_.path() / "shown" / "inner" / "a.txt", "text").ok());
    fs::create_symlink(folder_.path() / "secret.png", folder_.path() / "shown" / "leads-out.png");
    fs::create_directory_symlink(folder_.path(), folder_.path() / "shown" / "up");
    fs::create_directory_symlink("inner", folder_.path() / "shown" / "within");
  }
  ViewRoots Roots() const { return *ViewRoots::Open({folder_.path() / "shown"}, {"synthetic:noise"}); }

  TemporaryFolder folder_ = *TemporaryFolder::Create("roots");
};

TEST_F(ViewRootsTest, ResolvesWhatLiesBelowARoot) {
  const ViewRoots roots = Roots();
  const Path real = fs::canonical(folder_.path() / "shown");
  EXPECT_EQ(*roots.Resolve("shown"), real.string());
  EXPECT_EQ(*roots.Resolve("shown/inner/a.txt"), (real / "inner" / "a.txt").string());
  EXPECT_EQ(*roots.Resolve("shown/within/a.txt"), (real / "inner" / "a.txt").string());
  EXPECT_EQ(roots.NameOf(real / "inner" / "a.txt"), "shown/inner/a.txt");
}

TEST_F(ViewRootsTest, KnowsNothingOutsideARoot) {
  const ViewRoots roots = Roots();
  for (const std::string& name :
       {std::string("shown/../secret.png"), std::string("shown/inner/../../secret.png"), std::string("../secret.png"),
        std::string("/etc/passwd"), std::string("shown//etc/passwd"), std::string("shown-too"),
        std::string("shown/leads-out.png"), std::string("shown/up/secret.png"), std::string("shown/up"),
        std::string("shown/nothing"), std::string("shown/inner/a.txt\0.png", 22), std::string("synthetic:nuclei"),
        std::string("http://127.0.0.1/a.zarr"), std::string(), (folder_.path() / "secret.png").string()}) {
    const Result<std::string> resolved = roots.Resolve(name);
    EXPECT_FALSE(resolved.ok()) << name << " is " << (resolved.ok() ? *resolved : "");
    if (resolved.ok()) continue;
    EXPECT_EQ(resolved.error().code, Code::kNotFound);
  }
  EXPECT_EQ(roots.NameOf(folder_.path() / "secret.png"), "");
}

TEST_F(ViewRootsTest, TakesNamesThatWereGivenAsTheyStand) {
  EXPECT_EQ(*Roots().Resolve("synthetic:noise"), "synthetic:noise");
}

TEST_F(ViewRootsTest, ListsFoldersFirstAndNoLinksThatLeadOut) {
  const Result<FolderListing> listing = Roots().List("shown");
  ASSERT_TRUE(listing.ok());
  std::vector<std::string> names;
  for (const FolderEntry& entry : listing->entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"inner", "within"}));
  EXPECT_EQ(Roots().List("shown/inner")->entries.front().kind, EntryKind::kOther);
  EXPECT_FALSE(Roots().List("shown/up").ok());
  EXPECT_EQ(Roots().List("shown/inner/a.txt").error().code, Code::kInvalid);
}

TEST_F(ViewRootsTest, NumbersRootsOfTheSameName) {
  fs::create_directories(folder_.path() / "other" / "shown");
  const ViewRoots roots = *ViewRoots::Open({folder_.path() / "shown", folder_.path() / "other" / "shown"}, {});
  EXPECT_EQ(roots.names(), (std::vector<std::string>{"shown", "shown-2"}));
  EXPECT_EQ(*roots.Resolve("shown-2"), fs::canonical(folder_.path() / "other" / "shown").string());
}

}  // namespace
}  // namespace tegula::app
